"""A process of a live run is killed: what was recorded can be read, and a child is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.audio.files import AudioReader
from rtsep.errors import AudioFileError
from rtsep.live.board import new_memory
from rtsep.live.session.recorder import Recorder
from tests.rigs.live import Rtsep, rtsep_live

RATE = 44100
LOST = RATE  # frames: at most the last second


def readable(path: Path) -> int:
    """Frames that rtsep's own reader finds in a file that may still grow."""
    try:
        with AudioReader(path) as reader:
            return sum(block.shape[1] for block in reader.blocks())
    except AudioFileError:  # nothing yet
        return 0


def children(rtsep: Rtsep) -> list[int]:
    """Return the processes that a run has started to play and to listen, in this order."""
    parent = rtsep.process.pid
    pids = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize(("victim", "sentence"), [
    (None, ""), (0, "the audio process died (exit code -9)"), (1, "the midi process ended (exit code -9)")])
def test_a_killed_process_costs_no_recording(victim: int | None, sentence: str, tiny_model: Path, tmp_path: Path
                                             ) -> None:
    sound = (np.random.default_rng(3).integers(-2**20, 2**20, (60 * RATE, 1)) / 2**23).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", sound, RATE, subtype="PCM_24")
    take = tmp_path / "take" / "mixture.flac"
    with rtsep_live("--model", str(tiny_model), "--input", "song.wav", "--output", "none", "--record", "take",
                    midi="virtual", cwd=tmp_path) as rtsep:
        rtsep.wait_until(lambda: readable(take) > RATE and len(children(rtsep)) == 2, "a second of sound")
        before = readable(take)
        os.kill(rtsep.process.pid if victim is None else children(rtsep)[victim], signal.SIGKILL)
        if victim is not None:
            rtsep.wait_for_line(sentence)
            rtsep.wait_until(lambda: readable(take) > before + LOST, "the recording to go on")
            os.killpg(rtsep.process.pid, signal.SIGINT)
        rtsep.finish()
    assert rtsep.process.returncode == (-signal.SIGKILL if victim is None else 0)
    for path in take.parent.glob("*.flac"):
        assert readable(path) >= before
    with AudioReader(take) as reader:
        np.testing.assert_array_equal(reader.read(before)[0], sound[:before, 0])


def test_at_most_the_last_second_waits_to_be_written(tmp_path: Path) -> None:
    memory = new_memory(multiprocessing.get_context("spawn"))
    with Recorder(tmp_path, ("guitar",), RATE, 2, memory, pytest.fail) as recorder:
        for _ in range(20):
            assert memory.record.write(np.zeros((4, RATE // 4), np.float32))
            recorder.drain()
        lengths = [readable(path) for path in recorder.paths.values()]
    assert all(length > 5 * RATE - LOST for length in lengths), lengths
