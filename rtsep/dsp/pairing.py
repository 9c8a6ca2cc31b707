"""How two channels are related as a whole: a song, one with its wires crossed, or one that is dead."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio

MEMORY = 44100.0  # frames that the running sums speak of: a second
OPPOSITE_BELOW, OPPOSITE_UP_TO = -0.9, -0.5  # correlation at which channels become opposite, and stay so
DEAD_BELOW, DEAD_UP_TO = 1e-5, 1e-4  # power of one over that of the other, -50 and -40 dB: as above


class Pair(IntEnum):
    """What two channels are together."""

    SONG = 0
    OPPOSITE = 1
    ONE_DEAD = 2


def sign_of(pairs: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sign that gives the second channel the polarity of the first, of each `Pair`."""
    return np.where(pairs == Pair.OPPOSITE, np.float32(-1.0), np.float32(1.0))


class Pairing:
    """Tell what two channels are together, from running sums of their powers and their product.

    No song has opposite channels or a dead one, and models were not made for such: they are asked as if the sound were
    mono. A balanced line on a stereo input has opposite channels, a microphone in one socket of two a dead one. Other
    numbers of channels count as a song.

    Parameters
    ----------
    hop
        Frames of a hop.
    """

    def __init__(self, hop: int) -> None:
        self._hop, self._kept = hop, max(0.0, 1.0 - hop / MEMORY)
        self._sums: NDArray[np.float32]
        self.reset()

    def push(self, block: Audio) -> NDArray[np.int32]:
        """Listen to whole hops, (channels, hops * hop); give the `Pair` of each, (hops,)."""
        hops = block.reshape(len(block), -1, self._hop)
        pairs = np.zeros(hops.shape[1], np.int32)
        if len(block) != 2:
            return pairs
        left, right = hops
        sums = [np.einsum("hf,hf->h", a, b) for a, b in ((left, left), (right, right), (left, right))]
        for index, newest in enumerate(np.transpose(sums)):
            self._sums = self._kept * self._sums + newest
            pairs[index] = self._pair = self._found()
        return pairs

    def _found(self) -> Pair:
        left, right, product = self._sums
        bound = DEAD_UP_TO if self._pair == Pair.ONE_DEAD else DEAD_BELOW
        if min(left, right) < bound * max(left, right):
            return Pair.ONE_DEAD
        bound = OPPOSITE_UP_TO if self._pair == Pair.OPPOSITE else OPPOSITE_BELOW
        return Pair.OPPOSITE if product < bound * np.sqrt(left) * np.sqrt(right) else Pair.SONG

    def reset(self) -> None:
        """Forget all sound."""
        self._sums = np.zeros(3, np.float32)  # of the squares of each, of their product
        self._pair = Pair.SONG
