"""Studio effects that every instrument's renderer shares: tuning, tone, dynamics, saturation and rooms.

All work on mono float32 of shape (frames,) at 44.1 kHz and return a new array.
"""

from __future__ import annotations

import numpy as np
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE

Random = np.random.Generator


def db(value: float) -> float:
    """Amplitude ratio of a level in decibels."""
    return float(10.0 ** (value / 20.0))


def rms(audio: Audio) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(np.square(audio), dtype=np.float64) + 1e-12))


def to_level(audio: Audio, level_db: float) -> Audio:
    """Scale to an RMS of `level_db` relative to full scale."""
    return (audio * (db(level_db) / rms(audio))).astype(np.float32)


def transpose(audio: Audio, semitones: float) -> Audio:
    """Play faster (up) or slower (down), as a tape does: pitch and length change together."""
    if abs(semitones) < 1e-3 or audio.size < 2:
        return audio
    positions = np.arange(0, audio.size - 1, 2.0 ** (semitones / 12.0))
    return np.interp(positions, np.arange(audio.size), audio).astype(np.float32)


def bend(audio: Audio, semitones: Audio) -> Audio:
    """Transpose by a curve of semitones per output frame (bends, slides, vibrato, drift)."""
    positions = np.cumsum(2.0 ** (semitones / 12.0))
    positions = positions[positions < audio.size - 1]
    return np.interp(positions, np.arange(audio.size), audio).astype(np.float32)


def add_at(track: Audio, sound: Audio, start: int, gain: float = 1.0) -> None:
    """Add a sound into a track in place, clipped to the track's ends."""
    begin, end = max(start, 0), min(start + sound.size, track.size)
    if end > begin:
        track[begin:end] += gain * sound[begin - start:end - start]


def fade(audio: Audio, fade_in: int, fade_out: int) -> Audio:
    """Linear fades at both ends, lengths in frames."""
    out = audio.copy()
    fade_in, fade_out = min(fade_in, out.size), min(fade_out, out.size)
    if fade_in:
        out[:fade_in] *= np.linspace(0.0, 1.0, fade_in, dtype=np.float32)
    if fade_out:
        out[out.size - fade_out:] *= np.linspace(1.0, 0.0, fade_out, dtype=np.float32)
    return out


def convolve(audio: Audio, response: Audio) -> Audio:
    """Convolve with an impulse response and keep the input's length."""
    return np.asarray(signal.oaconvolve(audio, response)[: audio.size], np.float32)


def peaking(audio: Audio, frequency_hz: float, gain_db: float, q: float) -> Audio:
    """One bell of a parametric equaliser (R. Bristow-Johnson's cookbook formula)."""
    amplitude = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * frequency_hz / SAMPLERATE
    alpha = np.sin(omega) / (2.0 * q)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(omega), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(omega), 1 - alpha / amplitude])
    return np.asarray(signal.lfilter(b / a[0], a / a[0], audio), np.float32)


def high_pass(audio: Audio, frequency_hz: float, order: int = 2) -> Audio:
    """Butterworth high-pass."""
    sections = signal.butter(order, frequency_hz, "highpass", fs=SAMPLERATE, output="sos")
    return np.asarray(signal.sosfilt(sections, audio), np.float32)


def low_pass(audio: Audio, frequency_hz: float, order: int = 2) -> Audio:
    """Butterworth low-pass."""
    sections = signal.butter(order, frequency_hz, "lowpass", fs=SAMPLERATE, output="sos")
    return np.asarray(signal.sosfilt(sections, audio), np.float32)


def random_tone(audio: Audio, rng: Random, bells: int = 3, range_db: float = 6.0) -> Audio:
    """Equalise as a mixing engineer would: a few random bells between 60 Hz and 12 kHz."""
    for _ in range(bells):
        frequency_hz = float(np.exp(rng.uniform(np.log(60.0), np.log(12000.0))))
        audio = peaking(audio, frequency_hz, rng.uniform(-range_db, range_db), rng.uniform(0.4, 1.5))
    return audio


def compress(audio: Audio, threshold_db: float, ratio: float, attack_ms: float, release_ms: float) -> Audio:
    """Feed-forward compressor on a 1-ms peak envelope; threshold relative to full scale."""
    block = SAMPLERATE // 1000
    frames = -(-audio.size // block)
    padded = np.zeros(frames * block, np.float32)
    padded[: audio.size] = np.abs(audio)
    peaks = padded.reshape(frames, block).max(axis=1)
    level_db = 20.0 * np.log10(peaks + 1e-6)
    reduction_db = np.minimum(0.0, (threshold_db - level_db) * (1.0 - 1.0 / ratio))
    gain_db = _attack_release(reduction_db, np.exp(-1.0 / max(attack_ms, 0.1)), np.exp(-1.0 / max(release_ms, 0.1)))
    gain = np.interp(np.arange(audio.size), np.arange(frames) * block + block / 2, 10.0 ** (gain_db / 20.0))
    return (audio * gain).astype(np.float32)


def _attack_release(reduction_db: np.ndarray, attack: float, release: float) -> np.ndarray:
    """One-pole smoothing with its own coefficient on the way down (attack) and up (release)."""
    out = np.empty_like(reduction_db)
    value = 0.0
    for index, target in enumerate(reduction_db.tolist()):
        value = target + (attack if target < value else release) * (value - target)
        out[index] = value
    return out


def saturate(audio: Audio, drive_db: float) -> Audio:
    """Tape-like soft clipping at about constant loudness."""
    level = rms(audio)
    driven = np.tanh(audio * (db(drive_db) * 0.25 / level))
    return np.asarray(driven * (level / rms(driven)), np.float32)


def echo(audio: Audio, rng: Random, delay_s: float, repeats: int, wet_db: float) -> Audio:
    """Tape echo: each repeat is darker and softer than the one before."""
    out, copy = audio.copy(), audio
    frames = int(delay_s * SAMPLERATE)
    feedback = rng.uniform(0.25, 0.6)
    for repeat in range(min(repeats, audio.size // max(frames, 1))):
        copy = low_pass(high_pass(copy, 120.0, 1), rng.uniform(2000.0, 6000.0), 1)
        add_at(out, copy, frames * (repeat + 1), db(wet_db) * feedback**repeat)
    return out


def room_response(rng: Random, seconds: float, brightness: float = 0.5) -> Audio:
    """Impulse response of an invented room: direct sound, a few early reflections, a decaying diffuse tail.

    Parameters
    ----------
    seconds
        Reverberation time (60 dB), s.
    brightness
        0 dark to 1 bright: how fast the treble decays.
    """
    frames = int(SAMPLERATE * max(seconds, 0.05))
    time = np.arange(frames) / SAMPLERATE
    tail = rng.standard_normal(frames) * 10.0 ** (-3.0 * time / seconds)
    dark = low_pass(tail.astype(np.float32), 1200.0 + 4000.0 * brightness, 1)
    blend = np.exp(-time / (seconds * (0.05 + 0.25 * brightness)))
    tail = blend * tail + (1.0 - blend) * dark
    start = int(SAMPLERATE * rng.uniform(0.003, 0.02))
    tail[:start] = 0.0
    for _ in range(rng.integers(3, 9)):
        tail[int(SAMPLERATE * rng.uniform(0.001, 0.035))] += rng.uniform(-1.0, 1.0) * 3.0
    return np.asarray(tail / np.sqrt(np.sum(np.square(tail)) + 1e-9), np.float32)


def add_room(audio: Audio, rng: Random, wet_db: float, seconds: float, brightness: float = 0.5) -> Audio:
    """Mix in a random room at `wet_db` relative to the dry sound's energy."""
    return audio + db(wet_db) * convolve(audio, room_response(rng, seconds, brightness))
