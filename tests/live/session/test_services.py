"""What runs beside the audio process: recorder, helpers, a busy interface; and what is checked before the start."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep import Separator
from rtsep.audio.files import AudioReader
from rtsep.backends.onnx_runtime import check_provider
from rtsep.errors import ConfigError, RtsepError
from rtsep.live.board import Board, Memory, new_memory
from rtsep.live.protocol import LiveSettings
from rtsep.live.session import helper
from rtsep.live.session.helper import Helper, HelperProcess
from rtsep.live.session.recorder import Recorder
from rtsep.live.session.session import Session
from tests.rigs.live import TIMEOUT_S
from tests.rigs.sessions import ArraySource, noise, settings


@pytest.fixture
def memory() -> Memory:
    return new_memory(multiprocessing.get_context("spawn"))


def put(memory: Memory, frames: int) -> np.ndarray:
    sound = np.concatenate([noise(frames)] * 2)
    assert memory.record.write(sound)
    return sound


def test_recording_goes_on_without_a_gap_after_another_audio_process(memory: Memory, tmp_path: Path) -> None:
    memory.board.latency = 100
    with Recorder(tmp_path, ("guitar",), 44100, 2, memory, pytest.fail) as recorder:
        first = put(memory, 1000)
        recorder.drain()
        memory.board.stream_start = memory.board.record_start = 1000
        recorder.begin_again()
        second = put(memory, 500)
        recorder.drain()
    expected = np.concatenate([first[:2, 100:], second[:2, 100:]], axis=1)
    np.testing.assert_array_equal(soundfile.read(recorder.paths["mixture"], dtype="float32")[0].T, expected)
    assert soundfile.info(recorder.paths["guitar"]).subtype == "PCM_24"


def test_a_disk_that_takes_no_more_ends_the_recording_and_not_the_music(tiny_model: Path, tmp_path: Path) -> None:
    notices: list[str] = []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    session = Session(settings(tiny_model), ArraySource(noise(44100)), tmp_path, on_notice=notices.append)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
        result = session.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert result is not None
    assert result.failure is None
    assert result.summary.seconds >= 1.0
    assert result.summary.lost_frames == 0
    assert notices[0] == f"recording to {tmp_path}"
    assert len(notices) == 2
    assert notices[1].startswith("cannot write ")
    assert notices[1].endswith("the recording ends here, the music goes on")
    with AudioReader(result.recorded["mixture"]) as reader:  # what was recorded until then can be heard
        assert reader.read(8192).shape == (2, 8192)


def test_takes_are_numbered_and_can_be_read_while_they_are_written(memory: Memory, tmp_path: Path) -> None:
    notices: list[str] = []
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "mixture.flac").write_bytes(b"the first take")
    with Recorder(tmp_path / "take", ("guitar",), 44100, 2, memory, notices.append, {"comment": "model x"}) as recorder:
        sound = put(memory, 30_000)
        assert memory.record.write(3.0 * sound)
        recorder.drain()
        with AudioReader(recorder.paths["mixture"]) as reader:  # what a killed process leaves
            assert reader.read(40_000).shape[1] > 40_000 - 8192
    assert recorder.paths["guitar"] == tmp_path / "take-2" / "guitar.flac"
    assert (tmp_path / "take" / "mixture.flac").read_bytes() == b"the first take"
    with soundfile.SoundFile(recorder.paths["guitar"]) as file:
        assert (file.comment, file.title) == ("model x", "guitar")
    assert len(notices) == 1
    assert notices[0].startswith("the recording was limited to full scale")


@pytest.mark.parametrize("there", [True, False])
def test_a_recording_without_sound_is_not_kept(memory: Memory, tmp_path: Path, there: bool) -> None:
    notices: list[str] = []
    folder = tmp_path / "take"
    if there:
        folder.mkdir()
    with Recorder(folder, ("guitar",), 44100, 2, memory, notices.append) as recorder:
        recorder.drain()
        assert recorder.paths["guitar"].exists()
    assert notices == [f"nothing was recorded: no sound came before the end, and {folder} has no files"]
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])
    assert not recorder.paths


def test_too_many_channels_to_record(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at most 8 channels a track, the input has 9"):
        Recorder(tmp_path, ("guitar",), 44100, 9, memory, pytest.fail)


def bypass(board: Board, stems: tuple[str, ...], pipe: Connection) -> None:
    """Write a control, and work until told to end."""
    board.bypass = 1
    board.levels[stems.index("guitar")] = 0.5
    pipe.send(f"hello, {stems}")
    pipe.poll(None)


def fail(board: Board, stems: tuple[str, ...], pipe: Connection) -> None:
    raise RtsepError("no strings on this guitar")


def leave(board: Board, stems: tuple[str, ...], pipe: Connection) -> None:
    """Do nothing, as a helper that has nothing to do."""


def test_a_helper_process_writes_controls_and_is_heard(tiny_model: Path) -> None:
    notices: list[str] = []
    session = Session(settings(tiny_model, record=False), ArraySource(noise(60 * 44100)),
                      helpers=[Helper("test", bypass), Helper("idle", leave)], on_notice=notices.append)

    def on_tick(board: Board, _: int) -> None:
        if board.bypass and notices:
            assert board.levels[0] == 0.5
            session.stop()

    assert session.run(on_tick) is not None
    assert notices == ["hello, ('guitar', 'rest')"]
    assert [child.name for child in multiprocessing.active_children()] == []


def test_a_helper_process_that_keeps_dying_is_given_up_and_the_music_plays(tiny_model: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "_MOST_STARTS", 2)
    notices: list[str] = []
    session = Session(settings(tiny_model, record=False), ArraySource(noise(60 * 44100)),
                      helpers=[Helper("test", fail)], on_notice=notices.append)

    def on_tick(board: Board, _: int) -> None:
        if any("without it" in notice for notice in notices):
            session.stop()

    result = session.run(on_tick)
    assert result is not None
    assert result.failure is None
    assert notices[0] == "no strings on this guitar"
    assert re.fullmatch(r"the test process ended \(exit code -?\d+\); it is started again", notices[1])
    assert sum("without it" in notice for notice in notices) == 1


def beat(board: Board, stems: tuple[str, ...], pipe: Connection) -> None:
    while not pipe.poll(0.01):
        board.heartbeat += 1


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="the system does not tell that a child was stopped")
def test_a_helper_process_that_was_stopped_goes_on(memory: Memory) -> None:
    process = HelperProcess(Helper("beat", beat), memory.board, (), print)
    (child,) = multiprocessing.active_children()
    until = time.monotonic() + TIMEOUT_S

    def beats() -> None:
        before = memory.board.heartbeat
        while memory.board.heartbeat == before:
            assert time.monotonic() < until
            process.look_after()

    try:
        beats()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        beats()
    finally:
        process.stop()


def test_a_busy_interface_does_not_touch_the_audio_process(tiny_model: Path, tmp_path: Path) -> None:
    """An interface that comes to no end, and keeps its interpreter meanwhile, until enough was played without it."""
    ends: list[int] = []

    def on_tick(board: Board, _: int) -> None:
        if not ends and board.frames:
            ends.append(board.frames + 10_000)
            until = time.monotonic() + TIMEOUT_S
            while board.frames < ends[0]:
                assert time.monotonic() < until, "what is played waits for the interface"

    sound = noise(44100)
    result = Session(settings(tiny_model), ArraySource(sound), tmp_path).run(on_tick)
    assert result is not None
    assert ends
    summary = result.summary
    assert (summary.starved_blocks, summary.lost_frames, summary.fallback_frames, summary.restarts) == (0, 0, 0, 0)
    np.testing.assert_array_equal(soundfile.read(result.recorded["mixture"], dtype="float32")[0].T, sound)


def test_measures_are_told(tiny_model: Path) -> None:
    result = Session(settings(tiny_model, record=False), ArraySource(noise(4410))).run()
    assert result is not None
    names = {measure.name for measure in result.measures}
    assert {"real-time priority", "locked memory", "denormals off while the model runs", "garbage collector frozen",
            "model warm before the stream opens", f"model on 1 thread, {Separator(tiny_model).executor}",
            "processor kept from deep sleep"} <= names


def test_a_missing_graphics_processor_is_a_sentence_and_the_processor_plays(tiny_model: Path) -> None:
    notices: list[str] = []
    result = Session(settings(tiny_model, record=False, provider="cuda"), ArraySource(noise(4410)),
                     on_notice=notices.append).run()
    assert result is not None
    assert result.failure is None
    assert len(notices) == 1
    assert notices[0].startswith("no cuda here: this ONNX Runtime has")
    assert notices[0].endswith("The processor does the work instead.")


def test_unknown_engines_and_providers() -> None:
    with pytest.raises(ConfigError, match="engine is 'steam': give callback or worker"):
        LiveSettings(engine="steam")
    with pytest.raises(RtsepError, match="provider is 'steam': give one of cpu, onnxruntime, cuda"):
        check_provider("steam")
