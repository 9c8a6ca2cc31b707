"""The demo band's drum kit; the rules of `rtsep.demo.synth` hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rtsep.demo.synth import Sound, bell, combined, high_pass, low_pass, noise_hit

Hit = Callable[[int, np.random.Generator, float], Sound]
"""Plays one hit from (samplerate, chance, velocity 0..1)."""


def kick(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
    """Bass drum: a falling sine, the beater's click and some shell."""
    frames = int(0.45 * samplerate)
    body = _drum_head(frames, samplerate, 52.0, 130.0, 0.022, 0.13)
    click = noise_hit(frames, samplerate, rng, 0.006, combined(bell(3200.0, 9.0, 0.6), low_pass(6000.0, 2)))
    shell = noise_hit(frames, samplerate, rng, 0.05, combined(high_pass(90.0, 2), low_pass(900.0, 2)))
    return np.asarray(velocity * (0.7 * body + (0.25 + 0.35 * velocity) * click + 0.3 * shell))


def snare(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
    """Snare drum: two modes of the head, wires that rattle longer, a crack at the start."""
    frames = int(0.5 * samplerate)
    tuning = rng.uniform(0.985, 1.015)
    head = _drum_head(frames, samplerate, 188.0 * tuning, 235.0 * tuning, 0.02, 0.075)
    head += 0.55 * _drum_head(frames, samplerate, 331.0 * tuning, 390.0 * tuning, 0.015, 0.05)
    wires = noise_hit(frames, samplerate, rng, 0.075 + 0.05 * velocity,
                      combined(high_pass(900.0, 1), bell(4500.0, 3.0, 1.0), low_pass(11000.0, 1)))
    crack = noise_hit(frames, samplerate, rng, 0.016, combined(high_pass(350.0, 2), low_pass(7000.0, 1)))
    return np.asarray(velocity * (0.5 * head + (0.35 + 0.25 * velocity) * wires + velocity * crack))


def tom(base_hz: float) -> Hit:
    """Tom-tom of a pitch."""
    def hit(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
        frames = int(0.7 * samplerate)
        head = _drum_head(frames, samplerate, base_hz, 1.5 * base_hz, 0.035, 0.2)
        head += 0.3 * _drum_head(frames, samplerate, 1.6 * base_hz, 2.0 * base_hz, 0.03, 0.08)
        stick = noise_hit(frames, samplerate, rng, 0.012, combined(high_pass(400.0, 1), low_pass(5000.0, 1)))
        return velocity * (0.8 * head + 0.35 * stick)
    return hit


def closed_hat(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
    """Hit the closed hi-hat; harder hits ring a little longer."""
    return velocity * _metal(int(0.25 * samplerate), samplerate, rng, 0.022 + 0.025 * velocity, 5500.0)


def open_hat(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
    """Half-open hi-hat."""
    return velocity * _metal(int(0.7 * samplerate), samplerate, rng, 0.17, 4500.0)


def crash(samplerate: int, rng: np.random.Generator, velocity: float) -> Sound:
    """Crash cymbal: bands of noise and partials, the high ones first to go."""
    frames = int(3.0 * samplerate)
    sound = 0.6 * _metal(frames, samplerate, rng, 0.35, 5000.0)
    for center_hz, decay_s in ((700.0, 0.9), (1800.0, 0.8), (4000.0, 0.65), (8000.0, 0.45), (13000.0, 0.25)):
        band = combined(high_pass(0.65 * center_hz, 2), low_pass(1.5 * center_hz, 2))
        sound += 0.28 * noise_hit(frames, samplerate, rng, decay_s, band)
    swell = 1.0 - 0.4 * np.exp(-np.arange(frames) / (0.01 * samplerate))  # a cymbal needs a moment to open up
    return np.asarray(velocity * swell * sound)


def _drum_head(frames: int, samplerate: int, base_hz: float, hit_hz: float, fall_s: float, decay_s: float) -> Sound:
    """Sine whose pitch falls from the hit to the base, with a decay and a soft first millisecond."""
    time_s = np.arange(frames) / samplerate
    hertz = base_hz + (hit_hz - base_hz) * np.exp(-time_s / fall_s)
    envelope = np.exp(-time_s / decay_s) * np.minimum(1.0, time_s / 0.001)
    return np.asarray(np.sin(2.0 * np.pi * np.cumsum(hertz) / samplerate) * envelope)


def _metal(frames: int, samplerate: int, rng: np.random.Generator, decay_s: float, low_hz: float) -> Sound:
    """Struck metal: noise above `low_hz` with a cluster of inharmonic partials inside."""
    noise = noise_hit(frames, samplerate, rng, decay_s, combined(high_pass(low_hz, 3), low_pass(15000.0, 2)))
    active = min(frames, int(5.0 * decay_s * samplerate))
    time_s = np.arange(active) / samplerate
    partials = sum(np.sin(2.0 * np.pi * hertz * time_s + phase)
                   for hertz, phase in zip(rng.uniform(0.6 * low_hz, 2.2 * low_hz, 12), rng.uniform(0.0, 6.3, 12),
                                           strict=True))
    noise[:active] += 0.06 * partials * np.exp(-time_s / (0.8 * decay_s))
    return noise
