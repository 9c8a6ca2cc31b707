"""The audio process as its supervisor sees it: it says what it does, dies, hangs and is ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np
import pytest

from rtsep import RtsepError
from rtsep.audio.devices import Defaults
from rtsep.errors import DeviceError
from rtsep.live.board import Memory, new_memory
from rtsep.live.protocol import Ended, Loaded, Notice, Prepared, Started
from rtsep.live.session import supervisor
from rtsep.live.session.helper import Helper, HelperProcess
from rtsep.live.session.supervisor import AudioProcess
from tests.rigs.live import TIMEOUT_S
from tests.rigs.sessions import SAMPLERATE, noise, settings


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
        assert expect(process, Started) == Started("source", "null device", 0, 0, Defaults())
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


def look(process: AudioProcess, times: int) -> None:
    for _ in range(times):
        process.receive(0.05)


def test_a_process_that_the_machine_keeps_waiting_does_not_hang(tiny_model: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes at least 0.05 s and counts for at most 0.1: without the excuse the eleventh one gives up."""
    asked: list[int | None] = []

    def waits_all_the_time(pid: int | None) -> Callable[[], float]:
        asked.append(pid)
        return lambda: 1.0

    monkeypatch.setattr(supervisor, "HANG_S", 0.5)
    monkeypatch.setattr(supervisor, "Starvation", waits_all_the_time)  # as `tests/live/test_watchdog.py` shows of one
    with audio_process(tiny_model) as (process, memory):
        started(process, memory)
        assert asked == [process.pid]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        look(process, 29)
        with pytest.raises(DeviceError, match="the audio process hangs"):
            look(process, 60)


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
