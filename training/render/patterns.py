"""What chord and melody instruments play over a song: comping, strumming, picking, pads, arpeggios, tunes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.render.scores import Note
from training.render.song import QUALITIES, Random, Song, ladder, near, scale

# Guitar strums over the sixteen 16ths of a bar: D down, U up, x a muted stroke, . nothing.
STRUMS = (
    "D.......D.......", "D...D...D...D...", "D.D.D.D.D.D.D.D.", "D...D.U...U.D.U.", "D..UD.DU.UD.D.DU",
    "D...D.U.D...D.U.", "D.DUD.DUD.DUD.DU", "DxDUxUDUDxDUxUDU", "..D...D...D...D.", "D...............",
    "x.D.x.D.x.D.x.DU", "D.UxD.U.D.UxD.U.",
)
# Right-hand patterns in 8ths: index of the string within the chord's voicing, 0 the lowest.
PICKING = ((0, 3, 2, 4, 1, 3, 2, 4), (0, 2, 3, 4, 5, 4, 3, 2), (0, 3, 4, 5, 4, 3, 0, 3), (0, 4, 1, 3, 0, 4, 1, 3),
           (0, 2, 3, 2, 4, 2, 3, 2), (0, 3, 5, 3, 4, 3, 5, 3))
GUITAR_STRINGS = (40, 45, 50, 55, 59, 64)


def chord(root: float, quality: str, centre: float, rng: Random) -> list[float]:
    """Voice a chord close to `centre`, in a random inversion and sometimes doubled below."""
    tones = [near((root + interval) % 12, centre) for interval in QUALITIES[quality]]
    if rng.random() < 0.3:
        tones.append(near(root, centre - 12.0))
    return sorted(set(tones))


def guitar_voicing(root: int, quality: str) -> list[float]:
    """Finger a chord in a low position: the root on the lowest string that has it, the nearest tones above."""
    tones = {(root + interval) % 12 for interval in QUALITIES[quality]}
    pitches: list[float] = []
    for string in GUITAR_STRINGS:
        fret = next(fret for fret in range(12) if (string + fret) % 12 in ({root} if not pitches else tones))
        if fret <= 4 or (pitches and fret <= 6):
            pitches.append(float(string + fret))
    return pitches


def pads(song: Song, rng: Random, centre: float) -> list[Note]:
    """Whole or half bars of sustained chords."""
    beats = (0.0,) if rng.random() < 0.7 else (0.0, 2.0)
    return _chords(song, rng, centre, beats, 4.0 / len(beats) * rng.uniform(0.85, 1.05), 0.65)


def comping(song: Song, rng: Random, centre: float) -> list[Note]:
    """Chords in a repeated syncopated rhythm of 8ths."""
    played = np.flatnonzero(rng.random(8) < rng.uniform(0.3, 0.8)) / 2.0
    beats = sorted({0.0, *played.tolist()}) if rng.random() < 0.7 else [1.0, 3.0]
    return _chords(song, rng, centre, beats, rng.uniform(0.15, 0.5), 0.75)


def _chords(song: Song, rng: Random, centre: float, beats: Sequence[float], length: float,
            loudness: float) -> list[Note]:
    """Play the chord of each bar on the same beats, each for `length` beats."""
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        tones = chord(root, quality, centre, rng)
        for beat in beats:
            notes += [Note(song.time(bar, beat), length * song.beat, midi, loudness) for midi in tones]
    return notes


def rolling(song: Song, rng: Random, centre: float) -> list[Note]:
    """Two-handed piano: left-hand octaves or fifths in quarters, right-hand chords in 8ths."""
    step = float(rng.choice([0.5, 1.0]))
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        low = near(root, centre - 22.0)
        tones = chord(root, quality, centre + 2.0, rng)
        for beat in range(4):
            midi = low + (7.0 if beat % 2 else 0.0)
            notes += [Note(song.time(bar, beat), song.beat * 0.9, pitch, 0.75) for pitch in (midi, midi - 12.0)]
        for beat in np.arange(0.0, 4.0, step).tolist():
            notes += [Note(song.time(bar, beat), song.beat * step * 0.8, midi, 0.7) for midi in tones]
    return notes


def arpeggio(song: Song, rng: Random, centre: float) -> list[Note]:
    """Broken chords in 8ths, triplets or 16ths: up, down or at random."""
    step = float(rng.choice([0.5, 0.25] if song.swing > 0.5 else [0.5, 0.25, 1.0 / 3.0]))
    length = step * rng.uniform(0.4, 2.0)
    order = rng.integers(3)
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        tones = chord(root, quality, centre, rng)
        tones.append(tones[0] + 12.0)
        for index in range(round(4.0 / step)):
            pick = int(rng.integers(len(tones))) if order == 2 else index % len(tones)
            midi = tones[-1 - pick] if order == 1 else tones[pick]
            notes.append(Note(song.time(bar, index * step), length * song.beat, midi, 0.7))
    return notes


def melody(song: Song, rng: Random, centre: float, density: float = 0.55) -> list[Note]:
    """Invent a tune that walks along a scale in phrases of one to three bars with breaths between them."""
    steps = scale(song, rng)
    pitches = ladder(song.key, steps, 0.0, 127.0)
    place = int(np.argmin(np.abs(np.array(pitches) - centre)))
    lowest, highest = place - len(steps), place + len(steps)
    notes: list[Note] = []
    beat, end, breath = 0.0, 4.0 * len(song.bars), float(rng.uniform(3.0, 10.0))
    while beat < end:
        length = float(rng.choice([0.25, 0.5, 1.0, 1.5, 2.0, 3.0], p=[0.08, 0.37, 0.3, 0.1, 0.1, 0.05]))
        place = int(np.clip(place + rng.choice([-3, -2, -1, 0, 1, 2, 3, 4]), lowest, highest))
        if rng.random() < 0.5 + 0.5 * density:
            seconds = length * song.beat * rng.uniform(0.6, 1.0)
            notes.append(Note(song.time(0, beat), seconds, pitches[place], rng.uniform(0.5, 0.95)))
        beat += length
        if beat > breath:
            beat = float(np.ceil(beat)) + float(rng.integers(0, 4))
            breath = beat + float(rng.uniform(3.0, 10.0))
    return notes


def strums(song: Song, rng: Random) -> list[Note]:
    """Guitar chords stroked down and up, the strings a few ms apart; a muted stroke is very short."""
    pattern = STRUMS[rng.integers(len(STRUMS))]
    spread = rng.uniform(0.004, 0.018)
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        voicing = guitar_voicing(root, quality)
        strokes = [index for index, stroke in enumerate(pattern) if stroke != "."]
        for place, index in enumerate(strokes):
            until = strokes[place + 1] if place + 1 < len(strokes) else 16
            length = 0.04 if pattern[index] == "x" else (until - index) / 4 * song.beat
            notes += _stroke(song.time(bar, index / 4), length, voicing, pattern[index], spread, rng)
    return notes


def _stroke(start: float, seconds: float, voicing: list[float], stroke: str, spread: float, rng: Random) -> list[Note]:
    """One movement of the hand over the strings; an up-stroke catches the high strings only."""
    order = voicing[::-1][: int(rng.integers(3, 5))] if stroke == "U" else voicing
    velocity = {"D": 0.8, "U": 0.6, "x": 0.7}[stroke]
    return [Note(start + index * spread, seconds, midi, velocity * rng.uniform(0.8, 1.0))
            for index, midi in enumerate(order)]


def picking(song: Song, rng: Random) -> list[Note]:
    """Fingerpicked chords that ring until the bar ends."""
    pattern = PICKING[rng.integers(len(PICKING))]
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        voicing = guitar_voicing(root, quality)
        for index, string in enumerate(pattern):
            start = song.time(bar, index / 2)
            midi = voicing[min(string, len(voicing) - 1)]
            notes.append(Note(start, (4.0 - index / 2) * song.beat, midi, 0.8 if string == 0 else 0.65))
    return notes
