"""What separates a rendering from a recording: random tone, tuning, saturation, clipping and band limits.

All on mono float32 of shape (frames,) at 44.1 kHz.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.recipes.numbers import Semitones, Share, Spread, Stretch

Random = np.random.Generator
TAPS = 511
PIECE = 2048  # of a stretched sound: 46 ms
SEEK = 512  # frames that a piece may be moved by, either way
COARSE = 8  # frames that are one when places are compared: a fifth of a millisecond


@dataclass(frozen=True)
class AugmentConfig:
    """How often each augmentation of a stem happens, as probabilities, and its range.

    Parameters
    ----------
    tone, tone_db
        Smooth random equalisation and its standard deviation; each kind of sound has a tilt of its own.
    pitch, pitch_semitones
        Resampling: tuning and tempo together, at most this far up or down. It covers sounds that are played at
        another sample rate than their own: 48 kHz at 44.1 is 1.47 semitones.
    stretch, stretch_part
        Tempo alone, at most this part faster or slower.
    saturation, clipping
        Soft and hard limiting of the waveform.
    band_limit
        Steep low-pass (3.5-16 kHz) or high-pass (40-250 Hz), as dull recordings and low sample rates have.
    codec
        MP3 at a random rate.
    room
        Reflections and a diffuse tail: what a recording has between the notes and strokes.
    noise
        Hiss of a random colour, 35 to 70 dB below the sound: renderings are silent where recordings are not.
    bleed
        Of a whole mixture: every stem is heard by the microphones of the others too.
    """

    tone: Share = 0.8
    tone_db: Spread = 4.5
    pitch: Share = 0.6
    pitch_semitones: Semitones = 3.0
    saturation: Share = 0.2
    clipping: Share = 0.1
    band_limit: Share = 0.25
    codec: Share = 0.03
    room: Share = 0.15
    noise: Share = 0.4
    stretch: Share = 0.0
    stretch_part: Stretch = 0.15
    bleed: Share = 0.0


def augment(audio: Audio, config: AugmentConfig, rng: Random, tilt_db: float = 0.0, body_db: float = 0.0) -> Audio:
    """Apply a random choice of augmentations; keeps the length and about the level.

    Parameters
    ----------
    audio
        One sound.
    tilt_db
        Mean of the random equalisation at 16 kHz, rising or falling from 1 kHz.
    body_db
        Mean of the random equalisation around 240 Hz.
    """
    if rng.random() < config.saturation:
        audio = _saturate(audio, rng.uniform(1.0, 6.0))
    if rng.random() < config.room:
        audio = audio + signal.oaconvolve(audio, _room(rng))[: audio.size].astype(np.float32)
    if rng.random() < config.tone:
        tone = _random_tone(config.tone_db, rng, tilt_db, body_db)
        audio = signal.oaconvolve(audio, tone, mode="same").astype(np.float32)
    if rng.random() < config.band_limit:
        audio = _limit_band(audio, rng)
    if rng.random() < config.codec:
        audio = _code(audio, rng)
    if rng.random() < config.noise:
        audio = audio + _hiss(audio, rng)
    if rng.random() < config.clipping:
        peak = np.quantile(np.abs(audio[::16]), rng.uniform(0.97, 0.999)) + 1e-6
        audio = np.clip(audio, -peak, peak)
    return audio * np.float32(rng.choice([-1.0, 1.0]))


def retune(audio: Audio, frames: int, semitones: float) -> Audio:
    """Play `frames` frames faster or slower by this many semitones.

    Parameters
    ----------
    audio
        At least `frames_needed(frames, semitones)` long.
    """
    if abs(semitones) < 0.01:
        return audio[:frames]
    bent: Audio = soxr.resample(audio, SAMPLERATE * 2.0 ** (semitones / 12.0), SAMPLERATE, quality="LQ")
    return bent[:frames]


def frames_needed(frames: int, semitones: float) -> int:
    """Frames of source that `retune` needs for `frames` of result."""
    return int(frames * 2.0 ** (semitones / 12.0)) + 64


def stretch(audio: Audio, speed: float) -> Audio:
    """Play at another tempo without another pitch: pieces that overlap by half, each moved to where it fits best.

    WSOLA (Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality
    time-scale modification of speech", 1993).

    Parameters
    ----------
    speed
        Above 1 is faster.

    Returns
    -------
    stretched
        (audio.size / speed,), rounded down.
    """
    frames = int(audio.size / speed)
    source = np.pad(audio, (PIECE // 2 + SEEK, 3 * PIECE + -audio.size % COARSE))
    dull = source.reshape(-1, COARSE).mean(axis=1)
    window = signal.windows.hann(PIECE, sym=False).astype(np.float32)
    out = np.zeros(frames + 2 * PIECE, np.float32)
    begin = SEEK
    for at in range(0, frames + PIECE // 2, PIECE // 2):
        if at:
            follows = (begin + PIECE // 2) // COARSE  # what comes after the piece before, if nothing were stretched
            near = round(at * speed / COARSE)
            region, expected = dull[near:][:(PIECE + 2 * SEEK) // COARSE], dull[follows:][:PIECE // COARSE]
            begin = COARSE * (near + int(np.argmax(np.correlate(region, expected, "valid"))))
        out[at:at + PIECE] += window * source[begin:begin + PIECE]
    return out[PIECE // 2:][:frames]


def bleed(stems: Audio, rng: Random) -> Audio:
    """Let the close microphone of every stem hear the others: late, dull, 12 to 35 dB softer.

    What is heard elsewhere counts to the stem that made it. The mixture is the same whichever stem it counts to; a
    target with other instruments in it would teach to leak.

    Parameters
    ----------
    stems
        (stems, channels, frames).
    """
    heard = stems.copy()
    for own, sound in zip(heard, stems, strict=True):
        for _ in range(len(stems) - 1):
            late = int(SAMPLERATE * rng.uniform(0.001, 0.02))  # 0.3 to 7 m
            dull = signal.butter(1, rng.uniform(1000.0, 8000.0), fs=SAMPLERATE, output="sos").astype(np.float32)
            gain = np.float32(10.0 ** (rng.uniform(-35.0, -12.0) / 20.0))
            own[:, late:] += gain * signal.sosfilt(dull, sound[:, :-late]).astype(np.float32)
    return heard


def _random_tone(spread_db: float, rng: Random, tilt_db: float, body_db: float) -> Audio:
    """Linear-phase filter whose response in dB is a smooth random curve over log frequency, a tilt and a bell."""
    knots = np.cumsum(rng.normal(0.0, spread_db * 0.6, 9))
    knots = np.clip(knots - knots.mean(), -3.0 * spread_db, 3.0 * spread_db)
    knots += tilt_db * np.clip(np.arange(-4.0, 5.0) / 4.0, 0.0, 1.0)  # the middle knot lies at 1 kHz
    knots[1:4] += body_db * np.array([0.4, 1.0, 0.3])  # 120, 240 and 490 Hz
    bins = np.linspace(0.0, SAMPLERATE / 2, TAPS // 2 + 1)
    positions = np.interp(np.log2(bins + 30.0), np.linspace(np.log2(60.0), np.log2(16000.0), 9), np.arange(9))
    response = 10.0 ** (np.interp(positions, np.arange(9), knots) / 20.0)
    impulse = np.roll(np.fft.irfft(response, TAPS), TAPS // 2)
    return (impulse * np.hanning(TAPS)).astype(np.float32)


def _room(rng: Random) -> Audio:
    """Tail of a random room without its direct sound: 0.1 to 1.2 s, 0 to 20 dB below the sound, darker as it decays."""
    seconds = float(np.exp(rng.uniform(np.log(0.1), np.log(1.2))))
    time = np.arange(int(SAMPLERATE * seconds)) / SAMPLERATE
    tail = rng.standard_normal(time.size) * 10.0 ** (-3.0 * time / seconds)
    tail[: int(SAMPLERATE * rng.uniform(0.001, 0.02))] = 0.0
    dark = signal.lfilter([0.25], [1.0, -0.75], tail)
    mixed = tail + (dark - tail) * np.minimum(1.0, time / (0.3 * seconds))
    level = 10.0 ** (rng.uniform(-20.0, 0.0) / 20.0)
    return np.asarray(mixed * (level / np.sqrt(np.sum(np.square(mixed)) + 1e-9)), np.float32)


def _hiss(audio: Audio, rng: Random) -> Audio:
    """Steady noise of a random colour."""
    noise = signal.lfilter([1.0], [1.0, -rng.uniform(0.0, 0.97)], rng.standard_normal(audio.size, np.float32))
    level = np.sqrt(np.mean(np.square(audio)) / (np.mean(np.square(noise)) + 1e-12))
    return np.asarray(noise * (level * 10.0 ** (rng.uniform(-70.0, -35.0) / 20.0)), np.float32)


def _saturate(audio: Audio, drive: float) -> Audio:
    level = float(np.sqrt(np.mean(np.square(audio)))) + 1e-6
    return np.asarray(np.tanh(audio * np.float32(drive * 0.3 / level)) * np.float32(level / (drive * 0.3)))


def _code(audio: Audio, rng: Random) -> Audio:
    """Encode to MP3 and decode; keeps the level and the length, the codec's delay stays."""
    peak = np.abs(audio).max(initial=0.0) + np.float32(1e-6)
    with tempfile.TemporaryDirectory() as folder:  # a file in memory would call Python, which Ctrl-C may interrupt
        path = Path(folder, "sound.mp3")
        soundfile.write(path, audio / peak, SAMPLERATE, format="MP3", compression_level=rng.uniform(0.0, 0.99))
        decoded = soundfile.read(path, frames=audio.size, dtype="float32")[0] * peak
    return np.pad(decoded, (0, audio.size - decoded.size))


def _limit_band(audio: Audio, rng: Random) -> Audio:
    if rng.random() < 0.6:
        sections = signal.butter(int(rng.integers(2, 7)), rng.uniform(3500.0, 16000.0), "lowpass", fs=SAMPLERATE,
                                 output="sos")
    else:
        sections = signal.butter(2, rng.uniform(40.0, 250.0), "highpass", fs=SAMPLERATE, output="sos")
    return np.asarray(signal.sosfilt(sections.astype(np.float32), audio), np.float32)
