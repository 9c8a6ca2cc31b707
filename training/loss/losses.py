"""Losses by name: each maps a `Scene` to one value a lane and stem, and a recipe mixes them.

`negative_snr` never touches the full spectrum in its gradient and is the fast one. The others are there to be
compared with it, so they favour plainness over speed. Spectral ones differ in what the masked magnitude m |X| is
compared with: `magnitude` |S| (the paper's), `ratio` |X| |S| / sum of all |S|, or `phase` |S| cos of the angle
between S and X, truncated to 0..|X| (Erdogan et al., "Phase-sensitive and recognition-boosted speech separation
using deep recurrent neural networks", ICASSP 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor

from rtsep.dsp.windows import Geometry
from training.loss.masked_error import SILENCE, MaskedError, decibels
from training.nets.spectra import power_of, resynthesise

TINY = 1e-9
RESOLUTIONS = (512, 1024, 2048)


@dataclass(frozen=True)
class Truth:
    """What masks are compared with.

    Parameters
    ----------
    error
        Form of the squared error; absent where no loss asks for it.
    stems
        Complex spectra, (batch, time, stems, channels, bins); absent where no loss asks for them.
    """

    error: MaskedError | None
    stems: Tensor | None

    @classmethod
    def join(cls, parts: Sequence[Truth]) -> Truth:
        """Concatenate over the batch."""
        errors = [part.error for part in parts if part.error is not None]
        stems = [part.stems for part in parts if part.stems is not None]
        return cls(MaskedError.join(errors) if errors else None, torch.cat(stems) if stems else None)


@dataclass(frozen=True)
class Scene:
    """Band masks beside the truth; a form is made when the first loss asks for it.

    Parameters
    ----------
    masks
        (batch, time, stems, bands), real; complex ones for losses of `FROM_SOUND` only.
    truth
        Of the same lanes and hops.
    spread
        Weights of each band in each bin, (bands, bins).
    geometry
        Transform lengths.
    """

    masks: Tensor
    truth: Truth
    spread: Tensor
    geometry: Geometry

    @property
    def stems(self) -> Tensor:
        """Complex spectra of the true stems."""
        assert self.truth.stems is not None  # kept, as a loss asks for them
        return self.truth.stems

    @cached_property
    def mixture(self) -> Tensor:
        """Complex spectrum of the mixture, (batch, time, 1, channels, bins)."""
        return self.stems.sum(dim=2, keepdim=True)

    @cached_property
    def bin_masks(self) -> Tensor:
        """Masks of every bin and all channels, (batch, time, stems, 1, bins)."""
        return (self.masks @ self.spread.to(self.masks.dtype))[:, :, :, None]

    @cached_property
    def sounds(self) -> tuple[Tensor, Tensor]:
        """Separated and true stems, each (batch, stems, channels, frames); hops at the edges overlap in part."""
        found, true = (resynthesise(part.permute(0, 2, 3, 1, 4), self.geometry)
                       for part in (self.bin_masks * self.mixture, self.stems))
        return found, true


class Loss:
    """A mixture of losses.

    Parameters
    ----------
    shares
        Weight of each loss, by its name in `LOSSES`.
    stem_weights
        Weight of each stem.
    spread, geometry
        As in `Scene`.
    """

    def __init__(self, shares: dict[str, float], stem_weights: Sequence[float], spread: Tensor,
                 geometry: Geometry) -> None:
        self.shares, self.spread, self.geometry = shares, spread, geometry
        self.stem_weights = torch.tensor(stem_weights, device=spread.device) / sum(stem_weights)

    def truth(self, stems: Tensor, mixture: Tensor) -> Truth:
        """Keep what the chosen losses look at; arguments as of `MaskedError.of`."""
        error = MaskedError.of(stems, mixture, self.spread) if "negative_snr" in self.shares else None
        return Truth(error, stems if set(self.shares) - {"negative_snr"} else None)

    def __call__(self, masks: Tensor, truth: Truth) -> Tensor:
        """Judge band masks (batch, time, stems, bands); returns a scalar: weighted over stems, mean over the batch."""
        scene = Scene(masks, truth, self.spread, self.geometry)
        values = sum(share * LOSSES[name](scene) for name, share in self.shares.items())
        return (values * self.stem_weights).sum(dim=1).mean()


def _negative_snr(scene: Scene) -> Tensor:
    """Of the masked complex spectrum, dB."""
    assert scene.truth.error is not None  # kept, as this loss asks for it
    return scene.truth.error.negative_snr(scene.masks)


def _time_snr(scene: Scene) -> Tensor:
    """Negative signal-to-noise ratio of the samples, dB."""
    found, true = scene.sounds
    floor = SILENCE * true.sum(dim=1, keepdim=True).square().sum(dim=(2, 3)) + TINY
    return decibels((found - true).square().sum(dim=(2, 3)), true.square().sum(dim=(2, 3)), floor)


def _spectral(scene: Scene, target: str, exponent: int) -> Tensor:
    """Error of the masked magnitude to a power, relative to the mixture."""
    size = scene.mixture.abs()
    error = (scene.bin_masks * size - TARGETS[target](scene.stems, scene.mixture, size)).abs() ** exponent
    return error.sum(dim=(1, 3, 4)) / ((size ** exponent).sum(dim=(1, 3, 4)) + TINY)


def _ratio(stems: Tensor, mixture: Tensor, size: Tensor) -> Tensor:
    magnitudes = stems.abs()
    return size * magnitudes / (magnitudes.sum(dim=2, keepdim=True) + TINY)


def _phase(stems: Tensor, mixture: Tensor, size: Tensor) -> Tensor:
    return ((stems * mixture.conj()).real / (size + TINY)).clamp(min=0.0).minimum(size)


def _multi_resolution(scene: Scene) -> Tensor:
    """Linear and log distance of magnitudes under several windows, after Yamamoto et al. (Parallel WaveGAN, 2020).

    The linear part is relative to the mixture and the log part is above a floor below it, so that silent stems count.
    """
    found, true = scene.sounds
    total = torch.zeros(found.shape[:3], device=found.device)
    for length in RESOLUTIONS:
        sizes = [_magnitudes(sound, length) for sound in (found, true, true.sum(dim=1, keepdim=True))]
        estimate, truth, mixture = sizes
        floor = mixture.square().mean(dim=(3, 4), keepdim=True).mul(SILENCE).sqrt() + TINY
        linear = (estimate - truth).abs().sum(dim=(3, 4)) / (mixture.sum(dim=(3, 4)) + TINY)
        log = torch.log((estimate + floor) / (truth + floor)).abs().mean(dim=(3, 4))
        total = total + (linear + log) / len(RESOLUTIONS)
    return total.mean(dim=2)


def _magnitudes(sound: Tensor, length: int) -> Tensor:
    """Of a Hann window a quarter apart, (batch, stems, channels, bins, time); smooth at zero."""
    window = torch.hann_window(length, device=sound.device)
    spectrum = torch.stft(sound.flatten(0, 2), length, length // 4, window=window, center=False, return_complex=True)
    return (power_of(spectrum) + TINY).sqrt().reshape(*sound.shape[:3], *spectrum.shape[1:])


TARGETS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "magnitude": lambda stems, mixture, size: stems.abs(), "ratio": _ratio, "phase": _phase}
"""What masked magnitudes are compared with: of the stems, the mixture and its magnitude."""

LOSSES: dict[str, Callable[[Scene], Tensor]] = {
    "negative_snr": _negative_snr, "time_snr": _time_snr, "multi_resolution": _multi_resolution,
    **{f"{target}_{norm}": partial(_spectral, target=target, exponent=exponent)
       for target in TARGETS for norm, exponent in (("mse", 2), ("l1", 1))}}
"""Every loss that a recipe may name."""
FROM_SOUND = ("time_snr", "multi_resolution")
"""Losses of the separated sound, which complex masks may have too."""
