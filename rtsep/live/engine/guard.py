"""What leaves the engine is checked as what enters it is."""

from __future__ import annotations

import math

import numpy as np

from rtsep.types import Audio

FAR_ABOVE = 8.0
"""A stem whose peak is 18 dB above the recent peak of the input is no part of it: masks only take away, and what
windows and phases add to a peak is far less."""
CEILING = 1.0
"""Full scale: no sample of the output is beyond it, which every converter would cut there too."""

_FALL_S = 1.0  # in which the recent peak falls to a third; stems lag the input by less
_LEAST = 1e-3  # input peak, -60 dB, below which the sound of a tail is no fault


class Guard:
    """Tells stems that are sound from those that a model has spoilt.

    Parameters
    ----------
    samplerate
        Frames per second.
    """

    def __init__(self, samplerate: int) -> None:
        self._fall_frames = _FALL_S * samplerate
        self._recent = 0.0  # peak of the input

    def passes(self, stems: Audio, block: Audio) -> bool:
        """Whether stems, (stems, channels, frames), are finite and not far above the input, (channels, frames)."""
        decayed = self._recent * math.exp(-block.shape[1] / self._fall_frames)
        self._recent = max(peak(block), decayed)
        return peak(stems) <= FAR_ABOVE * max(self._recent, _LEAST)  # NaN compares as False


def peak(sound: Audio) -> float:
    """Largest magnitude; NaN where there is any."""
    highest, lowest = float(sound.max(initial=0.0)), float(sound.min(initial=0.0))
    return highest if highest != highest else max(highest, -lowest)


def limit(out: Audio) -> bool:
    """Cut samples beyond the `CEILING`, in place; say whether there were any."""
    if peak(out) <= CEILING:
        return False
    np.clip(np.nan_to_num(out, copy=False, nan=0.0), -CEILING, CEILING, out=out)
    return True
