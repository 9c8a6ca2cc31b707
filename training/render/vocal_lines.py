"""What singers sing over a song: phrases with a rhythm that comes back, rests between them, thirds, and choirs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.render.scores import Note
from training.render.song import QUALITIES, SCALES, Random, Song, ladder, near

PHRASE_BEATS = 8.0
_FORMS = ("AABA", "ABAB", "AAAB", "ABAC", "AABB")
_Motif = list[tuple[float, float, int]]


def vocal_line(song: Song, rng: Random, centre: float, reach: float = 9.0) -> list[Note]:
    """Invent a tune in phrases of two bars, of two or three motifs, that rest before the next phrase begins.

    Parameters
    ----------
    centre, reach
        MIDI number of the middle of the voice, and the semitones that it goes up and down from there.
    """
    pitches = ladder(song.key, diatonic(song), centre - reach, centre + reach)
    motifs = {name: _motif(rng) for name in "ABC"}
    form, silent = _FORMS[rng.integers(len(_FORMS))], rng.uniform(0.0, 0.25)
    notes: list[Note] = []
    for phrase in range(len(song.bars) // 2):
        if rng.random() >= silent or not notes:
            notes += _phrase(song, 2 * phrase, motifs[form[phrase % 4]], pitches, rng)
    return notes


def diatonic(song: Song) -> tuple[int, ...]:
    """Return the steps of the song's scale of seven notes, semitones above its key."""
    return SCALES["minor" if song.minor else "major"]


def harmony(notes: list[Note], song: Song, steps: int) -> list[Note]:
    """Follow a tune along the scale, `steps` above it or, negative, below: 2 is a third, -3 a fourth below."""
    pitches = ladder(song.key, diatonic(song), 0.0, 127.0)
    return [replace(note, midi=pitches[_nearest(pitches, note.midi) + steps]) for note in notes]


def call(song: Song, rng: Random, centre: float) -> list[Note]:
    """One short answer of a backing group every bar or two, on a tone of the chord."""
    beat, every = float(rng.choice([0.0, 1.0, 2.0, 2.5, 3.0])), int(rng.choice([1, 2]))
    length = float(rng.choice([0.5, 1.0, 2.0]))
    return [Note(song.time(bar, beat), length * song.beat, near(root, centre), 0.8)
            for bar, (root, _) in enumerate(song.bars) if bar % every == 0]


def _motif(rng: Random) -> _Motif:
    """Beats, lengths in beats, and steps along the scale of the notes of a phrase."""
    end = PHRASE_BEATS - float(rng.choice([0.5, 1.0, 2.0, 3.0]))
    busy = rng.uniform(0.0, 1.0)
    beat, motif = float(rng.choice([0.0, 0.0, 0.5, 1.0])), []
    while beat < end:
        length = float(rng.choice([0.25, 0.5, 1.0, 1.5, 2.0, 3.0], p=_lengths(busy)))
        step = int(rng.choice([-3, -2, -1, 0, 1, 2, 3, 4], p=[0.04, 0.1, 0.25, 0.2, 0.22, 0.1, 0.05, 0.04]))
        motif.append((beat, min(length, end - beat + 1.0), step))
        beat += length
    return motif


def _lengths(busy: float) -> np.ndarray:
    """How likely lengths of 1/4, 1/2, 1, 1 1/2, 2 and 3 beats are."""
    calm, quick = np.array([0.0, 0.15, 0.35, 0.2, 0.2, 0.1]), np.array([0.15, 0.55, 0.2, 0.05, 0.05, 0.0])
    return (1.0 - busy) * calm + busy * quick


def _phrase(song: Song, bar: int, motif: _Motif, pitches: list[float], rng: Random) -> list[Note]:
    """Sing a motif from the chord of its bar on, and end it on a tone of the chord there."""
    place = _nearest(pitches, _chord_tone(song, bar, pitches[len(pitches) // 2] + rng.uniform(-4.0, 4.0), rng))
    notes = []
    for index, (beat, length, step) in enumerate(motif):
        place = int(np.clip(place + step, 0, len(pitches) - 1))
        at = min(bar + int(beat // 4), len(song.bars) - 1)
        if index == len(motif) - 1 or (length >= 1.0 and rng.random() < 0.5):
            place = _nearest(pitches, _chord_tone(song, at, pitches[place], rng))
        notes.append(Note(song.time(bar + int(beat // 4), beat % 4), length * song.beat * rng.uniform(0.8, 1.0),
                          pitches[place], float(rng.uniform(0.6, 1.0))))
    return notes


def _chord_tone(song: Song, bar: int, pitch: float, rng: Random) -> float:
    """Choose a tone of the chord of a bar near a pitch."""
    root, quality = song.bars[bar]
    tones = [near((root + interval) % 12, pitch) for interval in QUALITIES[quality]]
    return min(tones, key=lambda tone: abs(tone - pitch) + rng.uniform(0.0, 2.0))


def _nearest(pitches: list[float], pitch: float) -> int:
    return int(np.argmin(np.abs(np.array(pitches) - pitch)))
