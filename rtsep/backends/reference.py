"""Hops separated part by part in numpy: analysis -> features -> step -> mask -> synthesis, around any step.

With the numpy reference of the step, this is what the native code is held against; with ONNX Runtime, what runs where
there is no native code.
"""

from __future__ import annotations

import numpy as np

from rtsep.backends.step import Step, advance
from rtsep.dsp.features import features
from rtsep.dsp.mask import Sets, soft_mask
from rtsep.dsp.pairing import Pairing
from rtsep.dsp.stft import Analysis, SpectrumDelay, Synthesis
from rtsep.model.card import StepCard
from rtsep.types import Audio


class NumpyBackend:
    """The signal path in numpy, see `Backend`.

    Parameters
    ----------
    step
        Whose recurrent state belongs to this stream.
    card
        Of its model.
    channels
        Number of audio channels.
    requested
        What each output is made of, from `requested_sets`, (outputs, stems).
    """

    def __init__(self, step: Step, card: StepCard, channels: int, requested: Sets) -> None:
        self.step, geometry = step, card.geometry
        self.spoilt_hops = 0
        self.name, self._stereo = step.name, card.stereo
        self._analysis = Analysis(geometry, channels, card.contexts)
        self._pairing = Pairing(geometry.hop)
        self._delay = SpectrumDelay(geometry.look_ahead, (channels, geometry.bins))
        self._synthesis = Synthesis(geometry, (len(requested), channels))
        self._masks = self._even = np.full((1, len(requested), geometry.bins), 1.0 / len(requested), np.float32)
        self.reset()

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops, see `Backend.push`."""
        spectra, contexts = self._analysis.push(block)
        masks, pairs = self._masks, self._pairing.push(block)
        if weights is not None:
            masks = soft_mask(self._estimates(features(spectra, contexts, self._stereo, pairs)), weights)
            self._masks = masks[-1:]
        return self._synthesis.push(masks[:, :, np.newaxis] * self._delay.push(spectra)[:, np.newaxis])

    def _estimates(self, hops: dict[str, Audio]) -> Audio:
        """Advance the model, hop by hop; one that it has spoilt is shared evenly, and the model starts anew."""
        found = []
        for hop in range(len(hops["magnitude"])):
            estimates = advance(self.step, {name: values[hop:hop + 1] for name, values in hops.items()})
            if not self.step.is_sound():
                self.spoilt_hops += 1
                self.step.reset()
                estimates = np.zeros_like(estimates)
            found.append(estimates)
        return np.concatenate(found)

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, see `Backend.preview`."""
        return self._synthesis.preview(frames)

    def forget(self) -> None:
        """Let the model start anew, see `Backend.forget`."""
        self.step.reset()
        self._pairing.reset()
        self._delay.forget_bad()
        self._synthesis.forget_bad()

    def reset(self) -> None:
        """Forget all sound, see `Backend.reset`."""
        self.step.reset()
        self._analysis.reset()
        self._pairing.reset()
        self._delay.reset()
        self._synthesis.reset()
        self._masks = self._even
