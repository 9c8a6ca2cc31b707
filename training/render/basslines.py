"""Bass lines over a song's chords, one function a style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.render.scores import Note
from training.render.song import QUALITIES, Random, Song, near, scale

LOWEST = 28.0  # the open E string
Line = Callable[[Song, Random], list[Note]]


def _low(pitch_class: float, rng: Random) -> float:
    """Put a root on the lowest strings, now and then an octave higher."""
    pitch = near(pitch_class, 33.0)
    pitch = pitch + 12.0 if pitch < LOWEST else pitch
    return pitch + 12.0 if rng.random() < 0.15 else pitch


def _hit(song: Song, bar: int, beat: float, length: float, midi: float, velocity: float) -> Note:
    """One note at a beat of a bar, its length in beats."""
    return Note(song.time(bar, beat), length * song.beat, midi, velocity)


def roots(song: Song, rng: Random) -> list[Note]:
    """Driving 8ths (now and then 16ths or quarters) on the root, as in rock and punk."""
    step = float(rng.choice([0.5, 0.25, 1.0], p=[0.75, 0.1, 0.15]))
    length = step * rng.uniform(0.4, 1.0)
    fill = rng.random() < 0.5
    notes = []
    for bar, (root, _) in enumerate(song.bars):
        pitch = _low(root, rng)
        following = near(song.bars[(bar + 1) % len(song.bars)][0], pitch)
        for beat in np.arange(0.0, 4.0, step):
            leading = fill and beat >= 3.5 and following != pitch
            midi = following - np.sign(following - pitch) if leading else pitch
            notes.append(_hit(song, bar, float(beat), length, float(midi), 0.85 if beat % 1 == 0 else 0.7))
    return notes


def walking(song: Song, rng: Random) -> list[Note]:
    """Quarter notes through the chord, a half step into the next: jazz, rockabilly, country."""
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        pitch = _low(root, rng)
        following = near(song.bars[(bar + 1) % len(song.bars)][0], pitch)
        tones = QUALITIES[quality]
        walk = [pitch, pitch + tones[rng.integers(1, len(tones))], pitch + tones[rng.integers(len(tones))],
                following + float(rng.choice([-1, 1]))]
        for beat, midi in enumerate(walk):
            notes.append(_hit(song, bar, beat, rng.uniform(0.7, 1.0), midi, 0.8))
            if rng.random() < 0.1:
                notes.append(_hit(song, bar, beat + 0.5, 0.3, midi, 0.5))
    return notes


def two_beat(song: Song, rng: Random) -> list[Note]:
    """Root and fifth on one and three, as in country and polka."""
    length = rng.uniform(0.6, 1.8)
    notes = []
    for bar, (root, _) in enumerate(song.bars):
        pitch = _low(root, rng)
        fifth = pitch - 5.0 if pitch - 5.0 >= LOWEST else pitch + 7.0
        notes += [_hit(song, bar, 0.0, length, pitch, 0.85), _hit(song, bar, 2.0, length, fifth, 0.75)]
    return notes


def octaves(song: Song, rng: Random) -> list[Note]:
    """Root and octave in 8ths or 16ths: disco, new wave."""
    step = float(rng.choice([0.5, 0.25], p=[0.8, 0.2]))
    length = step * rng.uniform(0.4, 0.9)
    notes = []
    for bar, (root, _) in enumerate(song.bars):
        pitch = _low(root, rng)
        for index, beat in enumerate(np.arange(0.0, 4.0, step)):
            notes.append(_hit(song, bar, float(beat), length, pitch + 12.0 * (index % 2), 0.8))
    return notes


def boogie(song: Song, rng: Random) -> list[Note]:
    """Root, third, fifth, sixth up and down: rock and roll."""
    shape = ((0, 4, 7, 9, 10, 9, 7, 4), (0, 0, 7, 7, 9, 9, 7, 7), (0, 4, 7, 4, 9, 4, 7, 4))[rng.integers(3)]
    length = rng.uniform(0.3, 0.5)
    notes = []
    for bar, (root, quality) in enumerate(song.bars):
        pitch = _low(root, rng)
        for index, interval in enumerate(shape):
            third = interval - 1 if interval == 4 and "minor" in quality else interval
            notes.append(_hit(song, bar, index / 2, length, pitch + third, 0.8))
    return notes


def riff(song: Song, rng: Random) -> list[Note]:
    """One or two bars of scale notes in a fixed rhythm, repeated: hard rock."""
    steps = scale(song, rng)
    grid = np.flatnonzero(rng.random(16) < rng.uniform(0.25, 0.6)) / 4.0
    beats = sorted({0.0, *grid.tolist()})
    degrees = [0, *(int(steps[rng.integers(len(steps))]) for _ in beats[1:])]
    follow = rng.random() < 0.5
    notes = []
    for bar, (root, _) in enumerate(song.bars):
        pitch = _low(root if follow else song.key, rng)
        for beat, until, degree in zip(beats, [*beats[1:], 4.0], degrees, strict=True):
            notes.append(_hit(song, bar, beat, (until - beat) * 0.9, pitch + degree, 0.85))
    return notes


def funk(song: Song, rng: Random) -> list[Note]:
    """Syncopated short 16ths with ghost notes and octave pops."""
    played = rng.random(16) < 0.45
    played[0] = True
    ghost = rng.random(16) < 0.3
    pops = rng.random(16) < 0.25
    notes = []
    for bar, (root, _) in enumerate(song.bars):
        pitch = _low(root, rng)
        for index in range(16):
            if played[index]:
                midi = pitch + (12.0 if pops[index] else float(rng.choice([0, 0, 0, 7, 10])))
                notes.append(_hit(song, bar, index / 4, rng.uniform(0.12, 0.4), midi, 0.95))
            elif ghost[index]:
                notes.append(_hit(song, bar, index / 4, 0.06, pitch, 0.35))
    return notes


def sustained(song: Song, rng: Random) -> list[Note]:
    """Long roots: ballads."""
    length = float(rng.choice([2.0, 4.0]))
    return [_hit(song, bar, beat, length * 0.97, _low(root, rng), 0.7)
            for bar, (root, _) in enumerate(song.bars) for beat in np.arange(0.0, 4.0, length).tolist()]


STYLES: dict[str, Line] = {"roots": roots, "walking": walking, "two_beat": two_beat, "octaves": octaves,
                           "boogie": boogie, "riff": riff, "funk": funk, "sustained": sustained}


def random_line(song: Song, rng: Random) -> list[Note]:
    """Play one of the styles, root 8ths and riffs more often than the rest."""
    names = list(STYLES)
    weights = np.array([0.26, 0.13, 0.08, 0.1, 0.12, 0.15, 0.1, 0.06])
    return STYLES[names[rng.choice(len(names), p=weights)]](song, rng)
