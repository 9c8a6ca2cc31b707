"""The WORLD vocoder: a voice taken apart into pitch, spectral envelope and breath, and put together at another pitch.

M. Morise, F. Yokomori, K. Ozawa: WORLD, a vocoder-based high-quality speech synthesis system, IEICE 2016; package
`pyworld`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio
from training import SAMPLERATE

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
    import pyworld

FRAMES_PER_SECOND = 200
LOWEST_HZ, HIGHEST_HZ = 70.0, 800.0
"""Range in which the pitch of a voice is looked for."""
_FFT = 2048
_BINS = _FFT // 2 + 1
Frames = NDArray[np.float64]


@dataclass(frozen=True)
class Voice:
    """A voice frame by frame, 5 ms each.

    Parameters
    ----------
    pitch_hz
        Shape (frames,), 0 where the voice has no pitch.
    envelope
        Power of the spectral envelope, shape (frames, 1025), bins of 21.5 Hz.
    aperiodicity
        Share of noise in the amplitude, same shape, 0 to 1.
    """

    pitch_hz: Frames
    envelope: Frames
    aperiodicity: Frames


def analyse(audio: Audio) -> Voice:
    """Take a voice apart: pitch by DIO and StoneMask, envelope by CheapTrick, aperiodicity by D4C.

    Parameters
    ----------
    audio
        One voice alone, shape (frames,), at 44.1 kHz.
    """
    signal = audio.astype(np.float64)
    coarse, times = pyworld.dio(signal, SAMPLERATE, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 / FRAMES_PER_SECOND)
    pitch_hz = pyworld.stonemask(signal, coarse, times, SAMPLERATE)
    envelope = pyworld.cheaptrick(signal, pitch_hz, times, SAMPLERATE, fft_size=_FFT)
    return Voice(pitch_hz, envelope, pyworld.d4c(signal, pitch_hz, times, SAMPLERATE, fft_size=_FFT))


def synthesise(voice: Voice, frames: int) -> Audio:
    """Put a voice together again.

    Returns
    -------
    Audio
        Shape (frames,), float32; silence after the end of the voice.
    """
    parts = (np.ascontiguousarray(part) for part in (voice.pitch_hz, voice.envelope, voice.aperiodicity))
    sung = pyworld.synthesize(*parts, SAMPLERATE, 1000.0 / FRAMES_PER_SECOND)[:frames]
    return np.pad(sung, (0, frames - sung.size)).astype(np.float32)


def brighten(voice: Voice, band_hz: float) -> Voice:
    """Give a voice that was recorded in a narrow band the air above it: the band below mirrored, softer, mostly noise.

    Parameters
    ----------
    band_hz
        Where the recording ends.
    """
    edge = int(band_hz * _FFT / SAMPLERATE)
    above = np.arange(_BINS - edge)
    envelope, aperiodicity = voice.envelope.copy(), voice.aperiodicity.copy()
    envelope[:, edge:] = voice.envelope[:, edge - 1 - above // 2] * np.geomspace(1.0, 1e-3, above.size)
    aperiodicity[:, edge:] = np.maximum(voice.aperiodicity[:, edge - 1, None], 0.7)
    return replace(voice, envelope=envelope, aperiodicity=aperiodicity)


def shift_formants(voice: Voice, ratio: float) -> Voice:
    """Stretch the frequency axis of the envelope: below 1 a larger head, above 1 a smaller one."""
    bins = np.arange(_BINS) / ratio
    low = np.minimum(bins.astype(int), _BINS - 2)
    part = np.clip(bins - low, 0.0, 1.0)
    return replace(voice, envelope=voice.envelope[:, low] * (1.0 - part) + voice.envelope[:, low + 1] * part)


def with_effort(voice: Voice, effort: float) -> Voice:
    """Sing louder or softer: presence between 0.8 and 6 kHz, and share of breath.

    Parameters
    ----------
    effort
        -1 whispered to 1 shouted: up to 12 dB less or more around 2 kHz, and breath that goes the other way.
    """
    octaves = np.log2(np.maximum(np.arange(_BINS) * SAMPLERATE / _FFT / 500.0, 1.0))
    presence = np.interp(octaves, [0.0, 2.0, 4.5], [0.0, 2.5, 0.2])
    return replace(voice, envelope=voice.envelope * 10.0 ** (0.5 * effort * presence),
                   aperiodicity=voice.aperiodicity ** (2.0 ** effort))
