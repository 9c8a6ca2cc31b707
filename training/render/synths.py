"""A small subtractive and frequency-modulation synthesiser for basses, pads, leads and arpeggios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects
from training.render.scores import Note
from training.render.song import Random


@dataclass(frozen=True)
class Patch:
    """Settings of one sound.

    Parameters
    ----------
    wave
        `saw`, `square`, `triangle`, `sine` or `fm`.
    voices, spread
        Oscillators a note and their detuning, semitones.
    sub
        Gain of a sine an octave below.
    cutoff, sweep, resonance
        Low-pass frequency as a multiple of the note's, how many octaves its envelope opens it, and its Q.
    attack, decay, sustain, release
        Of the amplitude, s and 0 to 1.
    vibrato
        Depth, semitones.
    """

    wave: str
    voices: int
    spread: float
    sub: float
    cutoff: float
    sweep: float
    resonance: float
    attack: float
    decay: float
    sustain: float
    release: float
    vibrato: float = 0.0


def bass_patch(rng: Random) -> Patch:
    """Invent a synth bass."""
    return Patch(str(rng.choice(["saw", "square", "triangle", "fm"], p=[0.4, 0.3, 0.1, 0.2])), int(rng.integers(1, 3)),
                 rng.uniform(0.02, 0.15), rng.uniform(0.0, 1.0), rng.uniform(1.5, 10.0), rng.uniform(0.0, 3.0),
                 rng.uniform(0.7, 5.0), 0.003, rng.uniform(0.1, 0.5), rng.uniform(0.3, 1.0), rng.uniform(0.02, 0.15))


def pad_patch(rng: Random) -> Patch:
    """Invent a slow chord sound."""
    return Patch(str(rng.choice(["saw", "square", "triangle", "fm"], p=[0.55, 0.2, 0.1, 0.15])),
                 int(rng.integers(1, 4)), rng.uniform(0.05, 0.25), 0.0, rng.uniform(2.0, 12.0), rng.uniform(-1.0, 1.0),
                 rng.uniform(0.7, 2.0), rng.uniform(0.05, 0.8), 1.0, rng.uniform(0.7, 1.0), rng.uniform(0.2, 1.0), 0.05)


def lead_patch(rng: Random) -> Patch:
    """Invent a melody sound."""
    return Patch(str(rng.choice(["saw", "square", "triangle", "sine", "fm"])), int(rng.integers(1, 4)),
                 rng.uniform(0.02, 0.2), rng.uniform(0.0, 0.3), rng.uniform(3.0, 20.0), rng.uniform(0.0, 2.0),
                 rng.uniform(0.7, 4.0), rng.uniform(0.003, 0.05), rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.0),
                 rng.uniform(0.05, 0.3), rng.uniform(0.0, 0.4))


def pluck_patch(rng: Random) -> Patch:
    """Invent a short sound for arpeggios and stabs."""
    return Patch(str(rng.choice(["saw", "square", "fm"])), int(rng.integers(1, 4)), rng.uniform(0.02, 0.15), 0.0,
                 rng.uniform(2.0, 8.0), rng.uniform(1.0, 3.0), rng.uniform(0.7, 4.0), 0.002, rng.uniform(0.08, 0.4),
                 rng.uniform(0.0, 0.3), rng.uniform(0.05, 0.3))


def play_synth(notes: Sequence[Note], patch: Patch, rng: Random, frames: int) -> Audio:
    """Play a score with a patch, shape (frames,)."""
    track = np.zeros(frames, np.float32)
    for note in notes:
        start = int(note.start * SAMPLERATE)
        length = min(int((note.seconds + patch.release) * SAMPLERATE), frames - start)
        if length > 32 and start + length > 0:
            effects.add_at(track, _voice(note, patch, rng, length), start)
    return track


def _voice(note: Note, patch: Patch, rng: Random, length: int) -> Audio:
    """One note: oscillators, filter, amplitude."""
    time = np.arange(length) / SAMPLERATE
    vibrato = patch.vibrato * np.sin(2 * np.pi * 5.5 * time) * np.minimum(time / 0.4, 1.0)
    frequency = 440.0 * 2.0 ** ((note.midi - 69.0 + vibrato) / 12.0)
    cycles = np.cumsum(frequency) / SAMPLERATE
    sound = np.zeros(length)
    for index in range(patch.voices):
        ratio = 2.0 ** (patch.spread * (index - (patch.voices - 1) / 2) / 12.0)
        sound += _oscillator(patch.wave, cycles * ratio + rng.random(), float(frequency[0]) / SAMPLERATE)
    sound += patch.sub * np.sin(np.pi * cycles)
    sound = _filter(sound, patch, float(frequency[0]))
    return (sound * _amplitude(patch, note.seconds, time) * note.velocity / patch.voices).astype(np.float32)


def _oscillator(wave: str, cycles: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Waveform at a running phase in cycles; saw and square with PolyBLEP corners against aliasing."""
    phase = cycles % 1.0
    if wave == "saw":
        return 2.0 * phase - 1.0 - _blep(phase, step)
    if wave == "square":
        return np.where(phase < 0.5, 1.0, -1.0) + _blep(phase, step) - _blep((phase + 0.5) % 1.0, step)
    if wave == "triangle":
        return 1.0 - 4.0 * np.abs(phase - 0.5)
    if wave == "fm":
        return np.sin(2 * np.pi * cycles + 2.0 * np.sin(2 * np.pi * 2.0 * cycles))
    return np.sin(2 * np.pi * cycles)


def _blep(phase: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Second-order residual of a band-limited step (V. Valimaki and A. Huovilainen, 2007)."""
    out = np.zeros_like(phase)
    after, before = phase < step, phase > 1.0 - step
    rise = phase[after] / step
    out[after] = 2.0 * rise - rise * rise - 1.0
    fall = (phase[before] - 1.0) / step
    out[before] = fall * fall + 2.0 * fall + 1.0
    return out


def _filter(sound: NDArray[np.float64], patch: Patch, frequency: float) -> NDArray[np.float64]:
    """Resonant low-pass that sweeps: a cross-fade from the opened filter to the settled one."""
    settled = _resonant(sound, patch.cutoff * frequency, patch.resonance)
    if abs(patch.sweep) < 0.1:
        return settled
    opened = _resonant(sound, patch.cutoff * frequency * 2.0 ** patch.sweep, patch.resonance)
    blend = np.exp(-np.arange(sound.size) / (SAMPLERATE * max(patch.decay * 0.5, 0.02)))
    return blend * opened + (1.0 - blend) * settled


def _resonant(sound: NDArray[np.float64], frequency: float, q: float) -> NDArray[np.float64]:
    """Second-order low-pass (R. Bristow-Johnson's cookbook)."""
    omega = 2.0 * np.pi * min(max(frequency, 60.0), 16000.0) / SAMPLERATE
    alpha, cosine = np.sin(omega) / (2.0 * q), np.cos(omega)
    b = np.array([1.0 - cosine, 2.0 * (1.0 - cosine), 1.0 - cosine]) / 2.0
    a = np.array([1.0 + alpha, -2.0 * cosine, 1.0 - alpha])
    return np.asarray(signal.lfilter(b / a[0], a / a[0], sound))


def _amplitude(patch: Patch, seconds: float, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Attack, decay to the sustain level, release after `seconds`."""
    shape = patch.sustain + (1.0 - patch.sustain) * np.exp(-time / max(patch.decay, 0.01))
    shape *= np.minimum(time / patch.attack, 1.0)
    return shape * np.clip(1.0 - (time - seconds) / patch.release, 0.0, 1.0)
