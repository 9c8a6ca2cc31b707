"""The demo band's instruments, with numpy alone: plucked strings, amplifier, drums, electric piano, room.

All sounds have shape (frames,), values of about -1 to 1, and start at the hit. Chance comes from the
generator that is passed in: no two hits are the same, every run is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.floating[Any]]
Response = Callable[[Sound], Sound]
"""Magnitude of a filter for frequencies in Hz."""


def pitch_hz(note: float) -> float:
    """Frequency of a MIDI note number, 69 being 440 Hz."""
    return 440.0 * float(2.0 ** ((note - 69.0) / 12.0))


def high_pass(cutoff_hz: float, order: int) -> Response:
    """Butterworth high-pass of 6 dB per octave and order."""
    return lambda f: 1.0 / np.sqrt(1.0 + (cutoff_hz / np.maximum(f, 1e-3)) ** (2 * order))


def low_pass(cutoff_hz: float, order: int) -> Response:
    """Butterworth low-pass of 6 dB per octave and order."""
    return lambda f: 1.0 / np.sqrt(1.0 + (f / cutoff_hz) ** (2 * order))


def bell(center_hz: float, gain_db: float, octaves: float) -> Response:
    """Bell-shaped boost or cut on a logarithmic frequency axis."""
    return lambda f: 10.0 ** (gain_db / 20.0 * np.exp(-(np.log2(np.maximum(f, 1.0) / center_hz) / octaves) ** 2))


def combined(*parts: Response) -> Response:
    """Chain filters."""
    return lambda f: np.asarray(np.prod([part(f) for part in parts], axis=0))


def impulse(samplerate: int, response: Response, frames: int = 2048) -> Sound:
    """Minimum-phase impulse response of a magnitude response, shape (frames,), by the cepstrum."""
    size = 4 * frames
    magnitude = np.maximum(response(np.fft.rfftfreq(size, 1.0 / samplerate)), 1e-5)
    cepstrum = np.fft.irfft(np.log(magnitude), size)
    cepstrum[1:size // 2] *= 2.0
    cepstrum[size // 2 + 1:] = 0.0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:frames]


def convolved(sound: Sound, response: Sound) -> Sound:
    """Convolve, causally, and cut to the sound's length."""
    size = _fast_length(sound.size + response.size)
    spectrum = np.fft.rfft(sound.astype(np.float32), size) * np.fft.rfft(response.astype(np.float32), size)
    return np.fft.irfft(spectrum, size)[:sound.size]


def pluck(note: float, seconds: float, samplerate: int, rng: np.random.Generator, *, bright_hz: float = 2500.0,
          decay_s: float = 2.5, damp_hz: float = 1500.0, bend: float = 0.0, vibrato: float = 0.0) -> Sound:
    """Pluck a steel string: harmonics that die away faster the higher they are.

    Parameters
    ----------
    note
        MIDI number, fractions allowed.
    seconds
        Length until the string is stopped.
    samplerate
        In Hz.
    rng
        Chance: picking position, phase and the pick's noise.
    bright_hz
        Where the picked spectrum begins to fall.
    decay_s
        Time constant of the lowest harmonics.
    damp_hz
        Frequency whose time constant is half as long.
    bend
        Semitones below the note where it starts, to rise within an eighth of a second.
    vibrato
        Depth in semitones, reached half a second into the note.

    Returns
    -------
    sound
        The string at its pickup.
    """
    frequency = pitch_hz(note)
    period = max(8, round(samplerate / frequency))
    count = int(seconds * samplerate / period) + 3
    harmonics = np.arange(1, period // 2 + 1)
    hertz = harmonics * samplerate / period
    position, pickup = rng.uniform(0.11, 0.17), 0.07
    amplitude = np.sin(np.pi * harmonics * position) * np.sin(np.pi * harmonics * pickup) / harmonics**0.6
    amplitude /= 1.0 + (hertz / bright_hz) ** 2
    decay = decay_s / (1.0 + (hertz / damp_hz) ** 1.5)
    spectra = np.zeros((count + 1, period // 2 + 1), np.complex128)
    ages = np.arange(count + 1)[:, np.newaxis] * (period / samplerate)
    spectra[:, 1:] = amplitude * np.exp(1j * rng.uniform(-0.4, 0.4, harmonics.size) - ages / decay)
    periods = np.fft.irfft(spectra, period)
    blend = np.arange(period) / period
    string = (periods[:-1] * (1.0 - blend) + periods[1:] * blend).ravel()
    string /= np.abs(string[:4 * period]).max() + 1e-9

    frames = int(seconds * samplerate)
    time_s = np.arange(frames) / samplerate
    cents = -bend * np.exp(-(time_s / 0.09) ** 2)
    cents += vibrato * np.clip(2.0 * time_s - 0.4, 0.0, 1.0) * np.sin(2.0 * np.pi * 5.4 * time_s)
    read = np.cumsum(frequency * period / samplerate * 2.0 ** (cents / 12.0)) - 1.0
    sound = np.interp(read, np.arange(string.size), string)
    sound += 0.25 * noise_hit(frames, samplerate, rng, 0.004, combined(high_pass(800.0, 1), low_pass(4000.0, 1)))
    return _edges(sound, samplerate, 0.0008, 0.02)


def noise_hit(frames: int, samplerate: int, rng: np.random.Generator, decay_s: float, response: Response) -> Sound:
    """Make filtered noise that dies away, peaking near 1 at its start."""
    active = min(frames, int(8.0 * decay_s * samplerate) + 64)
    size = _fast_length(active)
    spectrum = np.fft.rfft(rng.standard_normal(size, np.float32)) * response(np.fft.rfftfreq(size, 1.0 / samplerate))
    shaped = np.fft.irfft(spectrum, size)[:active]
    shaped *= np.exp(-np.arange(active) / (decay_s * samplerate)) / (3.0 * shaped.std() + 1e-9)
    return np.concatenate([shaped, np.zeros(frames - active)])


def amplifier(sound: Sound, samplerate: int, drive_db: float) -> Sound:
    """Valve amplifier and loudspeaker: two clipping stages at twice the rate, then a 4 x 12 inch cabinet."""
    size = _fast_length(sound.size + 4096)
    spectrum = np.fft.rfft(sound.astype(np.float32), size)
    tone = combined(high_pass(90.0, 1), bell(750.0, 4.0, 1.2), low_pass(7000.0, 1))
    spectrum *= tone(np.fft.rfftfreq(size, 1.0 / samplerate)).astype(np.float32)
    driven = 2.0 * np.fft.irfft(np.pad(spectrum, (0, size // 2)), 2 * size) * 10.0 ** (drive_db / 20.0)
    first = np.tanh(driven + 0.15) - np.tanh(0.15)  # the offset makes even harmonics, as a valve does
    second = np.tanh(1.8 * first)
    cabinet = combined(high_pass(85.0, 3), bell(130.0, 4.0, 0.7), bell(420.0, -2.0, 0.6), bell(2600.0, 5.0, 0.7),
                       bell(3700.0, -3.0, 0.2), low_pass(4800.0, 5))
    return convolved(_halved(second)[:sound.size], impulse(samplerate, cabinet))


def bass_amplifier(sound: Sound, samplerate: int) -> Sound:
    """Warm bass stack: a little saturation, no highs."""
    stack = combined(high_pass(38.0, 2), bell(65.0, 8.0, 0.9), bell(700.0, 2.0, 0.8), low_pass(2600.0, 3))
    return convolved(np.tanh(1.6 * sound), impulse(samplerate, stack))


def electric_piano(note: float, seconds: float, samplerate: int, velocity: float) -> Sound:
    """Tine piano by frequency modulation: a bell at the start, a round tone after it."""
    time_s = np.arange(int(seconds * samplerate)) / samplerate
    phase = 2.0 * np.pi * pitch_hz(note) * time_s
    index = 1.6 * velocity * np.exp(-time_s / 0.5)
    tone = np.sin(phase + index * np.sin(phase)) * np.exp(-time_s / 1.6)
    tine = 0.12 * velocity * np.sin(14.0 * phase) * np.exp(-time_s / 0.05)
    tremolo = 1.0 - 0.12 * np.sin(2.0 * np.pi * 4.5 * time_s)
    return _edges(velocity * tremolo * (tone + tine), samplerate, 0.003, 0.12)


def room(samplerate: int, rng: np.random.Generator, decay_s: float) -> Sound:
    """Impulse response of a room's reflections without the direct sound, normed to unit energy."""
    frames = int(5.0 * decay_s * samplerate)
    early = noise_hit(frames, samplerate, rng, decay_s, combined(high_pass(150.0, 1), low_pass(5500.0, 1)))
    late = np.concatenate([np.zeros(int(0.006 * samplerate)), early])
    return np.asarray(late / np.sqrt(np.sum(np.square(late))))


def mixed(sounds: Sequence[tuple[int, float, Sound]], frames: int) -> Sound:
    """Lay sounds onto one track: (first frame, gain, sound); what lies outside is cut."""
    track = np.zeros(frames, np.float32)
    for start, gain, sound in sounds:
        first = max(0, start)
        piece = sound[first - start:frames - start]
        track[first:first + piece.size] += gain * piece
    return track


def _halved(sound: Sound) -> Sound:
    """Return every second sample behind an ideal low-pass."""
    spectrum = np.fft.rfft(sound)[:sound.size // 4 + 1]
    return np.asarray(np.fft.irfft(spectrum, sound.size // 2) / 2.0)


def _edges(sound: Sound, samplerate: int, attack_s: float, release_s: float) -> Sound:
    """Fade a sound in and out, so that it neither starts nor stops with a click."""
    rise, fall = (max(1, min(sound.size, int(time_s * samplerate))) for time_s in (attack_s, release_s))
    sound[:rise] *= np.linspace(0.0, 1.0, rise)
    sound[-fall:] *= np.linspace(1.0, 0.0, fall)
    return sound


def _fast_length(frames: int) -> int:
    """Return the next length of the form 2^n or 3 * 2^n: fast to transform, divisible by four."""
    power = 1 << max(3, (frames - 1).bit_length())
    return 3 * power // 4 if 3 * power // 4 >= frames else power
