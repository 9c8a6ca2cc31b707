"""Pause, seek, loop, and takes while it plays: what is recorded tells what was heard, sample by sample."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.errors import ConfigError
from rtsep.live.board import new_memory
from rtsep.live.session.input_writer import InputWriter
from rtsep.live.session.result import Result
from rtsep.live.session.session import Session
from rtsep.live.session.sources import FileSource
from rtsep.live.session.transport import Transport
from rtsep.surface.notices import Notices
from rtsep.surface.surface import Surface
from tests.rigs.live import TIMEOUT_S
from tests.rigs.sessions import SAMPLERATE, ArraySource, noise, read, settings

Step = Callable[[Session], bool]


def count(frames: int) -> np.ndarray:
    """Make a sound whose every sample says where it is, exactly in 24 bits: the middle of silence is frame 0."""
    return np.repeat((np.arange(frames) / 2**23)[np.newaxis], 2, axis=0).astype(np.float32)


def play(session: Session, *steps: Step) -> Result:
    """Run; each step is tried at every tick until it is true, then the next one; end after the last."""
    waiting, end = list(steps), time.monotonic() + TIMEOUT_S

    def look() -> None:
        if session.state.started is not None and waiting and waiting[0](session):
            waiting.pop(0)
        if not waiting or time.monotonic() > end:
            session.stop()

    result = session.run(on_look=look)
    assert result is not None
    assert result.failure is None
    assert not waiting, "a step was never reached"
    return result


def played(frames: int) -> Step:
    """Wait until so many frames more were played than at the first look."""
    begin: list[int] = []

    def step(session: Session) -> bool:
        begin[:] = begin or [session.memory.board.frames]
        return bool(session.memory.board.frames - begin[0] >= frames)

    return step


def do(work: Callable[[Session], object]) -> Step:
    def step(session: Session) -> bool:
        work(session)
        return True

    return step


def test_seek_goes_there_and_pause_is_silence(tiny_model: Path, tmp_path: Path) -> None:
    sound = count(30 * SAMPLERATE)
    session = Session(settings(tiny_model), ArraySource(sound), tmp_path)
    transport = lambda run: run.commands.transport  # noqa: E731
    result = play(
        session, played(4000), do(lambda run: transport(run).seek(20 * SAMPLERATE)),
        lambda run: run.commands.transport.position > 20 * SAMPLERATE + 8000,
        do(lambda run: transport(run).pause(True)), played(8000), do(lambda run: transport(run).pause(False)),
        played(8000))
    heard = np.round(read(result.recorded["mixture"])[0] * 2**23).astype(int)
    assert (heard[:4000] == np.arange(4000)).all()
    begin = int(np.argmax(heard >= 20 * SAMPLERATE))
    after = heard[begin + 64:]  # behind the fade
    pause = int(np.argmax(np.diff(after) != 1))
    assert pause > 6000, "it plays on from there without a gap"
    rest = after[pause + 64:]
    assert (rest[:4000] == 0).all(), "a pause is silence"
    on = int(np.argmax(rest > 0)) + 64
    assert rest[on] - after[pause] < 2 * 256, "and goes on where it stopped, less the block that fades"
    assert (np.diff(rest[on:]) == 1).all()
    assert not result.aligned


def test_a_loop_repeats_sample_by_sample_until_it_is_ended(tiny_model: Path, tmp_path: Path) -> None:
    begin, end = 10 * SAMPLERATE, 10 * SAMPLERATE + 6000
    session = Session(settings(tiny_model), ArraySource(count(30 * SAMPLERATE)), tmp_path)
    result = play(
        session, played(2000), do(lambda run: run.commands.transport.repeat((begin, end))),
        lambda run: run.commands.transport.position >= begin, played(26000),
        do(lambda run: run.commands.transport.repeat(None)), lambda run: run.commands.transport.position > end + 9000)
    heard = np.round(read(result.recorded["mixture"])[0] * 2**23).astype(int)
    middle = begin + 3000
    (places,) = np.nonzero(heard == middle)
    assert len(places) >= 4
    assert set(np.diff(places[:4])) == {end - begin}
    for place in places[:4]:
        np.testing.assert_array_equal(heard[place - 2500:place + 2500], np.arange(middle - 2500, middle + 2500))
    assert (heard > end + 8000).any()


def test_a_run_ends_after_a_loop_or_a_seek_was_at_its_end(tiny_model: Path, tmp_path: Path) -> None:
    session = Session(settings(tiny_model), ArraySource(count(10 * SAMPLERATE)), tmp_path)
    transport = lambda run: run.commands.transport  # noqa: E731
    waiting: list[Step] = [do(lambda run: transport(run).seek(40000)), lambda run: transport(run).position > 42000,
                           do(lambda run: transport(run).seek(-5)), lambda run: transport(run).position > 2000,
                           do(lambda run: transport(run).seek(10**9))]
    result = session.run(on_look=lambda: waiting and session.state.started is not None and waiting[0](session)
                         and waiting.pop(0))
    assert result is not None
    assert (result.failure, waiting) == (None, [])


@pytest.mark.parametrize("loop", [(100, 100), (5000, 100), (0, 1000)])
def test_loops_that_are_none(tiny_model: Path, loop: tuple[int, int]) -> None:
    refusals: list[str] = []

    def ask(run: Session) -> bool:
        with pytest.raises(ConfigError, match=r"its end has to be 0\.1 s behind its beginning"):
            run.commands.transport.repeat(loop)
        refusals.append("")
        return True

    play(Session(settings(tiny_model, record=False), ArraySource(count(30 * SAMPLERATE))), ask)
    assert refusals


def test_a_loop_behind_the_end_is_a_sentence() -> None:
    memory = new_memory(multiprocessing.get_context("spawn"))
    memory.playback.shape(2)
    source = ArraySource(count(SAMPLERATE))
    writer = InputWriter(source, SAMPLERATE, memory.playback, memory.board)
    transport = Transport(writer, memory, SAMPLERATE, SAMPLERATE)
    with pytest.raises(ConfigError, match=r"a loop from 2\.00 s: the input ends at 1\.00 s"):
        transport.repeat((2 * SAMPLERATE, 3 * SAMPLERATE))
    assert transport.loop is None


def test_keys_that_come_faster_than_the_run_still_turn_it_on_and_off(tiny_model: Path, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session(settings(tiny_model, record=False), ArraySource(count(60 * SAMPLERATE)))
    surface = Surface(session, Notices())
    result = play(session, played(2000), do(lambda _: [surface.record() for _ in range(3)]), played(9000),
                  do(lambda _: [surface.file.pause() for _ in range(2)]), played(2000))
    assert not surface.file.paused
    takes = {path.name for path in tmp_path.glob("take*")}  # of the first one nothing is kept where no sound came
    assert takes in ({"take"}, {"take", "take-2"})
    assert surface.recorded_s == 0.0
    assert len(read(result.recorded["mixture"])[0]) > 9000


def test_takes_begin_and_end_while_it_plays(tiny_model: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session(settings(tiny_model, record=False), ArraySource(count(60 * SAMPLERATE)))
    folders: list[Path] = []
    result = play(session, played(5000), do(lambda run: folders.append(run.commands.record())), played(9000),
                  do(lambda run: run.commands.end_recording()), lambda run: run.services.recording is None,
                  played(4000), do(lambda run: folders.append(run.commands.record())), played(9000))
    assert [folder.name for folder in folders] == ["take", "take-2"]
    assert list(result.recorded) == ["mixture", "guitar", "rest"]
    starts = []
    for folder in folders:
        tracks = {path.stem: np.round(read(path)[0] * 2**23).astype(int) for path in folder.glob("*.flac")}
        mixture = tracks["mixture"]
        assert len(mixture) > 6000
        assert (np.diff(mixture) == 1).all(), "a take has no gap"
        assert abs(tracks["guitar"] + tracks["rest"] - mixture).max() <= 40
        starts.append((mixture[0], mixture[-1]))
    assert 0 < starts[0][0] < starts[0][1] < starts[1][0]
    assert result.summary.lost_frames == 0


def test_a_file_begins_where_it_is_asked_to(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(2 * SAMPLERATE)
    soundfile.write(tmp_path / "song.wav", sound.T, SAMPLERATE, subtype="FLOAT")
    session = Session(settings(tiny_model), FileSource(tmp_path / "song.wav"), tmp_path / "take", start_s=1.25)
    result = session.run()
    assert result is not None
    np.testing.assert_array_equal(read(result.recorded["mixture"]), sound[:, round(1.25 * SAMPLERATE):])


@pytest.mark.parametrize("start", [0, 1, 70000, 10**7])
def test_files_are_read_from_any_frame_on(tmp_path: Path, start: int) -> None:
    sound = noise(2 * SAMPLERATE)
    soundfile.write(tmp_path / "song.flac", sound.T, SAMPLERATE, subtype="PCM_24")
    found = np.concatenate(list(FileSource(tmp_path / "song.flac").blocks(SAMPLERATE, start)), axis=1)
    np.testing.assert_array_equal(found, sound[:, start:])
