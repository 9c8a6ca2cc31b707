"""What the callback of a source does where the source is paused, or not there in time."""

from __future__ import annotations

import multiprocessing

import numpy as np

from rtsep.live.board import new_board
from rtsep.live.ring import Ring
from rtsep.live.streams.player import Player

FRAMES = 256


class Copy:
    """Plays a block as it is."""

    samplerate = engine_rate = 44100
    channels = 1
    deadline = False

    def wanted(self, frames: int) -> int:
        return frames

    def process(self, block: np.ndarray, out: np.ndarray) -> None:
        out[:] = block


def test_a_seek_passes_over_what_is_less_than_a_block_where_blocks_wait_for_the_source() -> None:
    context = multiprocessing.get_context("spawn")
    board, ring = new_board(context), Ring(context, 1 << 12)
    player = Player(Copy(), board, ring)
    player.measures = ()
    out = np.zeros((1, FRAMES), np.float32)
    ring.write(np.ones((1, 100), np.float32))
    assert player.play_null(out, 0.0)
    assert ring.taken == 0, "without a pause the rest of the block is waited for"
    board.paused, board.skip_to = 1, ring.total
    for _ in range(3):
        player.play_null(out, 0.0)
    assert ring.taken == 100
    assert not out.any()
    board.paused = 0
    ring.write(np.ones((1, 2 * FRAMES), np.float32))
    for _ in range(2):
        player.play_null(out, 0.0)
    assert (out == 1.0).all()
