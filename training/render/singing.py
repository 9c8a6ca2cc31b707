"""A line sung on a tune: one syllable a note, its consonants at their own speed, its vowel held as long as the note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rtsep.types import Audio
from training.render import vocoder
from training.render.scores import Note
from training.render.song import Random
from training.render.speakers import Line
from training.render.vocoder import FRAMES_PER_SECOND, Frames, Voice


@dataclass(frozen=True)
class Manner:
    """How a singer sings.

    Parameters
    ----------
    formants
        Size of the head: ratio that the spectral envelope is stretched by.
    effort
        -1 whispered to 1 shouted; the mean has the bands of singers on records.
    glide_s
        Time between the pitches of two notes, s.
    vibrato
        Depth on long notes in semitones and rate in Hz.
    scoop
        Semitones below its pitch at which a note may begin, and above which it may fall off at its end.
    evenness
        0 the loudness of speech to 1 all syllables as loud as their notes.
    """

    formants: float
    effort: float
    glide_s: float
    vibrato: tuple[float, float]
    scoop: float
    evenness: float


def random_manner(rng: Random) -> Manner:
    """Invent a singer."""
    depth = float(rng.choice([0.0, rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.9)], p=[0.25, 0.5, 0.25]))
    return Manner(float(rng.uniform(0.87, 1.16)), float(np.clip(rng.normal(0.5, 0.4), -0.6, 1.2)),
                  float(rng.uniform(0.02, 0.12)), (depth, float(rng.uniform(4.6, 6.6))),
                  float(rng.choice([0.0, rng.uniform(0.3, 2.5)])), float(rng.uniform(0.4, 1.0)))


def sing(notes: Sequence[Note], line: Line, manner: Manner, rng: Random, frames: int) -> Audio:
    """Sing a line on a tune.

    Parameters
    ----------
    line
        Repeated if there are more notes than syllables.

    Returns
    -------
    Audio
        Shape (frames,), float32, with the notes' pitch and noise in the consonants; silence if the line has no
        syllables.
    """
    count = -(-frames * FRAMES_PER_SECOND // 44100) + 1
    if not line.syllables or not notes:
        return np.zeros(frames, np.float32)
    place, gain, sung = _follow(notes, line, manner, count, rng)
    pitch_hz = 440.0 * 2.0 ** ((_pitch(notes, manner, count, rng) - 69.0) / 12.0)
    pitch_hz = np.where(line.voice.pitch_hz[place] > 0.0, pitch_hz, 0.0) * sung
    voice = Voice(pitch_hz, line.voice.envelope[place] * gain[:, None] ** 2 + 1e-12, line.voice.aperiodicity[place])
    voice = vocoder.with_effort(vocoder.shift_formants(voice, manner.formants), manner.effort)
    return vocoder.synthesise(voice, frames)


def sing_as_it_is(line: Line, semitones: float, manner: Manner, frames: int) -> Audio:
    """Keep the tune of a sung line, transposed, in another voice.

    Returns
    -------
    Audio
        Shape (frames,), float32; silence after the end of the line.
    """
    voice = Voice(line.voice.pitch_hz * 2.0 ** (semitones / 12.0), line.voice.envelope, line.voice.aperiodicity)
    voice = vocoder.with_effort(vocoder.shift_formants(voice, manner.formants), manner.effort)
    return vocoder.synthesise(voice, frames)


def _follow(notes: Sequence[Note], line: Line, manner: Manner, count: int,
            rng: Random) -> tuple[np.ndarray, Frames, Frames]:
    """Frame of the line, gain, and whether there is a note, for each of `count` frames of the song."""
    place, gain, sung = np.zeros(count, np.intp), np.zeros(count), np.zeros(count)
    level = np.sqrt(line.voice.envelope.sum(axis=1))
    usual = float(np.median([level[nucleus] for _, nucleus, _ in line.syllables]))
    first_syllable = int(rng.integers(len(line.syllables)))
    for index, note in enumerate(notes):
        syllable = line.syllables[(first_syllable + index) % len(line.syllables)]
        onset = min(syllable[1] - syllable[0], FRAMES_PER_SECOND // 8)
        start = int(note.start * FRAMES_PER_SECOND) - onset // 2  # the vowel comes on the beat, consonants before it
        length = min(max(int(note.seconds * FRAMES_PER_SECOND), 12), count - start)
        if start < 0 or length < 6:
            continue
        inside = slice(start, start + length)
        place[inside] = _stretch(syllable, length, rng)
        even = (usual / (level[syllable[1]] + 1e-9)) ** manner.evenness
        gain[inside] = min(even, 4.0) * (0.3 + 0.7 * note.velocity) * _ends(length)
        sung[inside] = 1.0
    return place, gain, sung


def _stretch(syllable: tuple[int, int, int], length: int, rng: Random) -> np.ndarray:
    """Frames of a syllable in the time of a note; the held vowel wanders, as no mouth stands still."""
    begin, nucleus, end = syllable
    onset, coda = min(nucleus - begin, 0.4 * length), min(end - nucleus, 0.35 * length)
    knots = [0.0, onset, length - coda, length]
    steady = np.interp(np.arange(length), knots, [begin, max(nucleus - 2, begin), min(nucleus + 3, end), end])
    return np.clip(np.rint(steady + rng.uniform(-0.7, 0.7, length)).astype(np.intp), begin, end)


def _ends(length: int) -> Frames:
    """Fade in over 10 ms and out over 30 ms."""
    frames = np.arange(length)
    return np.minimum(1.0, np.minimum((frames + 1) / 2.0, (length - frames) / 6.0))


def _pitch(notes: Sequence[Note], manner: Manner, count: int, rng: Random) -> Frames:
    """MIDI pitch of every frame: glides, scoops and falls, vibrato that grows, a little drift."""
    midi, depth = np.full(count, notes[0].midi), np.zeros(count)
    for note in notes:
        first = max(int(note.start * FRAMES_PER_SECOND), 0)
        held = np.arange(count - first) / FRAMES_PER_SECOND
        midi[first:] = note.midi + _bends(held, note.seconds, manner.scoop, rng)
        depth[first:] = np.clip((held - 0.25) / 0.3, 0.0, 1.0)
    glide = int(manner.glide_s * FRAMES_PER_SECOND) | 1
    window = np.hanning(glide + 2)
    midi = np.convolve(np.pad(midi, glide // 2 + 1, "edge"), window / window.sum(), "valid")
    time = np.arange(count) / FRAMES_PER_SECOND
    wave = manner.vibrato[0] * depth * np.sin(2 * np.pi * manner.vibrato[1] * time + rng.uniform(0.0, 6.3))
    drift = np.convolve(rng.standard_normal(count), np.ones(40) / 40.0, "same")
    return midi + wave + 0.6 * drift


def _bends(held: Frames, seconds: float, scoop: float, rng: Random) -> Frames:
    """Semitones off the note's pitch: up into every third note, down from the end of every sixth long one."""
    bends = np.zeros(held.size)
    if rng.random() < 0.33:
        bends -= scoop * np.clip(1.0 - held / 0.12, 0.0, 1.0)
    if seconds > 0.5 and rng.random() < 0.17:
        bends -= 1.5 * scoop * np.clip((held - seconds + 0.15) / 0.15, 0.0, 1.0)
    return bends
