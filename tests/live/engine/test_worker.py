"""The model beside the callback: in time it sounds the same a step later, late the mixture takes over."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest

from rtsep import Separator
from rtsep.live.board import Board, new_board
from rtsep.live.engine.crossfade import FADE, Crossfade
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inference, Inline
from rtsep.live.engine.mixer import Mixer
from rtsep.live.engine.worker import Worker
from tests.fuzz.graphs import Plan, step_model

STEMS = ("guitar", "rest")


def noise(frames: int) -> np.ndarray:
    return (0.2 * np.random.default_rng(8).standard_normal((2, frames))).astype(np.float32)


def engine(inference: Inference, board: Board, deadline: bool) -> Engine:
    """Play the guitar alone."""
    controls = inference.separator.controls
    controls.set_level("rest", 0.0)
    board.put({"level": {"rest": 0.0}}, STEMS)
    return Engine(inference, Mixer(controls, 2, 2, 44100), board, deadline=deadline)


def play(engine: Engine, sound: np.ndarray, blocksize: int) -> np.ndarray:
    out = np.empty_like(sound)
    for start in range(0, sound.shape[1], blocksize):
        piece = slice(start, start + blocksize)
        engine.process(sound[:, piece], out[:, piece])
    return out


@pytest.fixture
def board() -> Board:
    return new_board(multiprocessing.get_context("spawn"))


@pytest.mark.parametrize(("blocksize", "latency"), [(256, 512), (512, 768), (128, 640), (480, 960), (441, 952),
                                                    (1000, 1504)])
def test_same_sound_a_step_later(tiny_model: Path, board: Board, blocksize: int, latency: int) -> None:
    sound = noise(blocksize * (8000 // blocksize))
    worker = Worker(Separator(tiny_model, 2, stems=STEMS))
    out = play(engine(worker, board, deadline=False), sound, blocksize)
    separator = Separator(tiny_model, 2, stems=STEMS)
    guitar = separator.process(np.pad(sound, ((0, 0), (0, separator.latency))))[0, :, separator.latency:]
    assert (board.latency, worker.missed, board.fallback_frames) == (latency, 0, 0)
    np.testing.assert_allclose(out[:, latency:], guitar[:, :-latency], rtol=0, atol=1e-5)


class Gate:
    """Lets a separator work only while it is open."""

    def __init__(self, separator: Separator) -> None:
        self.open = threading.Event()
        self.open.set()
        self._separate = separator.separate
        separator.separate = self

    def __call__(self, block: np.ndarray) -> np.ndarray:
        assert self.open.wait(60.0)
        return self._separate(block)


def test_late_hops_are_the_delayed_mixture_faded_in_and_out(tiny_model: Path, board: Board) -> None:
    separator = Separator(tiny_model, 2, stems=STEMS)
    gate, worker = Gate(separator), Worker(separator)
    player, sound = engine(worker, board, deadline=False), noise(60 * 256)
    out = [play(player, sound[:, :20 * 256], 256)]
    gate.open.clear()
    player.deadline = True  # from here on nobody waits
    out.append(play(player, sound[:, 20 * 256:30 * 256], 256))
    late = board.missed_hops
    gate.open.set()
    player.deadline = False
    out.append(play(player, sound[:, 30 * 256:], 256))
    assert late >= 8
    assert board.missed_hops >= late
    heard = np.concatenate(out, axis=1)
    start, latency = (20 + 1) * 256, board.latency  # one hop was ready when the gate closed
    delayed = np.pad(sound, ((0, 0), (latency, 0)))[:, :sound.shape[1]]
    np.testing.assert_allclose(heard[:, start + FADE:30 * 256], delayed[:, start + FADE:30 * 256], rtol=0, atol=1e-6)
    assert np.abs(heard[:, :start] - delayed[:, :start]).max() > 0.05  # the guitar before
    assert np.abs(heard[:, -2560:] - delayed[:, -2560:]).max() > 0.05  # and after
    assert board.fallback_frames >= 8 * 256


def test_a_callback_that_is_behind_leaves_the_model_out(tiny_model: Path) -> None:
    separator = Separator(tiny_model, 2, stems=STEMS)
    inline, sound = Inline(separator), noise(512)
    inline.start(256, 256)
    inline.process(sound[:, :256], behind=False, deadline=True)
    separator._weights = None  # new masks would need them
    stems, present = inline.process(sound[:, 256:], behind=True, deadline=True)
    assert not present.any()
    np.testing.assert_allclose(stems.sum(axis=0), sound[:, :256], atol=1e-5)
    with pytest.raises(TypeError):
        inline.process(sound[:, 256:], behind=True, deadline=False)


@pytest.mark.parametrize("blocksize", [1, 64, 65, 512])
def test_crossfade_takes_64_frames_each_way(blocksize: int) -> None:
    crossfade, present = Crossfade(), np.repeat([True, False, True], 512)
    gains = [crossfade.next(None if block.all() else block, block.size)
             for block in np.array_split(present, present.size // blocksize)]
    blocks = np.array_split(present, present.size // blocksize)
    line = np.concatenate([np.ones(block.size) if gain is None else gain
                           for gain, block in zip(gains, blocks, strict=True)])
    down = 1 - np.arange(1, FADE + 1) / FADE
    np.testing.assert_allclose(line, np.concatenate(
        [np.ones(512), down, np.zeros(512 - FADE), 1 - down, np.ones(512 - FADE)]), atol=1e-6)


def test_an_error_in_the_thread_reaches_the_caller(tiny_model: Path) -> None:
    separator = Separator(tiny_model, 2, stems=STEMS)
    separator.separate = None
    worker = Worker(separator)
    worker.start(256, 256)
    worker.process(noise(256), behind=False, deadline=False)
    with pytest.raises(TypeError):
        worker.process(noise(256), behind=False, deadline=False)


def test_hops_shorter_than_a_fade(board: Board, tmp_path: Path) -> None:
    path, sound = tmp_path / "short.onnx", noise(1600)
    onnx.save(step_model(Plan(stems=("guitar", "other"))), path)  # hops of 16 frames
    worker = Worker(Separator(path, 2, stems=STEMS))
    out = play(engine(worker, board, deadline=False), sound, 64)
    separator = Separator(path, 2, stems=STEMS)
    guitar = separator.process(np.pad(sound, ((0, 0), (0, separator.latency))))[0, :, separator.latency:]
    np.testing.assert_allclose(out[:, board.latency:], guitar[:, :-board.latency], rtol=0, atol=1e-5)
