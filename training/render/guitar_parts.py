"""What a rhythm guitar plays: power-chord riffs, strums, arpeggios, boogie, picking, chops and held chords."""

from __future__ import annotations

import numpy as np

from training.render.patterns import guitar_voicing
from training.render.scores import Note, Touch
from training.render.song import BAR, Random, Song

SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {  # semitones above the root, low to high
    "major": ((0, 7, 12, 16, 19, 24), (0, 7, 12, 16, 19), (12, 16, 19), (0, 4, 7, 12)),
    "minor": ((0, 7, 12, 15, 19, 24), (0, 7, 12, 15, 19), (12, 15, 19), (0, 3, 7, 12)),
    "seventh": ((0, 10, 16, 19), (0, 4, 10, 14, 19), (0, 10, 16, 21)),
    "minor7": ((0, 7, 10, 15, 19), (0, 10, 15, 19, 22)), "major7": ((0, 11, 16, 19), (0, 7, 11, 16, 19)),
    "sus4": ((0, 7, 12, 17, 19), (12, 17, 19)), "add9": ((0, 7, 12, 14, 19), (0, 7, 14, 16)),
    "power": ((0, 7, 12), (0, 7), (0, 7, 12, 19)), "diminished": ((0, 6, 12, 15), (0, 6, 9, 15)),
}


def strum(start: float, pitches: tuple[int, ...], seconds: float, velocity: float, spread_s: float,
          up: bool = False, touch: Touch = "pluck") -> list[Note]:
    """One stroke across the strings; an up-stroke begins at the highest and leaves out the lowest ones."""
    order = tuple(reversed(pitches))[:4] if up else pitches
    gap = spread_s / max(len(order) - 1, 1)
    return [Note(start + gap * i, seconds, float(p), velocity * (0.75 if up else 1.0) * (1.0 - 0.04 * i), touch)
            for i, p in enumerate(order)]


def hits(pattern: str) -> list[tuple[int, str, int]]:
    """Position, letter and length, in sixteenths, of a pattern's letters; `-` holds, `.` is a rest."""
    found = []
    for index, letter in enumerate(pattern):
        if letter in "-.":
            continue
        tail = pattern[index + 1:]
        found.append((index, letter, 1 + len(tail) - len(tail.lstrip("-"))))
    return found


def random_pattern(rng: Random, letters: dict[str, float], grid: int) -> str:
    """Draw a bar of letters with the given weights every `grid` sixteenths, the first never a rest."""
    names, weights = list(letters), np.array(list(letters.values()))
    drawn = [str(n) for n in rng.choice(names, size=BAR // grid, p=weights / weights.sum())]
    if drawn[0] in "-.":
        drawn[0] = names[0]
    return "".join(d + ("." if d == "." else "-") * (grid - 1) for d in drawn)


def _power(root: int, rng: Random) -> tuple[int, ...]:
    return (root, root + 7, root + 12) if rng.random() < 0.6 else (root, root + 7)


def power_riff(song: Song, rng: Random) -> list[Note]:
    """Power chords and palm mutes in eighths or sixteenths, one rhythm repeated over the chords."""
    grid = int(rng.choice([1, 2, 2])) if song.tempo < 140 else 2
    letters = {"C": rng.uniform(0.2, 1.0), "m": rng.uniform(0.0, 1.5), "-": rng.uniform(0.0, 0.8),
               ".": rng.uniform(0.0, 0.3), "u": rng.uniform(0.0, 0.25)}
    bars = [random_pattern(rng, letters, grid) for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.2:
        bars = ["C-" * (BAR // 2)]
    drift = tuple(int(x) for x in rng.choice([0, 0, 0, 3, 5, -2, 1], size=BAR))
    notes: list[Note] = []
    for bar in range(0, song.steps, BAR):
        for at, letter, length in hits(bars[(bar // BAR) % len(bars)]):
            root = max(song.guitar_chord(bar + at)[0] + (drift[at] if letter == "u" else 0), song.lowest)
            start, seconds = song.at(bar + at), song.step * length * rng.uniform(0.85, 1.0)
            if letter == "m":
                notes += strum(start, (root, root + 7), min(seconds, 0.3), rng.uniform(0.5, 0.85), 0.003, touch="mute")
            else:
                notes += strum(start, _power(root, rng), seconds, rng.uniform(0.7, 1.0), rng.uniform(0.002, 0.009))
    return notes


def voicing(song: Song, bar: int, rng: Random) -> tuple[int, ...]:
    """Choose a movable shape for the chord of a bar."""
    root, quality = song.guitar_chord(bar * BAR)
    shape = SHAPES[quality][int(rng.integers(len(SHAPES[quality])))]
    lift = 12 if root < 40 or (len(shape) < 5 and rng.random() < 0.6 and root + max(shape) < 66) else 0
    return tuple(root + lift + interval for interval in shape)


def _song_voicings(song: Song, rng: Random) -> list[tuple[int, ...]]:
    """One shape a bar, the same for the same chord; a third of the players use open chords and a capo."""
    capo = int(rng.choice([0, 0, 1, 2, 3, 5])) if rng.random() < 0.35 else None
    shapes: dict[tuple[int, str], tuple[int, ...]] = {}
    for bar, (root, quality) in enumerate(song.bars):
        if (root, quality) in shapes:
            continue
        shapes[root, quality] = (voicing(song, bar, rng) if capo is None else
                                 tuple(int(p) + capo for p in guitar_voicing((root - capo) % 12, quality)))
    return [shapes[chord] for chord in song.bars]


def strummed(song: Song, rng: Random) -> list[Note]:
    """Chords strummed down and up in eighths or sixteenths, or stabbed on the off-beats."""
    shapes = _song_voicings(song, rng)
    grid = 1 if song.tempo < 110 and rng.random() < 0.4 else 2
    letters = {"S": 1.0, "-": rng.uniform(0.1, 1.2), "x": rng.uniform(0.0, 0.4), ".": rng.uniform(0.0, 0.4)}
    bars = [random_pattern(rng, letters, grid) for _ in range(rng.integers(1, 3))]
    if rng.random() < 0.15:
        bars = ["..S...S...S...S."]
    spread_s, touch = rng.uniform(0.006, 0.03), "stop" if rng.random() < 0.12 else "pluck"
    notes: list[Note] = []
    for bar in range(0, song.steps, BAR):
        shape = shapes[bar // BAR]
        for at, letter, length in hits(bars[(bar // BAR) % len(bars)]):
            up, start = (at // grid) % 2 == 1, song.at(bar + at)
            if letter == "x":
                notes += strum(start, shape[:3], 0.08, rng.uniform(0.3, 0.6), spread_s / 2, up, "chop")
            else:
                accent = 0.85 if at % 8 == 4 else 0.65
                notes += strum(start, shape, song.step * length, accent + rng.uniform(-0.15, 0.15), spread_s, up,
                               "stop" if touch == "stop" else "pluck")
    return notes


def arpeggio(song: Song, rng: Random) -> list[Note]:
    """Chords broken into single notes that ring into each other."""
    shapes = _song_voicings(song, rng)
    grid = int(rng.choice([1, 2])) if song.tempo < 105 else 2
    figure = rng.permutation(8) if rng.random() < 0.5 else np.array([0, 1, 2, 3, 4, 3, 2, 1])
    ring = rng.uniform(2.0, 8.0) * grid * song.step
    notes: list[Note] = []
    for position in range(0, song.steps, grid):
        shape = shapes[position // BAR]
        if rng.random() < 0.06:
            continue
        string = 0 if position % BAR == 0 else int(figure[(position // grid) % 8]) % len(shape)
        notes.append(Note(song.at(position), ring, float(shape[string]), rng.uniform(0.4, 0.8)))
    return notes


def boogie(song: Song, rng: Random) -> list[Note]:
    """Root with fifth, sixth and seventh in eighths: rock'n'roll and blues rhythm."""
    figure = [(7, 7, 9, 9), (7, 7, 9, 7), (7, 9, 10, 9), (7, 7, 9, 10)][int(rng.integers(4))]
    touch: Touch = "mute" if rng.random() < 0.45 else "pluck"
    notes: list[Note] = []
    for position in range(0, song.steps, 2):
        root = song.guitar_chord(position)[0]
        upper = root + figure[(position // 4) % 4]
        accent = 0.8 if position % 4 == 0 else 0.62
        notes += strum(song.at(position), (root, upper), 1.7 * song.step, accent, 0.004, touch=touch)
    return notes


def picking(song: Song, rng: Random) -> list[Note]:
    """Rockabilly thumb picking: alternating bass, muted or not, with syncopated upper strings."""
    touch: Touch = "mute" if rng.random() < 0.5 else "pluck"
    shapes = _song_voicings(song, rng)
    syncopation = rng.random(BAR // 2) < rng.uniform(0.3, 0.8)
    notes: list[Note] = []
    for position in range(0, song.steps, 2):
        shape = shapes[position // BAR]
        start = song.at(position)
        if position % 4 == 0:
            bass = shape[0] if position % 8 == 0 else shape[min(1, len(shape) - 1)]
            notes.append(Note(start, 3.6 * song.step, float(bass), 0.8, touch))
        if syncopation[(position // 2) % syncopation.size]:
            upper = shape[-2:] if rng.random() < 0.4 else (shape[-int(rng.integers(1, min(4, len(shape) + 1)))],)
            notes += [Note(start, song.step * rng.uniform(1.5, 6.0), float(p), rng.uniform(0.5, 0.85)) for p in upper]
    return notes


def chops(song: Song, rng: Random) -> list[Note]:
    """Funk: sixteenths of dead strokes with short chords between them."""
    root_shapes = _song_voicings(song, rng)
    letters = {"x": 1.0, "S": rng.uniform(0.3, 0.8), ".": rng.uniform(0.1, 1.0)}
    bars = [random_pattern(rng, letters, 1) for _ in range(rng.integers(1, 3))]
    notes: list[Note] = []
    for bar in range(0, song.steps, BAR):
        shape = root_shapes[bar // BAR][-4:]
        for at, letter, _ in hits(bars[(bar // BAR) % len(bars)]):
            start, up = song.at(bar + at), at % 2 == 1
            if letter == "x":
                notes += strum(start, shape[:2], 0.06, rng.uniform(0.3, 0.7), 0.004, up, "chop")
            else:
                notes += strum(start, shape, song.step * rng.uniform(0.6, 1.4), rng.uniform(0.6, 0.95), 0.008, up)
    return notes


def held_chords(song: Song, rng: Random) -> list[Note]:
    """Let a chord ring for half a bar to two bars."""
    shapes = _song_voicings(song, rng)
    every, power = int(rng.choice([8, 16, 32])), rng.random() < 0.4
    notes: list[Note] = []
    for position in range(0, song.steps, every):
        shape = shapes[position // BAR]
        pitches = _power(song.guitar_chord(position)[0], rng) if power else shape
        notes += strum(song.at(position), pitches, every * song.step * rng.uniform(0.6, 1.0), rng.uniform(0.5, 0.95),
                       rng.uniform(0.005, 0.06))
    return notes
