"""The acoustic guitar as a physical model: plucked strings, the wooden body, the pick and the sliding fingers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects
from training.render.scores import Note
from training.render.song import Random


@dataclass(frozen=True)
class Guitar:
    """How one instrument sounds.

    Parameters
    ----------
    brightness
        0 (nylon, thumb) to 1 (new steel strings, hard pick).
    sustain
        Time in s in which a string at middle C decays by 60 dB.
    place
        Where it is plucked, as a part of the string's length.
    pick
        Gain of the pick's or nail's noise.
    body
        Impulse response of the body.
    """

    brightness: float
    sustain: float
    place: float
    pick: float
    body: Audio


def random_guitar(rng: Random) -> Guitar:
    """Build a nylon, steel or small-bodied instrument (mandolin-like when bright and short)."""
    return Guitar(rng.uniform(0.15, 1.0), rng.uniform(1.5, 7.0), rng.uniform(0.08, 0.35), rng.uniform(0.0, 0.5),
                  _body(rng))


def _body(rng: Random) -> Audio:
    """Modes of the air (about 100 Hz), of the top (about 200 Hz) and of the wood above, after the direct sound."""
    time = np.arange(int(0.2 * SAMPLERATE)) / SAMPLERATE
    size = rng.uniform(0.85, 1.4)
    wood = np.exp(rng.uniform(np.log(300.0), np.log(7000.0), 30))
    response = np.zeros(time.size)
    for frequency, peak in [(100.0 * size, 1.5), (200.0 * size, 1.2), *((float(mode), 0.5) for mode in wood)]:
        damping = np.pi * frequency * rng.uniform(0.9, 1.1) / rng.uniform(12.0, 35.0)
        gain = peak * rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])  # of the resonance; below, of its decay
        response += gain * 2.0 * damping / SAMPLERATE * np.exp(-damping * time) * np.sin(2 * np.pi * frequency * time)
    response[0] += 1.0
    return response.astype(np.float32)


def pluck(midi: float, seconds: float, guitar: Guitar, rng: Random) -> Audio:
    """One string by Karplus and Strong's loop (1983), a period at a time: delay, average, loss.

    Parameters
    ----------
    midi
        Pitch, as a MIDI number with fractions.
    seconds
        Length of the sound; the loop's loss gives it the guitar's sustain.

    Returns
    -------
    Audio
        Shape (round(seconds * 44100),), float32.
    """
    period = SAMPLERATE / (440.0 * 2.0 ** ((midi - 69.0) / 12.0))
    damping = 0.5 * (1.0 - guitar.brightness) * 0.6 + 0.05  # of the loop's three-point average
    delay = int(period - 1.0 - 0.1)
    fraction = period - 1.0 - delay
    taps = np.convolve([1.0 - fraction, fraction], [damping / 2, 1.0 - damping, damping / 2])
    taps *= 10.0 ** (-3.0 * period / (SAMPLERATE * guitar.sustain * 2.0 ** ((60.0 - midi) / 24.0)))
    frames, reach = round(seconds * SAMPLERATE), delay + 4
    string = np.zeros(frames + 2 * reach)
    string[reach:2 * reach] = _excitation(reach, period, guitar, rng)
    for start in range(2 * reach, string.size, delay):
        stop = min(start + delay, string.size)
        past = string[start - delay - 3:stop - delay]
        string[start:stop] = np.convolve(past, taps, "valid")[: stop - start]
    return string[reach:reach + frames].astype(np.float32)


def _excitation(length: int, period: float, guitar: Guitar, rng: Random) -> Audio:
    """Make a noise burst a period long, darker for soft materials, with the notches of the plucking place."""
    burst = rng.uniform(-1.0, 1.0, length)
    pole = np.exp(-2.0 * np.pi * 200.0 * 10.0 ** (0.9 * guitar.brightness) / SAMPLERATE)
    burst = signal.lfilter([1.0 - pole], [1.0, -pole], burst)
    burst = burst - np.roll(burst, max(int(period * guitar.place), 1))
    burst -= burst.mean()
    return np.asarray(burst / (np.sqrt(np.mean(burst ** 2)) + 1e-9) * 0.2, np.float32)


def play_guitar(notes: Sequence[Note], guitar: Guitar, rng: Random, frames: int) -> Audio:
    """Play a score; each pitch is plucked at most three times and reused, as the same string is.

    Returns
    -------
    Audio
        Shape (frames,), float32, with the body, the pick and squeaks of the left hand.
    """
    strings: dict[tuple[float, int], Audio] = {}
    track, noise = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    longest = min(max((note.seconds for note in notes), default=1.0) + 0.1, 4.0)
    for note in notes:
        key = (note.midi, int(rng.integers(3)))
        if key not in strings:
            strings[key] = pluck(note.midi + 0.04 * rng.standard_normal(), longest, guitar, rng)
        length = min(int((note.seconds + 0.06) * SAMPLERATE), strings[key].size)
        start = int(note.start * SAMPLERATE)
        effects.add_at(track, effects.fade(strings[key][:length], 20, 2200), start, note.velocity)
        effects.add_at(noise, _pick_noise(rng, guitar), start - 60, note.velocity * guitar.pick * rng.uniform(0.2, 1.0))
        if rng.random() < 0.02:
            effects.add_at(noise, _squeak(rng), start - int(0.12 * SAMPLERATE), 0.08)
    return effects.convolve(track + noise, guitar.body)


def _pick_noise(rng: Random, guitar: Guitar) -> Audio:
    """Make the scratch of a pick or nail: 3 to 10 ms of noise around 2 to 5 kHz."""
    frames = int(SAMPLERATE * rng.uniform(0.003, 0.01))
    smooth = np.hanning(int(16 - 10 * guitar.brightness))
    smooth *= (0.1 + 0.2 * guitar.brightness) / np.sqrt(np.sum(smooth ** 2))
    burst = np.diff(np.convolve(rng.standard_normal(frames), smooth), prepend=0.0)
    return (burst * np.hanning(burst.size)).astype(np.float32)


def _squeak(rng: Random) -> Audio:
    """Make the sound of a finger that slides along a wound string: a chirp of narrow noise."""
    frames = int(SAMPLERATE * rng.uniform(0.06, 0.2))
    sweep = np.linspace(rng.uniform(1000.0, 3000.0), rng.uniform(1000.0, 3000.0), frames)
    tone = np.sin(2 * np.pi * np.cumsum(sweep * (1.0 + 0.1 * rng.standard_normal(frames))) / SAMPLERATE)
    return (tone * np.hanning(frames)).astype(np.float32)
