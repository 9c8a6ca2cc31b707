"""Guitar pedals and what follows the amplifier: gate, compressor, wah, modulation, delay and reverb."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.effects import Random, add_room, compress, convolve, db, echo, fade, high_pass, rms
from training.render.library import Library, read_audio

BLOCK = 64  # frames between two values of a swept filter


def gate(audio: Audio, threshold_db: float, release_ms: float) -> Audio:
    """Close where the 5-ms peak stays below a threshold relative to the loudest peak."""
    block = SAMPLERATE // 200
    count = -(-audio.size // block)
    peaks = np.abs(np.pad(audio, (0, count * block - audio.size))).reshape(count, block).max(axis=1)
    is_open = (peaks > db(threshold_db) * peaks.max(initial=1e-9)).astype(np.float64)
    is_open[:-1] = np.maximum(is_open[:-1], is_open[1:])
    decay = np.exp(-block / (SAMPLERATE * release_ms * 1e-3))
    gain = np.empty(count)
    value = 0.0
    for index, target in enumerate(is_open.tolist()):
        value = max(target, value * decay)
        gain[index] = value
    return (audio * np.interp(np.arange(audio.size), np.arange(count) * block, gain)).astype(np.float32)


def squeeze(audio: Audio, rng: Random) -> Audio:
    """Squeeze to even, long notes with a compressor pedal."""
    threshold_db = float(20.0 * np.log10(rms(audio))) - rng.uniform(4.0, 14.0)
    return compress(audio, threshold_db, rng.uniform(2.0, 8.0), rng.uniform(2.0, 25.0), rng.uniform(60.0, 300.0))


@njit(cache=True)
def _swept_band(audio: np.ndarray, frequency_hz: np.ndarray, block: int, damping: float, samplerate: float,
                ) -> np.ndarray:
    """State-variable band-pass (A. Simper's trapezoidal form), one corner frequency a block."""
    out = np.empty_like(audio)
    first, second = 0.0, 0.0
    g, scale = 0.0, 1.0
    for frame in range(audio.size):
        if frame % block == 0:
            g = np.tan(np.pi * frequency_hz[frame // block] / samplerate)
            scale = 1.0 / (1.0 + g * (g + damping))
        rest = audio[frame] - second
        band = scale * (first + g * rest)
        low = second + g * band
        first, second = 2.0 * band - first, 2.0 * low - second
        out[frame] = damping * band
    return out


def wah(audio: Audio, rng: Random) -> Audio:
    """Sweep a resonant band-pass by a foot in a rhythm, or by the signal's own envelope."""
    count = audio.size // BLOCK + 1
    time = np.arange(count) * (BLOCK / SAMPLERATE)
    if rng.random() < 0.5:
        position = 0.5 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(0.3, 4.0) * time + rng.uniform(0.0, 6.0))
    else:
        position = _envelope(audio, 60.0)[::BLOCK][:count]
        position = np.pad(position, (0, count - position.size))
    low, high = rng.uniform(300.0, 500.0), rng.uniform(1400.0, 2600.0)
    swept: Audio = _swept_band(audio, low * (high / low) ** position, BLOCK, rng.uniform(0.2, 0.6), float(SAMPLERATE))
    mixed: Audio = np.float32(rng.uniform(1.2, 2.0)) * swept + np.float32(0.15) * audio
    return mixed


def _envelope(audio: Audio, smoothing_ms: float) -> np.ndarray:
    """Smoothed absolute value, 0 to 1."""
    alpha = 1.0 - np.exp(-1000.0 / (SAMPLERATE * smoothing_ms))
    smooth = signal.lfilter([alpha], [1.0, alpha - 1.0], np.abs(audio))
    level: np.ndarray = np.sqrt(np.maximum(smooth, 0.0) / (smooth.max(initial=0.0) + 1e-9))
    return level


def chorus(audio: Audio, rng: Random) -> Audio:
    """Mix with a copy whose delay swings: chorus at 8-25 ms, flanger at 1-6 ms, vibrato when it is all wet."""
    flanger = rng.random() < 0.3
    centre_ms = rng.uniform(1.5, 4.0) if flanger else rng.uniform(8.0, 22.0)
    depth_ms = centre_ms * 0.6 if flanger else rng.uniform(0.3, 2.5)
    time = np.arange(audio.size) / SAMPLERATE
    swing = np.sin(2.0 * np.pi * rng.uniform(0.1, 0.6 if flanger else 1.8) * time + rng.uniform(0.0, 6.0))
    positions = np.arange(audio.size) - (centre_ms + depth_ms * swing) * 1e-3 * SAMPLERATE
    copy = np.interp(positions, np.arange(audio.size), audio, left=0.0)
    wet = rng.uniform(0.3, 1.0) * (-1.0 if flanger and rng.random() < 0.5 else 1.0)
    return (audio + wet * copy).astype(np.float32)


@njit(cache=True)
def _swept_all_pass(audio: np.ndarray, coefficient: np.ndarray, block: int, stages: int) -> np.ndarray:
    """Run a chain of first-order all-passes with one coefficient a block."""
    memory_in, memory_out = np.zeros(stages), np.zeros(stages)
    out = np.empty_like(audio)
    for frame in range(audio.size):
        a = coefficient[frame // block]
        value = float(audio[frame])
        for stage in range(stages):
            passed = a * (value - memory_out[stage]) + memory_in[stage]
            memory_in[stage], memory_out[stage] = value, passed
            value = passed
        out[frame] = value
    return out


def phaser(audio: Audio, rng: Random) -> Audio:
    """Notches that wander: the signal plus four to eight swept all-passes."""
    time = np.arange(audio.size // BLOCK + 1) * (BLOCK / SAMPLERATE)
    position = 0.5 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(0.1, 2.5) * time + rng.uniform(0.0, 6.0))
    tangent = np.tan(np.pi * 200.0 * 12.0 ** position / SAMPLERATE)
    shifted: Audio = _swept_all_pass(audio, (tangent - 1.0) / (tangent + 1.0), BLOCK, int(rng.choice([4, 6, 8])))
    return np.float32(0.6) * (audio + shifted)


def tremolo(audio: Audio, rng: Random) -> Audio:
    """Swing the loudness 2 to 9 times a second, as a sine or nearly a square."""
    time = np.arange(audio.size) / SAMPLERATE
    swing = np.tanh(rng.uniform(0.5, 4.0) * np.sin(2.0 * np.pi * rng.uniform(2.0, 9.0) * time))
    return (audio * (1.0 - rng.uniform(0.25, 0.9) * (0.5 + 0.5 * swing))).astype(np.float32)


def random_echo(audio: Audio, rng: Random) -> Audio:
    """Slap-back (one repeat at 70-150 ms) or a longer delay with several repeats."""
    if rng.random() < 0.5:
        return echo(audio, rng, rng.uniform(0.07, 0.15), int(rng.integers(1, 3)), rng.uniform(-12.0, -3.0))
    return echo(audio, rng, rng.uniform(0.2, 0.6), int(rng.integers(2, 6)), rng.uniform(-18.0, -5.0))


def reverb(audio: Audio, library: Library, rng: Random) -> Audio:
    """Spring, plate or a small room around the cabinet."""
    kind = rng.random()
    if kind < 0.35:
        return add_room(audio, rng, rng.uniform(-22.0, -8.0), rng.uniform(0.2, 0.8), rng.random())
    pattern = "irs_spring.flac" if kind < 0.7 else "plate_emt140/*.flac"
    responses = library.impulse_responses(pattern)
    response = read_audio(responses[int(rng.integers(len(responses)))])[: 2 * SAMPLERATE]
    response = fade(response, 0, SAMPLERATE // 2) / np.sqrt(np.sum(np.square(response)))
    return audio + db(rng.uniform(-22.0, -6.0)) * convolve(audio, response)


def octave(audio: Audio) -> Audio:
    """Add a fuzz's octave up: rectification, without its offset."""
    return audio + 0.7 * high_pass(np.abs(audio), 60.0, 1)
