"""Plays everything once before the stream opens, the rare too, so that no first time is left for the music.

What runs for the first time is slow: code comes from the disk, page by page. A block that is late would then
make the next one begin late.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from rtsep.live.board import new_board
from rtsep.live.engine.crossfade import FADE
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer
from rtsep.separator import Separator
from rtsep.types import Audio

_SECONDS = 0.5  # of noise, and the most that it may take
_STUMBLE = 16  # every so many blocks one takes too long


class Stumbling(Inline):
    """Takes longer than a block lasts now and then, so that the next one is late."""

    def __init__(self, separator: Separator) -> None:
        super().__init__(separator)
        self._blocks = 0

    def process(self, block: Audio, behind: bool, deadline: bool) -> tuple[Audio, NDArray[np.bool_] | None]:
        """Separate a block, see `Inference`."""
        self._blocks += 1
        if self._blocks % _STUMBLE == 0:
            time.sleep(2.0 * block.shape[1] / self.separator.samplerate)
        return super().process(block, behind, deadline)


def warm_up(separator: Separator, outputs: int, split: bool) -> int:
    """Run noise through an engine of its own: on time and late, with controls at rest and moving.

    Parameters
    ----------
    separator
        Loaded; as new afterwards, with its controls at rest.
    outputs, split
        As for the `Mixer`.

    Returns
    -------
    missed
        Hops that were missed.
    """
    board, hop, blocksize = new_board(None), separator.info.geometry.hop, separator.blocksize
    mixer = Mixer(separator.controls, separator.channels, outputs, separator.samplerate, split)
    engine = Engine(Stumbling(separator), mixer, board)
    noise = np.random.default_rng(0).standard_normal((separator.channels, hop)).astype(np.float32) * 0.1
    out = np.zeros((outputs, hop), np.float32)
    end = time.monotonic() + _SECONDS
    for block in range(round(_SECONDS * separator.samplerate / hop)):
        board.bypass, board.mask_gain = block // 8 % 2, 1.0 + block // 4 % 2
        engine.process(noise, out)
        if time.monotonic() > end:
            break
    separator.preview(min(FADE, hop))
    board.rest()
    board.take_controls(separator.controls, separator.stems)
    separator.hold = False
    separator.set_blocksize(blocksize)
    return int(board.missed_hops)
