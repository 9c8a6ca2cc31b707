"""From controls to gains of stems and mixture, in live runs, files and programs alike."""

from __future__ import annotations

import numpy as np

from rtsep.controls.controls import Controls
from rtsep.dsp.ramp import RAMP_MS, Ramp
from rtsep.types import Audio


class Gains:
    """Levels, mute, solo, dry/wet and bypass, applied to stems.

    A stem becomes `wet * gain(stem) * stem + (1 - wet) * mixture / stems`: bypass and the dry part give every stem an
    equal share of the mixture, so that the stems still sum to it.

    Wet and dry are parts of one signal at the same latency, so what they have in common adds up as
    amplitudes: their gains sum to one at every moment of a fade, and the common part keeps its power. The
    law of sine and cosine, made for strangers, would swell it by 3 dB half-way.

    Parameters
    ----------
    controls
        Where the gains are read, once a block; at the first block they hold at once, later along a ramp.
    samplerate
        Frames per second.
    """

    def __init__(self, controls: Controls, samplerate: int) -> None:
        self._controls = controls
        self._followed: object = None  # the revision of the controls that the target is of
        self._target = np.zeros(len(controls.stems) + 1, np.float32)  # a gain a stem, and that of the mixture
        self._untouched = np.array([1.0] * len(controls.stems) + [0.0], np.float32)
        self._ramp = Ramp(round(RAMP_MS / 1e3 * samplerate))
        self._idle = False

    @property
    def idle(self) -> bool:
        """Whether the next block's stems stay as they are."""
        return self._idle and self._controls.revision is self._followed

    def apply(self, stems: Audio, dry: Audio, crossfade: Audio | None = None) -> None:
        """Scale stems in place and add the mixture's share.

        Parameters
        ----------
        stems
            float32 (stems, channels, frames).
        dry
            The mixture, as late as the stems, float32 (channels, frames).
        crossfade
            Wet gain of each frame, float32 (frames,): where it is below 1, the mixture takes the place of all stems.
            None for 1.
        """
        if self.idle and crossfade is None:
            return
        self._aim()
        gains = self._ramp.next(self._target, dry.shape[1])
        self._idle = self._ramp.rests_at(self._untouched)
        if crossfade is not None:
            gains = gains * crossfade
            gains[-1] += 1.0 - crossfade
        stems *= gains[:-1, np.newaxis]
        if gains[-1].any():
            stems += gains[-1] / len(stems) * dry

    def _aim(self) -> None:
        """Read controls that were set into the target."""
        if self._controls.revision is self._followed:
            return
        self._followed = self._controls.revision
        wet = 0.0 if self._controls.bypass else self._controls.wet
        self._target[:-1] = [wet * self._controls.gain(stem) for stem in self._controls.stems]
        self._target[-1] = 1.0 - wet
