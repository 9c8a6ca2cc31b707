"""What a lead guitar plays: low riffs, melodies with bends and vibrato, double stops, tremolo picking."""

from __future__ import annotations

import numpy as np

from training.render.scores import Note, Touch
from training.render.song import BAR, Random, Song, ladder, scale


def _rungs(song: Song, rng: Random, low: float, high: float) -> np.ndarray:
    """All pitches of a scale of the song from `low` to `high`, MIDI numbers."""
    return np.array(ladder(song.key, scale(song, rng), low, high))


def _walk(count: int, size: int, rng: Random, leap: float = 2.0) -> list[int]:
    """Positions on a ladder of `size` rungs: mostly steps, leaps now and then."""
    place = int(rng.integers(size))
    out = []
    for _ in range(count):
        place = int(np.clip(place + round(rng.normal(0.0, leap)), 0, size - 1))
        out.append(place)
    return out


def riff(song: Song, rng: Random) -> list[Note]:
    """Repeat a figure of one or two bars on the low strings with small changes, sometimes moved with the chords."""
    pitches = _rungs(song, rng, song.keynote, song.keynote + int(rng.integers(8, 20)))
    length = BAR * int(rng.choice([1, 2]))
    grid = 1 if song.tempo < 105 and rng.random() < 0.5 else 2
    places = _walk(length // grid, pitches.size, rng)
    plays = rng.random(length // grid) < rng.uniform(0.45, 0.95)
    mutes = rng.random(length // grid) < rng.choice([0.0, 0.3])
    follows, octave = rng.random() < 0.3, rng.random() < 0.12
    notes: list[Note] = []
    for position in range(0, song.steps, grid):
        slot = (position // grid) % (length // grid)
        if not plays[slot] or rng.random() < 0.04:
            continue
        shift = song.guitar_chord(position)[0] - song.keynote if follows else 0
        pitch = float(pitches[places[slot]] + shift)
        touch: Touch = "mute" if mutes[slot] else "pluck"
        following = next((i for i in range(1, 5) if plays[(slot + i) % plays.size]), 4)
        seconds = song.step * grid * min(following, 4) * rng.uniform(0.7, 1.0)
        notes.append(Note(song.at(position), seconds, pitch, rng.uniform(0.6, 0.95), touch, _slide(rng, 0.08)))
        if octave:
            notes.append(Note(song.at(position), seconds, pitch + 12.0, 0.7, touch))
    return notes


def _slide(rng: Random, chance: float) -> tuple[tuple[float, float], ...]:
    """Now and then a slide into the note from below or above."""
    if rng.random() > chance:
        return ()
    return ((0.0, float(rng.choice([-2.0, -1.0, 1.0, -3.0]))), (float(rng.uniform(0.04, 0.12)), 0.0))


def _ornament(seconds: float, rng: Random) -> tuple[tuple[float, float], ...]:
    """Bend up, bend and release, pre-bend, slide, fall, or nothing."""
    kind = rng.random()
    amount = float(rng.choice([1.0, 2.0, 2.0, 3.0, 0.5]))
    reach = float(rng.uniform(0.06, 0.25))
    if seconds > 0.25 and kind < 0.18:
        return ((0.0, -amount), (reach * 0.5, -amount), (reach, 0.0))
    if seconds > 0.4 and kind < 0.28:
        return ((0.0, 0.0), (reach, amount), (0.6 * seconds, amount), (0.6 * seconds + reach, 0.0))
    if seconds > 0.3 and kind < 0.33:
        return ((0.0, amount), (0.4 * seconds, amount), (0.4 * seconds + reach, 0.0))
    if seconds > 0.3 and kind < 0.37:
        return ((0.0, 0.0), (0.75 * seconds, 0.0), (seconds, -5.0))
    return _slide(rng, 0.12)


def _rhythm(rng: Random, busy: float) -> list[float]:
    """Note lengths in sixteenths of one phrase, between three and fourteen notes."""
    palette = np.array([1.0, 2.0, 3.0, 4.0, 4.0 / 3.0, 8.0, 12.0])
    weights = np.array([busy, 1.0, 0.4, 0.8 - 0.5 * busy, 0.3 * busy, 0.5 - 0.4 * busy, 0.2 - 0.18 * busy])
    drawn = rng.choice(palette, size=int(rng.integers(3, 15)), p=weights / weights.sum())
    drawn[-1] = rng.choice([4.0, 8.0, 12.0])
    return [float(x) for x in drawn]


def melody(song: Song, rng: Random) -> list[Note]:
    """Phrases with breaths between them: a solo, or a tune on the lower strings."""
    low = int(rng.integers(50, 66))
    pitches = _rungs(song, rng, low, min(low + int(rng.integers(12, 22)), 88))
    busy, leap, shake = rng.uniform(0.0, 1.0), rng.uniform(1.0, 2.6), rng.uniform(0.0, 0.9)
    legato, gap = rng.uniform(0.0, 0.5), rng.uniform(0.0, 12.0)
    rate_hz, depth = float(rng.uniform(3.5, 6.5)), float(rng.uniform(0.1, 0.6))
    position, notes = float(rng.integers(0, BAR)), list[Note]()
    while position < song.steps:
        lengths = _rhythm(rng, busy)
        for place, length in zip(_walk(len(lengths), pitches.size, rng, leap), lengths, strict=True):
            start, seconds = song.at(position), song.step * length
            vibrato = (depth, rate_hz) if seconds > 0.3 and rng.random() < shake else (0.0, 5.0)
            touch: Touch = "hammer" if length < 2.0 and rng.random() < legato else "pluck"
            notes.append(Note(start, seconds * rng.uniform(0.85, 1.05), float(pitches[place]), rng.uniform(0.55, 1.0),
                              touch, _ornament(seconds, rng), vibrato))
            position += length
        position = float(np.ceil(position + rng.uniform(0.0, gap)))
    return notes


def double_stops(song: Song, rng: Random) -> list[Note]:
    """Phrases in fourths, thirds or sixths on neighbouring strings, bent together."""
    rungs = int(rng.choice([2, 2, 3, 5]))
    pitches = _rungs(song, rng, 52, 82)
    notes: list[Note] = []
    for note in melody(song, rng):
        place = int(np.argmin(np.abs(pitches[:-rungs] - note.midi)))
        for pitch in (pitches[place], pitches[place + rungs]):
            notes.append(Note(note.start, note.seconds, float(pitch), note.velocity, "pluck", note.glide, note.vibrato))
    return notes


def tremolo_picked(song: Song, rng: Random) -> list[Note]:
    """Repeat each note of a melody as fast as the hand can: surf, folk, black metal."""
    period = song.step if song.tempo > 125 else song.step / 2.0
    touch: Touch = "mute" if rng.random() < 0.25 else "pluck"
    notes: list[Note] = []
    for note in melody(song, rng):
        for index in range(max(int(note.seconds / period), 1)):
            velocity = note.velocity * (1.0 if index % 2 == 0 else 0.85)
            notes.append(Note(note.start + index * period, period, note.midi, velocity, touch))
    return notes


def twang(song: Song, rng: Random) -> list[Note]:
    """Play a slow tune on the bass and middle strings with long notes and the tremolo arm."""
    pitches = _rungs(song, rng, song.lowest, 64)
    rate_hz, depth = float(rng.uniform(3.0, 5.5)), float(rng.uniform(0.1, 0.45))
    dip = float(rng.choice([-0.5, -1.0, -2.0]))
    position, notes = 0.0, list[Note]()
    while position < song.steps:
        for place in _walk(int(rng.integers(3, 9)), pitches.size, rng, 1.5):
            length = float(rng.choice([2.0, 2.0, 4.0, 4.0, 6.0, 8.0]))
            seconds = song.step * length
            glide = ((0.0, dip), (0.12, 0.0)) if rng.random() < 0.15 else _slide(rng, 0.1)
            vibrato = (depth, rate_hz) if seconds > 0.35 else (0.0, 5.0)
            notes.append(Note(song.at(position), seconds, float(pitches[place]), rng.uniform(0.6, 1.0), "pluck",
                              glide, vibrato))
            position += length
        position += float(rng.choice([0.0, 2.0, 4.0, 8.0]))
    return notes
