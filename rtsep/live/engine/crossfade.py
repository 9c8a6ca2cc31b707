"""From the separated sound to the delayed mixture and back, where a hop is late."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio

FADE = 64
"""Frames of a cross-fade."""


class Crossfade:
    """Wet gain, that of the separated sound: 1, on a straight line to 0 where it is missing, and back."""

    def __init__(self) -> None:
        self._gain = 1.0

    @property
    def silent(self) -> bool:
        """Whether nothing is left of it at this moment."""
        return self._gain == 0.0

    def next(self, present: NDArray[np.bool_] | None, frames: int) -> Audio | None:
        """Gains of the next frames.

        Parameters
        ----------
        present
            Whether the separated sound is there, (frames,); None for yes. It must hold for `FADE` frames after it
            ends.
        frames
            How many.

        Returns
        -------
        gains
            float32 (frames,); None for 1 throughout.
        """
        if present is None:
            if self._gain == 1.0:
                return None
            present = np.ones(frames, np.bool_)
        gains = np.empty(present.size, np.float32)
        edges = [0, *(np.flatnonzero(present[1:] != present[:-1]) + 1), present.size]
        for start, end in pairwise(edges):
            slope = 1.0 / FADE if present[start] else -1.0 / FADE
            gains[start:end] = np.clip(self._gain + slope * np.arange(1, end - start + 1), 0.0, 1.0)
            self._gain = float(gains[end - 1])
        return gains
