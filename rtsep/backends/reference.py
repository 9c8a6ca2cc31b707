"""Hops separated part by part: analysis -> step model -> mask -> synthesis, in numpy but for the step.

The compiled kernels do the same in one call; this is what they are held against, and what runs where they cannot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtsep.backends.step_model import StepModel
from rtsep.dsp.mask import Sets, soft_mask
from rtsep.dsp.stft import Analysis, Synthesis, mid_signal

Audio = NDArray[np.float32]


class ComposedHops:
    """From hops of the mixture to hops of every output.

    Parameters
    ----------
    model
        The step model, whose recurrent state belongs to this stream.
    channels
        Number of audio channels.
    wanted
        What each output is made of, from `wanted_sets`, (outputs, stems).
    """

    def __init__(self, model: StepModel, channels: int, wanted: Sets) -> None:
        self._model, self._geometry = model, model.info.geometry
        self._analysis = Analysis(self._geometry, channels, model.info.contexts)
        self._synthesis = Synthesis(self._geometry, (len(wanted), channels))
        self._masks = self._even = np.full((1, len(wanted), self._geometry.bins), 1.0 / len(wanted), np.float32)
        self.reset()

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops.

        Parameters
        ----------
        block
            float32 (channels, hops * hop).
        weights
            Of `mask_weights`: for each hop, (hops, 2 * outputs, stems), or for all, (1, 2 * outputs, stems) or
            (2 * outputs, stems). None keeps the latest masks and does not ask the model.

        Returns
        -------
        sound
            float32 (outputs, channels, hops * hop), `synthesis - hop` frames late.
        """
        spectra, contexts = self._analysis.push(block)
        masks = self._masks
        if weights is not None:
            magnitudes = np.abs(mid_signal(spectra.swapaxes(0, 1)))
            masks = soft_mask(self._model.step(magnitudes, contexts), weights)
            self._masks = masks[-1:]
        return self._synthesis.push(masks[:, :, np.newaxis] * spectra[:, np.newaxis])

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (outputs, channels, frames)."""
        return self._synthesis.preview(frames)

    def reset(self) -> None:
        """Forget all sound, with masks that share it evenly."""
        self._model.reset()
        self._analysis.reset()
        self._synthesis.reset()
        self._masks = self._even
