"""Words sung on a tune: espeak-ng's speech, its spectral envelope re-timed to the notes and excited at their pitch.

The envelope carries vowels and consonants; the source is a pulse train where the speech is voiced and noise where it
is not (a channel vocoder, after H. Dudley, 1939).
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy import signal

from rtsep.errors import ConfigError
from training.render.effects import convolve
from training.render.library import SAMPLERATE, Audio
from training.render.scores import Note, Random

SPEAKER = "espeak-ng"
VOICES = ("en-us+m1", "en-us+m3", "en-us+m7", "en+m2", "en-us+f1", "en-us+f2", "en+f3", "en-us+f5", "en-gb+klatt2",
          "en-us+klatt4", "es+f4", "es+m4", "fr+f2", "it+m5", "de+m6", "pt+f3")
LYRICS = (
    "hold me tonight until the morning comes and never let me go",
    "she said she likes the way the stars shine on the sea",
    "I was standing at the station just to catch another train",
    "rolling down the highway with a pocket full of change",
    "sister sing a song for me, sing it soft and sing it slow",
    "this is such a sad sad story, so I scream it at the sky",
    "take a chance, take a step, shake the dust out of your shoes",
    "you got me running, you got me hiding in the night",
    "lost my heart in San Francisco, lost my hat in Tennessee",
    "don't you stop, don't you stop, don't you stop believing it",
    "we are young and we are restless and the streets are made of glass",
    "what's the use of silver chains if it's freedom that you want",
    "baby come back, baby come home, baby pick up the telephone",
    "fire in the furnace, thunder in the hills",
    "oh oh oh yeah yeah yeah, na na na na na na",
    "la la la, ooh ooh ooh, hey hey hey, ah ah ah",
)
_WINDOW, _HOP, _LIFTER = 1024, 256, 70
_SPOKEN = 232  # the bin of 10 kHz, where espeak-ng's speech ends; above it the envelope is mirrored, ever softer
_AIR = np.geomspace(1.0, 0.02, _WINDOW // 2 + 1 - _SPOKEN).astype(np.float32)


@dataclass(frozen=True)
class Speech:
    """A spoken line: its spectral envelope, how voiced each frame is, and its syllables.

    Parameters
    ----------
    envelope
        Magnitudes, shape (frames, bins).
    voiced
        Shape (frames,), 0 (noise) to 1 (pulses).
    syllables
        First frame, nucleus and end of each syllable.
    """

    envelope: NDArray[np.float32]
    voiced: NDArray[np.float32]
    syllables: tuple[tuple[int, int, int], ...]


def sing(notes: Sequence[Note], rng: Random, frames: int) -> Audio:
    """Sing lyrics on a tune, one syllable a note.

    Returns
    -------
    Audio
        Shape (frames,), float32, with the notes' pitch, a vibrato on long notes and noise in the consonants.

    Raises
    ------
    ConfigError
        When espeak-ng is not installed.
    """
    voice = VOICES[rng.integers(len(VOICES))]
    lines = [analyse(voice, LYRICS[rng.integers(len(LYRICS))], int(rng.choice([110, 150]))) for _ in range(2)]
    count = -(-frames // _HOP) + 1
    envelope, voiced = _follow(notes, lines, count, rng)
    voiced = voiced * np.float32(1.0 - rng.choice([0.03, 0.1, 0.3], p=[0.6, 0.3, 0.1]))
    throat = rng.standard_normal(110) * np.exp(-np.arange(110) / 30.0)
    throat /= np.sqrt(np.sum(throat ** 2))  # disperses the pulses, and is a little different in every singer
    source = convolve(_pulses(_pitch(notes, frames, rng)), throat.astype(np.float32))
    spectrum = voiced[:, None] * _stft(source, count)
    spectrum += (1.0 - voiced)[:, None] * _stft(rng.standard_normal(frames).astype(np.float32), count)
    return _istft(spectrum * _shift_formants(envelope, rng.uniform(0.88, 1.15)), frames)


@lru_cache(maxsize=48)
def analyse(voice: str, text: str, words_per_minute: int) -> Speech:
    """Speak a line and measure it; cached.

    Raises
    ------
    ConfigError
        When espeak-ng is not installed.
    """
    speech = _speak(voice, text, words_per_minute)
    magnitude = np.abs(_stft(speech, -(-speech.size // _HOP) + 1)).astype(np.float32)
    cepstrum = np.fft.irfft(np.log(magnitude + 1e-4), axis=1)
    cepstrum[:, _LIFTER:-_LIFTER] = 0.0
    envelope = np.exp(np.fft.rfft(cepstrum, axis=1).real).astype(np.float32)
    envelope[:, _SPOKEN:] = envelope[:, _SPOKEN - 1 - np.arange(_AIR.size) // 2] * _AIR
    low, high = magnitude[:, 2:40].sum(axis=1), magnitude[:, 80:250].sum(axis=1)
    voiced = (low / (low + 1.5 * high + 1e-3)).astype(np.float32)
    return Speech(envelope, np.clip((voiced - 0.45) / 0.25, 0.0, 1.0), _syllables(low))


def _speak(voice: str, text: str, words_per_minute: int) -> Audio:
    """Run espeak-ng and bring its speech to 44.1 kHz."""
    program = shutil.which(SPEAKER)
    if program is None:
        raise ConfigError(f"the program {SPEAKER} was not found: install Debian's package `espeak-ng`")
    command = [program, "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    wave = subprocess.run(command, capture_output=True, check=True).stdout
    data, samplerate = soundfile.read(io.BytesIO(wave), dtype="float32")
    speech = np.asarray(soxr.resample(data, samplerate, SAMPLERATE), np.float32)
    return speech / np.float32(np.abs(speech).max() + 1e-6)


def _syllables(loudness: NDArray[np.float32]) -> tuple[tuple[int, int, int], ...]:
    """Split at the valleys between the peaks of the low band's loudness."""
    smooth = np.convolve(loudness, np.hanning(15) / np.hanning(15).sum(), "same")
    peaks, _ = signal.find_peaks(smooth, height=0.15 * smooth.max(), distance=12, prominence=0.05 * smooth.max())
    cuts = [int(a + np.argmin(smooth[a:b])) for a, b in pairwise(peaks)]
    begins, ends = [max(int(peaks[0]) - 30, 0), *cuts], [*cuts, min(int(peaks[-1]) + 30, loudness.size - 1)]
    return tuple(zip(begins, (int(peak) for peak in peaks), ends, strict=True))


def _follow(notes: Sequence[Note], lines: Sequence[Speech], count: int,
            rng: Random) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Envelope and voicing of every output frame: consonants at their own speed, the vowel held as long as the note."""
    envelope = np.zeros((count, _WINDOW // 2 + 1), np.float32)
    voiced = np.zeros(count, np.float32)
    syllables = [(line, syllable) for line in lines for syllable in line.syllables]
    for index, note in enumerate(notes):
        line, (begin, nucleus, end) = syllables[index % len(syllables)]
        first = int(note.start * SAMPLERATE / _HOP)
        length = min(max(int(note.seconds * SAMPLERATE / _HOP), 6), count - first)
        if first < 0 or length < 3:
            continue
        onset, coda = min(nucleus - begin, 0.4 * length), min(end - nucleus, 0.35 * length)
        knots = [0.0, onset, length - coda, length]
        place = np.interp(np.arange(length), knots, [begin, max(nucleus - 2, begin), min(nucleus + 3, end), end])
        frames = np.clip(np.rint(place + rng.uniform(-0.4, 0.4, length)).astype(int), 0, line.voiced.size - 1)
        gain = np.float32(0.4 + 0.6 * note.velocity) * np.minimum(1.0, (length - np.arange(length)) / 4.0)
        envelope[first:first + length] = line.envelope[frames] * gain[:, None]
        voiced[first:first + length] = line.voiced[frames]
    return envelope, voiced


def _pitch(notes: Sequence[Note], frames: int, rng: Random) -> NDArray[np.float64]:
    """MIDI pitch of every output frame: glides between notes, vibrato that grows, a little drift."""
    step = 64
    points = -(-frames // step) + 1
    midi = np.full(points, notes[0].midi if notes else 60.0)
    depth = np.zeros(points)
    for note in notes:
        first = max(int(note.start * SAMPLERATE / step), 0)
        midi[first:] = note.midi
        held = np.arange(points - first) * step / SAMPLERATE
        depth[first:] = np.clip((held - 0.25) / 0.3, 0.0, 1.0)
    glide = int(rng.uniform(0.02, 0.07) * SAMPLERATE / step) + 1
    midi = np.convolve(np.pad(midi, glide, "edge"), np.ones(glide) / glide, "same")[glide:-glide]
    time = np.arange(points) * step / SAMPLERATE
    vibrato = rng.uniform(0.0, 0.5) * depth * np.sin(2 * np.pi * rng.uniform(4.8, 6.5) * time)
    drift = np.convolve(rng.standard_normal(points), np.ones(40) / 40.0, "same")
    return np.interp(np.arange(frames), np.arange(points) * step, midi + vibrato + 0.5 * drift)


def _pulses(midi: NDArray[np.float64]) -> Audio:
    """Train of unit pulses spread over two frames, scaled to unit power whatever the pitch."""
    step = 440.0 * 2.0 ** ((midi - 69.0) / 12.0) / SAMPLERATE
    phase = np.cumsum(step)
    out = np.zeros(midi.size + 1, np.float32)
    hits = np.flatnonzero(np.diff(np.floor(phase)) > 0) + 1
    late = (phase[hits] % 1.0) / step[hits]
    out[hits] += (1.0 - late) / np.sqrt(step[hits])
    out[hits - 1] += late / np.sqrt(step[hits])
    return out[:-1]


def _stft(audio: Audio, count: int) -> NDArray[np.complex64]:
    """Spectra of `count` Hann windows centred on multiples of the hop, shape (count, bins)."""
    padded = np.zeros(count * _HOP + 2 * _WINDOW, np.float32)
    padded[_WINDOW // 2:_WINDOW // 2 + audio.size] = audio
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: count * _HOP:_HOP]
    return np.fft.rfft(windows * np.hanning(_WINDOW).astype(np.float32), axis=1).astype(np.complex64)


def _istft(spectrum: NDArray[np.complex64], frames: int) -> Audio:
    """Overlap-add with a second Hann window."""
    pieces = np.fft.irfft(spectrum, axis=1).astype(np.float32) * np.hanning(_WINDOW).astype(np.float32) / 1.5
    out = np.zeros((spectrum.shape[0] + 4, _HOP), np.float32)
    for quarter in range(_WINDOW // _HOP):
        out[quarter:quarter + pieces.shape[0]] += pieces[:, quarter * _HOP:(quarter + 1) * _HOP]
    return out.reshape(-1)[_WINDOW // 2:_WINDOW // 2 + frames]


def _shift_formants(envelope: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """Stretch the frequency axis: below 1 a larger head, above 1 a smaller one."""
    bins = np.arange(envelope.shape[1]) / ratio
    low = np.minimum(bins.astype(int), envelope.shape[1] - 2)
    part = np.clip(bins - low, 0.0, 1.0).astype(np.float32)
    return envelope[:, low] * (1.0 - part) + envelope[:, low + 1] * part
