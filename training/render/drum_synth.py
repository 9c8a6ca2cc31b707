"""Percussion made from nothing but shaped noise and sweeping sines: shakers, brushes, drum machines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.effects import fade, transpose

Random = np.random.Generator


def _time(seconds: float) -> Audio:
    return np.asarray(np.arange(int(seconds * SAMPLERATE)) / SAMPLERATE, np.float32)


def _noise(rng: Random, frames: int, low_hz: float, high_hz: float, order: int = 2) -> Audio:
    """White noise between two corner frequencies, RMS about 1 in its band."""
    sections = signal.butter(order, [low_hz, min(high_hz, 20000.0)], "bandpass", fs=SAMPLERATE, output="sos")
    shaped = signal.sosfilt(sections, rng.standard_normal(frames))
    return np.asarray(shaped / (np.std(shaped) + 1e-9), np.float32)


def _swell(time: Audio, rise: float, fall: float) -> Audio:
    """Envelope that rises linearly for `rise` s and then decays with time constant `fall` s."""
    return np.where(time < rise, time / rise, np.exp(-(time - rise) / fall)).astype(np.float32)


def _sweep(time: Audio, start_hz: float, end_hz: float, fall: float) -> Audio:
    """Sine that falls exponentially from one frequency to another."""
    phase = end_hz * time + (start_hz - end_hz) * fall * (1.0 - np.exp(-time / fall))
    return np.asarray(np.sin(2.0 * np.pi * phase), np.float32)


def _partials(time: Audio, frequencies: Audio) -> Audio:
    """Sum of square waves, the way drum machines make metal."""
    return np.asarray(np.sign(np.sin(2.0 * np.pi * frequencies[:, None] * time)).sum(axis=0), np.float32)


def shaker(rng: Random) -> Audio:
    """Shake grains in a shell: a short swell of high noise."""
    low_hz = rng.uniform(3000.0, 7000.0)
    time = _time(rng.uniform(0.06, 0.14))
    return _noise(rng, time.size, low_hz, low_hz * 2.5) * _swell(time, rng.uniform(0.01, 0.05), 0.025)


def tambourine(rng: Random) -> Audio:
    """Strike jingles: a few ringing high partials and noise, struck two or three times in close succession."""
    time = _time(0.35)
    sound = 0.6 * _noise(rng, time.size, 5000.0, 16000.0)
    for frequency_hz in rng.uniform(4500.0, 12000.0, 7):
        sound += 0.5 * np.sin(2.0 * np.pi * frequency_hz * time + rng.uniform(0.0, 6.0))
    envelope = np.exp(-time / rng.uniform(0.03, 0.09))
    late = int(rng.uniform(0.015, 0.04) * SAMPLERATE)
    envelope[late:] += 0.6 * envelope[:-late]
    return np.asarray(sound * envelope, np.float32)


def clap(rng: Random) -> Audio:
    """Clap several hands, nearly together, with a short tail."""
    centre_hz = rng.uniform(900.0, 1800.0)
    time = _time(rng.uniform(0.15, 0.35))
    envelope = 0.5 * np.exp(-time / rng.uniform(0.03, 0.09))
    for start in np.sort(rng.uniform(0.0, 0.03, 4)):
        envelope += (time >= start) * np.exp(-np.maximum(time - start, 0.0) / 0.005)
    return np.asarray(_noise(rng, time.size, centre_hz * 0.6, centre_hz * 2.5) * envelope, np.float32)


def cowbell(rng: Random) -> Audio:
    """Ring two square waves a fifth or so apart, filtered."""
    base_hz = rng.uniform(480.0, 720.0)
    time = _time(rng.uniform(0.12, 0.4))
    tone = _partials(time, np.array([base_hz, base_hz * rng.uniform(1.4, 1.52)], np.float32))
    sections = signal.butter(1, [base_hz * 0.9, base_hz * 4.0], "bandpass", fs=SAMPLERATE, output="sos")
    return np.asarray(signal.sosfilt(sections, tone) * np.exp(-time / rng.uniform(0.03, 0.1)), np.float32)


def conga(rng: Random) -> Audio:
    """Strike a skin by hand: a slightly falling tone and a slap of noise."""
    base_hz = rng.uniform(160.0, 420.0)
    time = _time(0.4)
    tone = _sweep(time, base_hz * 1.15, base_hz, 0.02) * np.exp(-time / rng.uniform(0.05, 0.14))
    tone += 0.3 * np.sin(2.0 * np.pi * base_hz * 1.6 * time) * np.exp(-time / 0.03)
    share = rng.uniform(0.1, 0.5)
    noise = _noise(rng, time.size, 800.0, 5000.0) * np.exp(-time / 0.006)
    return np.asarray(tone + share * noise, np.float32)


def sticks(rng: Random) -> Audio:
    """Strike two drum sticks together."""
    time = _time(0.06)
    base_hz = rng.uniform(1300.0, 2600.0)
    tone = np.sin(2.0 * np.pi * base_hz * time) + 0.6 * np.sin(2.0 * np.pi * base_hz * rng.uniform(1.6, 2.4) * time)
    click = _noise(rng, time.size, 1500.0, 9000.0) * np.exp(-time / 0.002)
    return np.asarray(tone * np.exp(-time / rng.uniform(0.005, 0.012)) + 0.7 * click, np.float32)


def brush_sweep(rng: Random) -> Audio:
    """Draw wires over a snare head: a slow swell of band-limited noise."""
    low_hz = rng.uniform(700.0, 2000.0)
    time = _time(rng.uniform(0.25, 0.6))
    shape = np.maximum(np.sin(np.pi * time / time[-1]), 0.0) ** rng.uniform(0.8, 2.0)
    return np.asarray(_noise(rng, time.size, low_hz, low_hz * rng.uniform(4.0, 9.0), 1) * shape, np.float32)


def brush_tap(rng: Random) -> Audio:
    """Slap wires on a snare head: many small contacts, a little of the drum's own tone."""
    time = _time(0.25)
    low_hz = rng.uniform(900.0, 2200.0)
    slap = _noise(rng, time.size, low_hz, low_hz * 6.0, 1) * _swell(time, rng.uniform(0.001, 0.008),
                                                                  rng.uniform(0.015, 0.05))
    tone_hz = rng.uniform(170.0, 260.0)
    tone = rng.uniform(0.03, 0.4) * _sweep(time, tone_hz * 1.2, tone_hz, 0.02) * np.exp(-time / 0.03)
    return np.asarray(slap + tone, np.float32)


def electronic_kick(rng: Random) -> Audio:
    """Let a sine fall from a click to a boom."""
    time = _time(rng.uniform(0.15, 0.7))
    body = _sweep(time, rng.uniform(120.0, 500.0), rng.uniform(38.0, 70.0), rng.uniform(0.008, 0.05))
    return fade(body * np.exp(-time / rng.uniform(0.08, 0.3)), 20, 400).astype(np.float32)


def electronic_snare(rng: Random) -> Audio:
    """Mix two tones and a burst of noise."""
    time = _time(0.35)
    base_hz = rng.uniform(150.0, 240.0)
    tone = _sweep(time, base_hz * 1.5, base_hz, 0.015) * np.exp(-time / rng.uniform(0.03, 0.1))
    noise = _noise(rng, time.size, rng.uniform(500.0, 1500.0), 14000.0) * np.exp(-time / rng.uniform(0.03, 0.12))
    return np.asarray(tone + rng.uniform(0.3, 1.0) * noise, np.float32)


def electronic_tom(rng: Random) -> Audio:
    """Let a sine fall by less than an octave."""
    time = _time(rng.uniform(0.25, 0.6))
    end_hz = rng.uniform(75.0, 200.0)
    return np.asarray(_sweep(time, end_hz * rng.uniform(1.3, 2.0), end_hz, 0.08) * np.exp(-time / 0.14), np.float32)


def _electronic_metal(rng: Random, fall: float) -> Audio:
    """High-passed square partials over noise."""
    time = _time(min(6.0 * fall, 1.5))
    metal = _partials(time, rng.uniform(200.0, 900.0, 6).astype(np.float32) * rng.uniform(1.0, 3.0))
    sections = signal.butter(4, rng.uniform(5000.0, 8500.0), "highpass", fs=SAMPLERATE, output="sos")
    both = signal.sosfilt(sections, metal + rng.uniform(0.0, 2.0) * rng.standard_normal(time.size))
    return np.asarray(both * np.exp(-time / fall), np.float32)


def electronic_hat_closed(rng: Random) -> Audio:
    """Make a drum machine's short hat."""
    return _electronic_metal(rng, rng.uniform(0.012, 0.04))


def electronic_hat_open(rng: Random) -> Audio:
    """Make a drum machine's long hat."""
    return _electronic_metal(rng, rng.uniform(0.1, 0.25))


PERCUSSION: dict[str, Callable[[Random], Audio]] = {
    "shaker": shaker, "tambourine": tambourine, "clap": clap, "cowbell": cowbell, "conga": conga,
    "sticks": sticks, "brush_sweep": brush_sweep, "brush_tap": brush_tap,
}
MACHINE: dict[str, Callable[[Random], Audio]] = {
    "kick": electronic_kick, "snare": electronic_snare, "tom_high": electronic_tom, "tom_mid": electronic_tom,
    "tom_low": electronic_tom, "hat_closed": electronic_hat_closed, "hat_open": electronic_hat_open, "rim": sticks,
}
_HUMAN = ("shaker", "tambourine", "clap", "conga", "brush_sweep", "brush_tap")


def takes(rng: Random, piece: str, makers: dict[str, Callable[[Random], Audio]]) -> list[Audio]:
    """Make the sounds of one synthesised piece: a player's are never twice the same, a machine's always."""
    sound = makers[piece](rng)
    if piece not in _HUMAN:
        return [sound]
    return [transpose(sound, rng.normal(0.0, 0.4)) * np.float32(rng.uniform(0.85, 1.0)) for _ in range(3)]
