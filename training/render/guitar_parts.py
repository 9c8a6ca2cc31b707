"""What a rhythm guitar plays: power-chord riffs, strums, arpeggios, boogie, picking, chops and held chords."""

from __future__ import annotations

import numpy as np

from training.render.effects import Random
from training.render.guitar_notes import Note, Touch
from training.render.guitar_song import BAR, Feel

OPEN_CHORDS: tuple[tuple[int, ...], ...] = (  # MIDI numbers of the strings that sound, low to high
    (40, 47, 52, 56, 59, 64), (40, 47, 52, 55, 59, 64), (45, 52, 57, 61, 64), (45, 52, 57, 60, 64),
    (50, 57, 62, 66), (50, 57, 62, 65), (43, 47, 50, 55, 59, 67), (48, 52, 55, 60, 64), (45, 52, 55, 61, 64),
    (40, 47, 50, 56, 59, 64), (47, 51, 57, 59, 66), (50, 57, 60, 66), (41, 48, 53, 57, 60, 65), (45, 52, 59, 61, 64),
)
BARRE_SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {  # semitones above the root
    "major": ((0, 7, 12, 16, 19, 24), (0, 7, 12, 16, 19), (12, 16, 19), (0, 4, 7, 12)),
    "minor": ((0, 7, 12, 15, 19, 24), (0, 7, 12, 15, 19), (12, 15, 19), (0, 3, 7, 12)),
    "colour": ((0, 10, 16, 19), (0, 4, 10, 14, 19), (0, 7, 10, 15, 19), (0, 11, 16, 19), (0, 10, 15, 19, 22),
               (0, 10, 16, 21), (0, 7, 12, 14, 19), (0, 7, 12, 17, 19)),
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


def power_riff(feel: Feel, rng: Random) -> list[Note]:
    """Power chords and palm mutes in eighths or sixteenths, one rhythm repeated over the chords."""
    grid = int(rng.choice([1, 2, 2])) if feel.tempo < 140 else 2
    letters = {"C": rng.uniform(0.2, 1.0), "m": rng.uniform(0.0, 1.5), "-": rng.uniform(0.0, 0.8),
               ".": rng.uniform(0.0, 0.3), "u": rng.uniform(0.0, 0.25)}
    bars = [random_pattern(rng, letters, grid) for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.2:
        bars = ["C-" * (BAR // 2)]
    drift = tuple(int(x) for x in rng.choice([0, 0, 0, 3, 5, -2, 1], size=BAR))
    notes: list[Note] = []
    for bar in range(0, feel.steps, BAR):
        for at, letter, length in hits(bars[(bar // BAR) % len(bars)]):
            root = max(feel.chord(bar + at)[0] + (drift[at] if letter == "u" else 0), feel.lowest)
            start, seconds = feel.time(bar + at), feel.step * length * rng.uniform(0.85, 1.0)
            if letter == "m":
                notes += strum(start, (root, root + 7), min(seconds, 0.3), rng.uniform(0.5, 0.85), 0.003, touch="mute")
            else:
                notes += strum(start, _power(root, rng), seconds, rng.uniform(0.7, 1.0), rng.uniform(0.002, 0.009))
    return notes


def voicing(feel: Feel, position: float, rng: Random) -> tuple[int, ...]:
    """Choose a movable chord shape for the harmony at a position."""
    root, kind = feel.chord(position)
    shapes = BARRE_SHAPES[kind]
    shape = shapes[int(rng.integers(len(shapes)))]
    lift = 12 if root < 40 or (len(shape) < 5 and rng.random() < 0.6 and root + max(shape) < 66) else 0
    return tuple(root + lift + interval for interval in shape)


def _song_voicings(feel: Feel, rng: Random) -> list[tuple[int, ...]]:
    """One shape for each chord of the song; open chords ignore the key, as a capo lets them."""
    if rng.random() < 0.35:
        capo = int(rng.choice([0, 0, 1, 2, 3, 5]))
        picked = rng.integers(len(OPEN_CHORDS), size=len(feel.chords))
        return [tuple(p + capo for p in OPEN_CHORDS[i]) for i in picked.tolist()]
    return [voicing(feel, i * BAR * feel.bars_each, rng) for i in range(len(feel.chords))]


def strummed(feel: Feel, rng: Random) -> list[Note]:
    """Chords strummed down and up in eighths or sixteenths, or stabbed on the off-beats."""
    shapes = _song_voicings(feel, rng)
    grid = 1 if feel.tempo < 110 and rng.random() < 0.4 else 2
    letters = {"S": 1.0, "-": rng.uniform(0.1, 1.2), "x": rng.uniform(0.0, 0.4), ".": rng.uniform(0.0, 0.4)}
    bars = [random_pattern(rng, letters, grid) for _ in range(rng.integers(1, 3))]
    if rng.random() < 0.15:
        bars = ["..S...S...S...S."]
    spread_s, touch = rng.uniform(0.006, 0.03), "stop" if rng.random() < 0.12 else "pluck"
    notes: list[Note] = []
    for bar in range(0, feel.steps, BAR):
        shape = shapes[(bar // (BAR * feel.bars_each)) % len(shapes)]
        for at, letter, length in hits(bars[(bar // BAR) % len(bars)]):
            up, start = (at // grid) % 2 == 1, feel.time(bar + at)
            if letter == "x":
                notes += strum(start, shape[:3], 0.08, rng.uniform(0.3, 0.6), spread_s / 2, up, "chop")
            else:
                accent = 0.85 if at % 8 == 4 else 0.65
                notes += strum(start, shape, feel.step * length, accent + rng.uniform(-0.15, 0.15), spread_s, up,
                               "stop" if touch == "stop" else "pluck")
    return notes


def arpeggio(feel: Feel, rng: Random) -> list[Note]:
    """Chords broken into single notes that ring into each other."""
    shapes = _song_voicings(feel, rng)
    grid = int(rng.choice([1, 2])) if feel.tempo < 105 else 2
    figure = rng.permutation(8) if rng.random() < 0.5 else np.array([0, 1, 2, 3, 4, 3, 2, 1])
    ring = rng.uniform(2.0, 8.0) * grid * feel.step
    notes: list[Note] = []
    for position in range(0, feel.steps, grid):
        shape = shapes[(position // (BAR * feel.bars_each)) % len(shapes)]
        if rng.random() < 0.06:
            continue
        string = 0 if position % BAR == 0 else int(figure[(position // grid) % 8]) % len(shape)
        notes.append(Note(feel.time(position), ring, float(shape[string]), rng.uniform(0.4, 0.8)))
    return notes


def boogie(feel: Feel, rng: Random) -> list[Note]:
    """Root with fifth, sixth and seventh in eighths: rock'n'roll and blues rhythm."""
    figure = [(7, 7, 9, 9), (7, 7, 9, 7), (7, 9, 10, 9), (7, 7, 9, 10)][int(rng.integers(4))]
    touch: Touch = "mute" if rng.random() < 0.45 else "pluck"
    notes: list[Note] = []
    for position in range(0, feel.steps, 2):
        root = feel.chord(position)[0]
        upper = root + figure[(position // 4) % 4]
        accent = 0.8 if position % 4 == 0 else 0.62
        notes += strum(feel.time(position), (root, upper), 1.7 * feel.step, accent, 0.004, touch=touch)
    return notes


def picking(feel: Feel, rng: Random) -> list[Note]:
    """Rockabilly thumb picking: alternating bass, muted or not, with syncopated upper strings."""
    touch: Touch = "mute" if rng.random() < 0.5 else "pluck"
    shapes = _song_voicings(feel, rng)
    syncopation = rng.random(BAR // 2) < rng.uniform(0.3, 0.8)
    notes: list[Note] = []
    for position in range(0, feel.steps, 2):
        shape = shapes[(position // (BAR * feel.bars_each)) % len(shapes)]
        start = feel.time(position)
        if position % 4 == 0:
            bass = shape[0] if position % 8 == 0 else shape[min(1, len(shape) - 1)]
            notes.append(Note(start, 3.6 * feel.step, float(bass), 0.8, touch))
        if syncopation[(position // 2) % syncopation.size]:
            upper = shape[-2:] if rng.random() < 0.4 else (shape[-int(rng.integers(1, min(4, len(shape) + 1)))],)
            notes += [Note(start, feel.step * rng.uniform(1.5, 6.0), float(p), rng.uniform(0.5, 0.85)) for p in upper]
    return notes


def chops(feel: Feel, rng: Random) -> list[Note]:
    """Funk: sixteenths of dead strokes with short chords between them."""
    root_shapes = _song_voicings(feel, rng)
    letters = {"x": 1.0, "S": rng.uniform(0.3, 0.8), ".": rng.uniform(0.1, 1.0)}
    bars = [random_pattern(rng, letters, 1) for _ in range(rng.integers(1, 3))]
    notes: list[Note] = []
    for bar in range(0, feel.steps, BAR):
        shape = root_shapes[(bar // (BAR * feel.bars_each)) % len(root_shapes)][-4:]
        for at, letter, _ in hits(bars[(bar // BAR) % len(bars)]):
            start, up = feel.time(bar + at), at % 2 == 1
            if letter == "x":
                notes += strum(start, shape[:2], 0.06, rng.uniform(0.3, 0.7), 0.004, up, "chop")
            else:
                notes += strum(start, shape, feel.step * rng.uniform(0.6, 1.4), rng.uniform(0.6, 0.95), 0.008, up)
    return notes


def held_chords(feel: Feel, rng: Random) -> list[Note]:
    """Let a chord ring for half a bar to two bars."""
    shapes = _song_voicings(feel, rng)
    every, power = int(rng.choice([8, 16, 32])), rng.random() < 0.4
    notes: list[Note] = []
    for position in range(0, feel.steps, every):
        shape = shapes[(position // (BAR * feel.bars_each)) % len(shapes)]
        pitches = _power(feel.chord(position)[0], rng) if power else shape
        notes += strum(feel.time(position), pitches, every * feel.step * rng.uniform(0.6, 1.0), rng.uniform(0.5, 0.95),
                       rng.uniform(0.005, 0.06))
    return notes
