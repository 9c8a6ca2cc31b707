"""The streaming transform of the runtime over whole sequences, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.dsp.windows import Geometry, analysis_window, synthesis_window


def spectra(audio: Tensor, length: int, geometry: Geometry) -> Tensor:
    """Spectra of windows that end where hops end.

    Parameters
    ----------
    audio
        Samples (..., frames): history and hops; the last window ends at the last sample.
    length
        Frames of the window; its first one ends `length` frames in, so give `length - hop` of history.
    geometry
        Transform lengths.

    Returns
    -------
    spectra
        Complex, (..., time, length // 2 + 1).
    """
    window = torch.from_numpy(analysis_window(length, geometry.synthesis)).to(audio.device)
    transformed: Tensor = torch.fft.rfft(audio.unfold(-1, length, geometry.hop) * window)
    return transformed


def power_of(spectrum: Tensor) -> Tensor:
    """Squared magnitude of a complex spectrum."""
    return torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag)


def mid_of(spectrum: Tensor) -> Tensor:
    """Spectrum of the mid signal, the mean of the channels: (batch, channels, time, bins) to (batch, time, bins)."""
    return spectrum.mean(dim=1)


def resynthesise(masked: Tensor, geometry: Geometry) -> Tensor:
    """Invert and overlap-add (..., time, bins) to (..., time * hop + synthesis - hop) frames.

    The first frame belongs `synthesis` frames before the end of the first window.
    """
    window = torch.from_numpy(synthesis_window(geometry)).to(masked.device)
    pieces = torch.fft.irfft(masked, geometry.analysis)[..., -geometry.synthesis:] * window
    lead, time = pieces.shape[:-2], pieces.shape[-2]
    frames = time * geometry.hop + geometry.synthesis - geometry.hop
    folded = torch.nn.functional.fold(pieces.reshape(-1, time, geometry.synthesis).transpose(1, 2), (1, frames),
                                      (1, geometry.synthesis), stride=(1, geometry.hop))
    return folded.reshape(*lead, frames)
