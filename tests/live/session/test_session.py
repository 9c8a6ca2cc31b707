"""The audio process by the clock: needs no sound server."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep import RtsepError, Separator
from rtsep.audio.devices import Defaults
from rtsep.cli.live import _settings
from rtsep.cli.main import build_parser
from rtsep.errors import ConfigError, DeviceError, ModelError
from rtsep.live.board import Memory, new_memory
from rtsep.live.protocol import Ended, LiveSettings, Loaded, Notice, Prepared, Started
from rtsep.live.session import supervisor
from rtsep.live.session.helper import Helper, HelperProcess
from rtsep.live.session.session import Session
from rtsep.live.session.supervisor import AudioProcess
from tests.rigs.live import TIMEOUT_S, refused, rtsep_live

SAMPLERATE = 44100


class ArraySource:
    """A sound in memory, in blocks of odd sizes."""

    samplerate = None
    notes = ()

    def __init__(self, sound: np.ndarray) -> None:
        self.sound = sound
        self.channels = sound.shape[0]

    def blocks(self, samplerate: int, start: int = 0) -> Iterator[np.ndarray]:
        yield from np.array_split(self.sound[:, start:], 7, axis=1)

    def frames(self, samplerate: int) -> int | None:
        return None


def noise(frames: int, channels: int = 2) -> np.ndarray:
    """Make noise that 24 bits can hold."""
    sound = 0.2 * np.random.default_rng(9).standard_normal((channels, frames))
    return (np.round(sound * 2**23) / 2**23).astype(np.float32)


def settings(model: Path, **changes: object) -> LiveSettings:
    options = {"fed": True, "null_device": True, "channels": 2, "record": True} | changes
    return LiveSettings(model=str(model), **options)


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T


@pytest.mark.parametrize(("channels", "blocksize"), [(1, None), (2, 441), (3, 1024)])
def test_recording_is_aligned_with_the_source(tiny_model: Path, tmp_path: Path, channels: int,
                                              blocksize: int | None) -> None:
    sound = noise(30011, channels)
    result = Session(settings(tiny_model, channels=channels, blocksize=blocksize), ArraySource(sound), tmp_path).run()
    assert result is not None
    assert result.failure is None
    tracks = {name: read(path) for name, path in result.recorded.items()}
    np.testing.assert_array_equal(tracks["mixture"], sound)
    separator = Separator(tiny_model, channels, stems=("guitar", "rest"))
    wanted = separator.process(np.pad(sound, ((0, 0), (0, separator.latency))))[:, :, separator.latency:]
    for name, stem in zip(separator.stems, wanted, strict=True):
        np.testing.assert_allclose(tracks[name], stem, rtol=0, atol=1e-5)
    assert result.summary.lost_frames == result.summary.bad_blocks == result.summary.restarts == 0


def test_split_records_all_stems(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(10000)
    result = Session(settings(tiny_model, stems=None, silent=(), split=True), ArraySource(sound), tmp_path).run()
    assert result is not None
    stems = [read(result.recorded[name]) for name in ("drums", "guitar", "other")]
    np.testing.assert_allclose(np.sum(stems, axis=0), sound, rtol=0, atol=1e-5)


def test_seconds_end_a_source_to_the_frame(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(SAMPLERATE)
    result = Session(settings(tiny_model), ArraySource(sound), tmp_path, seconds=0.3).run()
    assert result is not None
    np.testing.assert_array_equal(read(result.recorded["mixture"]), sound[:, :13230])


def test_stop_ends_it_and_keeps_the_recording(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(60 * SAMPLERATE)
    session = Session(settings(tiny_model), ArraySource(sound), tmp_path)
    result = session.run(lambda board, _: session.stop() if board.frames > 10000 else None)
    assert result is not None
    assert result.failure is None
    recorded = read(result.recorded["mixture"])
    assert 9000 < recorded.shape[1] < sound.shape[1]
    np.testing.assert_array_equal(recorded, sound[:, :recorded.shape[1]])


def test_stop_before_the_start_is_nothing(tiny_model: Path) -> None:
    session = Session(settings(tiny_model), ArraySource(noise(1000)))
    session.stop()
    assert session.run() is None


@pytest.mark.parametrize(("changes", "error", "sentence"), [
    ({"model": "nix"}, ModelError, "no model 'nix'"),
    ({"stems": ("violin", "rest"), "silent": ()}, ConfigError, "no stem 'violin': this model has drums"),
    ({"controls": {"mask_gain": -1.0}}, ConfigError, "mask_gain is -1"),
    ({"null_device": False, "output": "no such device"}, DeviceError, "device"),
])
def test_refusals_come_as_they_were_raised(tiny_model: Path, changes: dict[str, object], error: type[RtsepError],
                                           sentence: str) -> None:
    model = Path(str(changes.pop("model", tiny_model)))
    with pytest.raises(error, match=sentence):
        Session(settings(model, **changes), ArraySource(noise(1000))).run()


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match="without output device only files and the demo are played"):
        LiveSettings(null_device=True)
    with pytest.raises(ConfigError, match="blocksize is 0"):
        LiveSettings(blocksize=0)


@contextmanager
def audio_process(model: Path, **changes: object) -> Iterator[tuple[AudioProcess, Memory]]:
    memory = new_memory(multiprocessing.get_context("spawn"))
    with AudioProcess(settings(model, **changes), memory) as process:
        yield process, memory


def expect(process: AudioProcess, kind: type) -> object:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        message = process.receive(0.05)
        if message is not None:
            assert isinstance(message, kind)
            return message
    return pytest.fail(f"no {kind.__name__}")


def started(process: AudioProcess, memory: Memory) -> None:
    """Wait until silence plays."""
    expect(process, Loaded)
    memory.playback.shape(2)
    memory.playback.write(np.zeros((2, 20000), np.float32))
    expect(process, Started)
    expect(process, Prepared)


def test_process_says_what_it_does(tiny_model: Path) -> None:
    with audio_process(tiny_model) as (process, memory):
        loaded = expect(process, Loaded)
        assert loaded == Loaded("tiny", SAMPLERATE, 2, ("guitar", "rest"), 512, 256, str(tiny_model))
        memory.playback.shape(2)
        memory.playback.write(noise(2000))
        memory.board.source_frames = 2000
        assert expect(process, Started) == Started("fed", "null device", 0, 0, Defaults())
        expect(process, Prepared)
        expect(process, Ended)
        assert memory.board.frames >= 2000 + memory.board.latency


def test_a_calibration_before_is_kept_for_blocks_that_come_back_shorter(tiny_model: Path) -> None:
    with audio_process(tiny_model, p99_ms=3.0, blocksize=64) as (process, memory):
        loaded = expect(process, Loaded)
        assert isinstance(loaded, Loaded)
        assert loaded.p99_ms == 3.0
        memory.playback.shape(2)
        memory.playback.write(np.zeros((2, 20000), np.float32))
        expect(process, Started)
        expect(process, Prepared)
        assert expect(process, Notice) == Notice(
            "tiny: p99 3.0 of 1.5 ms a hop in periods of 64 frames: too slow for such short blocks; take "
            "longer ones, or --engine worker")


def test_missing_input_is_waited_for_and_counted(tiny_model: Path) -> None:
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        while memory.board.starved_blocks == 0:
            assert process.receive(0.05) is None
        assert memory.board.frames == memory.playback.taken  # no frame was made up while the input was missing


def test_a_process_that_dies_is_a_sentence(tiny_model: Path) -> None:
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(RtsepError, match=r"the audio process died \(exit code -9\)"):
            expect(process, Ended)


def test_a_process_that_hangs_is_a_sentence_and_gone(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "HANG_S", 0.5)
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        pid = process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(DeviceError, match="the audio process hangs"):
            expect(process, Ended)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="no such scheduling here")
def test_a_process_that_the_machine_keeps_waiting_does_not_hang(tiny_model: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """All its threads get the processor when nobody else wants it, and somebody else always does."""
    monkeypatch.setattr(supervisor, "HANG_S", 0.5)
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        processor = min(os.sched_getaffinity(0))
        for thread in map(int, os.listdir(f"/proc/{process.pid}/task")):
            os.sched_setaffinity(thread, {processor})
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        code = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile os.getppid() == {os.getpid()}: pass"
        spinners = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
        try:
            end = time.monotonic() + 2.0
            while time.monotonic() < end:
                process.receive(0.03)
        finally:
            for spinner in spinners:
                spinner.kill()
                spinner.wait()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_a_process_that_has_ended_leaves_no_file_open(tiny_model: Path) -> None:
    memory = new_memory(multiprocessing.get_context("spawn"))
    resource_tracker.ensure_running()
    before = len(os.listdir("/proc/self/fd"))
    with AudioProcess(settings(tiny_model), memory) as audio:
        assert len(os.listdir("/proc/self/fd")) > before
    helper = HelperProcess(Helper("idle", print), memory.board, (), print)
    helper.start()
    helper.stop()
    assert len(os.listdir("/proc/self/fd")) == before
    del audio  # it was there until now, so that files were not closed just because it was gone


def test_stop_does_not_wait_for_a_process_that_hangs(tiny_model: Path) -> None:
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        pid = process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        process.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(SAMPLERATE).T, SAMPLERATE, subtype="FLOAT")
    return path


def test_command_plays_a_file_by_the_clock(tiny_model: Path, tmp_path: Path, song: Path) -> None:
    with rtsep_live("--input", song.name, "--output", "none", "--model", str(tiny_model), "--remove", "drums",
                    cwd=tmp_path) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    folder = tmp_path / "song-out"
    assert {path.name for path in folder.iterdir()} == {"mixture.flac", "drums.flac", "rest.flac", "spectrograms.png"}
    np.testing.assert_array_equal(read(folder / "mixture.flac"), read(song))
    np.testing.assert_allclose(read(folder / "drums.flac") + read(folder / "rest.flac"), read(song), rtol=0, atol=1e-5)
    assert re.search(r"^output behind input, blocks of 256 +256 +5\.8$", out, re.MULTILINE)
    assert re.search(r"^hops, blocks +17\d, 17\d *$", out, re.MULTILINE)


def test_command_plays_the_demo_and_measures_it(tiny_model: Path, tmp_path: Path) -> None:
    with rtsep_live("--input", "demo", "--output", "none", "--model", str(tiny_model), "--seconds", "2",
                    cwd=tmp_path) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    names = {path.name for path in (tmp_path / "demo-out").iterdir()}
    assert names == {"mixture.flac", "guitar.flac", "rest.flac", "spectrograms.png"}
    assert re.search(r"^guitar +-?\d+\.\d +-?\d+\.\d$", out, re.MULTILINE)
    assert re.search(r"^rest +-?\d+\.\d +-?\d+\.\d$", out, re.MULTILINE)


@pytest.mark.parametrize(("options", "code", "sentence"), [
    (["--input", "nix.wav"], 1, r"rtsep: no file nix\.wav.*\n"),
    (["--input", "song.wav", "--output", "none", "--stem", "violin"], 1,
     r"rtsep: no stem 'violin': this model has drums, guitar.*\n"),
    (["--input", "song.wav", "--output", "none", "--blocksize", "0"], 1, r"rtsep: blocksize is 0.*\n"),
    (["--stem", "guitar", "--split"], 2, r"(?s)usage:.*not allowed with argument.*"),
    (["--seconds", "nan"], 2, r"(?s)usage:.*give seconds above 0.*"),
    (["--seconds", "1m"], 2, r"(?s)usage:.*'1m' is no number: give seconds, such as 90\n"),
    (["--output", "none"], 1, r"rtsep: without output device only files and the demo are played.*\n"),
])
def test_command_refuses_in_one_sentence(tiny_model: Path, tmp_path: Path, song: Path, options: list[str], code: int,
                                         sentence: str, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    returned, err = refused(capsys, "--model", str(tiny_model), *options)
    assert returned == code
    assert re.fullmatch(sentence, err)


@pytest.mark.parametrize(("options", "stems", "silent"), [
    ([], ("guitar", "rest"), ("rest",)),
    (["--stem", "guitar", "drums"], ("guitar", "drums", "rest"), ("rest",)),
    (["--remove", "guitar", "drums"], ("guitar", "drums", "rest"), ("guitar", "drums")),
    (["--remove", "guitar", "--remove", "drums"], ("guitar", "drums", "rest"), ("guitar", "drums")),
    (["--remove", "drums", "drums"], ("drums", "rest"), ("drums",)),
    (["--split"], None, ()),
])
def test_several_stems_are_played_or_removed(options: list[str], stems: tuple[str, ...] | None,
                                             silent: tuple[str, ...]) -> None:
    found = _settings(build_parser().parse_args(["live", *options]), None)
    assert (found.stems, found.silent) == (stems, silent)


def test_command_that_is_killed_leaves_no_audio_process(tiny_model: Path, tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here, where the test finds the audio process")
    with rtsep_live("--input", "demo", "--output", "none", "--model", str(tiny_model), cwd=tmp_path) as rtsep:
        child = wait_for_audio_process(rtsep.process.pid)
        rtsep.process.kill()
        rtsep.finish()
    end = time.monotonic() + TIMEOUT_S
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end, "the audio process outlives its supervisor"
        time.sleep(0.05)


def wait_for_audio_process(parent: int) -> int:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        time.sleep(0.05)
    return pytest.fail("no audio process")


@pytest.mark.parametrize(("rate", "played"), [(48000, 48000), (40000, 40000), (22050, SAMPLERATE)])
def test_a_file_that_nobody_hears_runs_at_its_own_rate(tiny_model: Path, tmp_path: Path, rate: int, played: int
                                                       ) -> None:
    sound = noise(rate // 2)
    soundfile.write(tmp_path / "song.wav", sound.T, rate, subtype="PCM_24")
    with rtsep_live("--model", str(tiny_model), "--input", "song.wav", "--output", "none", "--record", "take",
                    cwd=tmp_path) as rtsep:
        rtsep.finish()
    assert rtsep.process.returncode == 0
    assert soundfile.info(tmp_path / "take" / "mixture.flac").samplerate == played
    if played == rate:
        np.testing.assert_array_equal(read(tmp_path / "take" / "mixture.flac"), sound)


def test_what_is_wrong_with_a_file_is_said(tiny_model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "whole.mp3", noise(SAMPLERATE).T, SAMPLERATE)
    data = (tmp_path / "whole.mp3").read_bytes()
    middle = len(data) // 2
    (tmp_path / "song.mp3").write_bytes(data[:middle] + bytes(1500) + data[middle + 1500:])
    with rtsep_live("--model", str(tiny_model), "--input", "song.mp3", "--output", "none", cwd=tmp_path) as rtsep:
        _, err = rtsep.finish()
    assert rtsep.process.returncode == 0
    assert re.search(r"^rtsep: song.mp3: \d+ damaged bytes at 0:00.\d\d are left out$", err, re.MULTILINE), err
