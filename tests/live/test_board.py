"""What the processes share: rings that keep their order, controls that travel, mistakes that end nothing."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import numpy as np
import pytest

from rtsep.controls.controls import Controls
from rtsep.live.board import MAX_STEMS, Board, new_board
from rtsep.live.ring import Ring

CONTEXT = multiprocessing.get_context("spawn")
STEMS = ("guitar", "rest")


def test_ring_keeps_order_around_its_end() -> None:
    ring = Ring(CONTEXT, 2 * 100)
    ring.shape(2)
    rng = np.random.default_rng(5)
    sound = rng.standard_normal((2, 5000)).astype(np.float32)
    got: list[np.ndarray] = []
    written = 0
    while sum(block.shape[1] for block in got) < 5000:
        frames = int(rng.integers(0, 60))
        if ring.write(sound[:, written:written + frames]):
            written = min(5000, written + frames)
        out = np.empty((2, int(rng.integers(1, 80))), np.float32)
        got.append(out[:, :ring.read(out)])
    np.testing.assert_array_equal(np.concatenate(got, axis=1), sound)
    assert ring.total == 5000


def test_full_ring_takes_nothing() -> None:
    ring = Ring(CONTEXT, 30)
    assert ring.write(np.ones((1, 30), np.float32))
    assert not ring.write(np.ones((1, 1), np.float32))
    assert (ring.free, ring.filled, ring.total) == (0, 30, 30)


def test_empty_ring_gives_nothing() -> None:
    assert Ring(CONTEXT, 30).read(np.zeros((1, 8), np.float32)) == 0


def echo(board: Board, there: Ring, back: Ring, pipe: Connection) -> None:
    """Child process: send the frames back at the level on the board."""
    there.shape(2)
    back.shape(2)
    block = np.empty((2, there.filled), np.float32)
    there.read(block)
    back.write(block * np.float32(board.levels[1]))
    board.late_blocks += 7
    pipe.send("done")


def test_another_process_sees_the_same_memory() -> None:
    board, there, back = new_board(CONTEXT), Ring(CONTEXT, 400), Ring(CONTEXT, 400)
    there.shape(2)
    back.shape(2)
    board.put({"level": {"rest": 0.5}}, STEMS)
    sound = np.random.default_rng(6).standard_normal((2, 100)).astype(np.float32)
    there.write(sound)
    here, their = CONTEXT.Pipe()
    process = CONTEXT.Process(target=echo, args=(board, there, back, their))
    process.start()
    assert here.poll(60.0)
    process.join()
    out = np.empty((2, 200), np.float32)
    assert back.read(out) == 100
    np.testing.assert_array_equal(out[:, :100], 0.5 * sound)
    assert board.late_blocks == 7
    assert there.filled == 0


def test_controls_travel_over_the_board() -> None:
    board = new_board(CONTEXT)
    received = Controls(STEMS)
    board.put({"mask_gain": 2.5, "wet": 0.75, "bypass": 1.0, "level": {"guitar": 0.1}, "mute": {"rest": 1.0},
               "solo": {"guitar": 1.0}}, STEMS)
    board.take_controls(received, STEMS)
    assert (received.mask_gain, received.wet, received.bypass) == (2.5, 0.75, True)
    assert [received.level(stem) for stem in STEMS] == pytest.approx([0.1, 1.0])
    assert [received.muted(stem) for stem in STEMS] == [False, True]
    assert [received.soloed(stem) for stem in STEMS] == [True, False]


@pytest.mark.parametrize("name", ["mask_gain", "wet", "bypass", "preset", "levels", "mutes", "solos"])
def test_every_control_that_moves_is_seen(name: str) -> None:
    board = new_board(CONTEXT)
    before = board.controls_state()
    board.late_blocks = board.callbacks = board.source_frames = 5
    assert board.controls_state() == before, "counters are no controls"
    if name in ("levels", "mutes", "solos"):
        getattr(board, name)[MAX_STEMS - 1] = 3
    else:
        setattr(board, name, 3)
    assert board.controls_state() != before


@pytest.mark.parametrize(("written", "taken"), [(-1.0, 0.0), (1e9, 1000.0), (float("nan"), 0.0)])
def test_a_mistake_on_the_board_is_the_nearest_value_and_not_the_end(written: float, taken: float) -> None:
    board, controls = new_board(CONTEXT), Controls(STEMS)
    board.mask_gain = written
    board.take_controls(controls, STEMS)
    assert controls.mask_gain == taken


@pytest.mark.parametrize(("mutes", "solos", "gains"), [
    ((), (), (0.5, 1.0)),
    (("guitar",), (), (0.0, 1.0)),
    ((), ("guitar",), (0.5, 0.0)),
    (("guitar",), ("guitar",), (0.0, 0.0)),
    ((), ("guitar", "rest"), (0.5, 1.0)),
])
def test_mute_and_solo(mutes: tuple[str, ...], solos: tuple[str, ...], gains: tuple[float, ...]) -> None:
    controls = Controls(STEMS)
    controls.set_level("guitar", 0.5)
    for stem in mutes:
        controls.set_mute(stem, True)
    for stem in solos:
        controls.set_solo(stem, True)
    assert tuple(map(controls.gain, STEMS)) == gains
