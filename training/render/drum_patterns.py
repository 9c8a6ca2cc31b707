"""Invented drum parts: the fast, straight, swung and brushed beats that recorded performances have too few of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from training.render.scores import Hand
from training.render.song import Random, Song

LOUDEST = 127.0  # velocity of MIDI


class Hit(NamedTuple):
    """One stroke: when (s), on which piece of the kit, how hard (1 to 127 as in MIDI)."""

    seconds: float
    piece: str
    velocity: float


@dataclass(frozen=True)
class Pattern:
    """One bar on a grid: a line a piece, `X` accent, `x` normal, `o` soft, `.` rest; lines repeat to fill the bar.

    `steps` is the number of grid steps a beat: 4 straight sixteenths, 3 triplets.
    """

    tempo: tuple[float, float]  # beats a minute
    steps: int
    lines: dict[str, str]


BACKBEAT = "....X.......X..."
HAT, RIDE = "hat_closed", "ride"

METAL = (
    Pattern((150, 220), 4, {"kick": "xxxxxxxxxxxxxxxx", "snare": BACKBEAT, HAT: "X...x..."}),
    Pattern((140, 200), 4, {"kick": "xxxxxxxxxxxxxxxx", "snare": "........X.......", "china": "X...X..."}),
    Pattern((180, 250), 4, {"kick": "x.x.x.x.", "snare": ".x.x.x.x", RIDE: "X.x."}),
    Pattern((180, 240), 4, {"kick": "x.x.", "snare": "X.x.", HAT: "X.x."}),
    Pattern((170, 230), 4, {"kick": "xxxx", "snare": "x.x.", "crash": "X......."}),
    Pattern((170, 220), 4, {"kick": "X..xX.x.X..xX.x.", "snare": BACKBEAT, HAT: "X.x."}),
    Pattern((160, 220), 4, {"kick": "X.xxX.xxX.xxX.xx", "snare": BACKBEAT, RIDE: "X.x."}),
    Pattern((170, 230), 4, {"kick": "X...X...", "snare": "..X...X.", HAT: "X.x."}),
    Pattern((70, 120), 4, {"kick": "X..xx.x...xX.xx.", "snare": "........X.......", "china": "X..."}),
    Pattern((170, 215), 3, {"kick": "x.xx.xx.xx.x", "snare": "...X.....X..", HAT: "X..x.."}),
)

STRAIGHT = (
    Pattern((90, 150), 4, {"kick": "X.......X.......", "snare": BACKBEAT, HAT: "X.x."}),
    Pattern((90, 140), 4, {"kick": "X.....x.X.x.....", "snare": BACKBEAT, HAT: "X.x.x.x."}),
    Pattern((100, 150), 4, {"kick": "X...X...", "snare": "....X...", "hat_half": "X.x."}),
    Pattern((110, 160), 4, {"kick": "X.....x.X.......", "snare": BACKBEAT, RIDE: "X.x."}),
    Pattern((80, 125), 4, {"kick": "X.......X.x.....", "snare": "....X..o.o..X..o", HAT: "Xoxo"}),
    Pattern((105, 130), 4, {"kick": "X...", "snare": "....X...", HAT: "x.......", "hat_open": "..x."}),
    Pattern((160, 210), 4, {"kick": "X.......X.x.....", "snare": BACKBEAT, "hat_open": "X...x..."}),
    Pattern((170, 220), 4, {"kick": "X...X.x.", "snare": "....X...", RIDE: "X...X..."}),
    Pattern((160, 200), 4, {"kick": "X.....x.X.....x.", "snare": BACKBEAT, "crash": "X...X..."}),
    Pattern((110, 160), 4, {"kick": "X.......X.x.....", "snare": "X...X...", HAT: "x.x."}),
    Pattern((120, 175), 4, {"kick": "X.......X.......", "snare": "....X.X.....X...", RIDE: "X.x."}),
    Pattern((110, 150), 4, {"kick": "X..x..X.........", "tom_low": "x.x.", "snare": "............X..."}),
    Pattern((90, 150), 4, {"kick": "X...", "tom_low": "X..x..x.", "tom_mid": "....X.x.", "hat_pedal": "....x..."}),
    Pattern((65, 95), 4, {"kick": "X.........x.....", "rim": "........X.......", HAT: "x.x."}),
    Pattern((60, 90), 4, {"kick": "X......x..x.....", "snare": "........X.......", "hat_half": "X.x."}),
)

SWUNG = (
    Pattern((90, 150), 3, {"kick": "X.....X.....", "snare": "...X.....X..", HAT: "X.x"}),
    Pattern((110, 165), 3, {"kick": "X..x..X..x..", "snare": "...X.....X..", RIDE: "X..X.x"}),
    Pattern((150, 210), 3, {"kick": "x..x..", "snare": "...X..", RIDE: "x..X.x", "hat_pedal": "...x.."}),
    Pattern((50, 75), 3, {"kick": "X....xX.....", "snare": "...X.....X..", HAT: "xxx"}),
    Pattern((95, 135), 3, {"kick": "X....xX....x", "snare": "o.oX.oo.oX.o", HAT: "X.x"}),
    Pattern((160, 220), 4, {"kick": "X...X...", "snare": "ooXoooXo", "hat_pedal": "..x."}),
    Pattern((170, 215), 4, {"kick": "X...X...", "snare": "..X...X.", RIDE: "X.x."}),
    Pattern((150, 200), 4, {"kick": "x...x...", "snare": "xoXoxoXooxXoxoXo"}),
)

BRUSHED = (
    Pattern((55, 100), 4, {"kick": "x.......o.......", "brush_sweep": "x...o...", "brush_tap": "....x.......x..."}),
    Pattern((90, 150), 3, {"kick": "o.....o.....", "brush_sweep": "x..", "brush_tap": "x..X.x", "hat_pedal": "...x.."}),
    Pattern((150, 220), 4, {"kick": "x...x...", "brush_tap": "ooXoooXo", "hat_pedal": "..x."}),
    Pattern((80, 130), 4, {"kick": "X.......X.......", "brush_tap": "o.o.X.ooo.o.X.o."}),
    Pattern((100, 160), 3, {"kick": "o.....", "brush_sweep": "x.....", "brush_tap": "...X.x", RIDE: "x..x.x"}),
)

FAMILIES = {"metal": METAL, "straight": STRAIGHT, "swung": SWUNG, "brushed": BRUSHED}

_STRENGTH = {"X": 112.0, "x": 84.0, "o": 38.0}
_FILL = ("snare", "tom_high", "tom_mid", "tom_low")


def invent(rng: Random, family: str, song: Song) -> list[Hit]:
    """Play a pattern of a family that suits the song's tempo, with fills, crashes and a human's timing.

    Parameters
    ----------
    family
        One of `FAMILIES`.
    song
        Time to keep, at once, half or twice its tempo, from its first bar on.

    Returns
    -------
    list of Hit
        In order of time, from the segment's start to a little after its end.
    """
    pattern, beat = _suited(rng, FAMILIES[family], song)
    bar_steps = 4 * pattern.steps
    crash_bars, fill_bars = int(rng.choice([2, 4, 8])), int(rng.choice([2, 4, 8, 64]))
    fill_piece = "brush_tap" if family == "brushed" else ""
    hits: list[Hit] = []
    for bar in range(int((song.seconds - song.offset) / (4.0 * beat)) + 1):
        filled = int(rng.integers(1, bar_steps // 2 + 1)) if bar % fill_bars == fill_bars - 1 else 0
        grid = _bar(rng, pattern, bar_steps - filled)
        grid += _fill(rng, bar_steps - filled, bar_steps, fill_piece)
        if bar % crash_bars == 0 and family != "brushed" and rng.random() < 0.6:
            grid.append((0, "crash", 110.0))
        hits += [Hit(_time(song, pattern, beat, bar * bar_steps + at), piece, velocity)
                 for at, piece, velocity in grid]
    if rng.random() < 0.3:
        hits += _flams(rng, hits)
    return humanise(rng, [hit for hit in hits if hit.seconds >= 0.0])


def _suited(rng: Random, patterns: tuple[Pattern, ...], song: Song) -> tuple[Pattern, float]:
    """Choose a pattern that can be played with the song, and the length of its beat, s."""
    beats = [(pattern, song.beat * factor) for pattern in patterns for factor in (0.5, 1.0, 2.0)]
    away = np.array([max(pattern.tempo[0] * beat / 60.0, 60.0 / beat / pattern.tempo[1]) for pattern, beat in beats])
    fitting = np.flatnonzero(away <= max(1.1, float(away.min())))
    return beats[int(fitting[rng.integers(fitting.size)])]


def _time(song: Song, pattern: Pattern, beat: float, step: int) -> float:
    """Time of a step, s, swung as the song is; triplets and patterns at half or twice the tempo are not."""
    position = step / pattern.steps
    return song.time(0, position) if beat == song.beat and pattern.steps == 4 else song.offset + position * beat


def _flams(rng: Random, hits: list[Hit]) -> list[Hit]:
    """Grace strokes just before some of the snare's accents."""
    gap = rng.uniform(0.015, 0.04)
    return [Hit(hit.seconds - gap, "snare", 45.0) for hit in hits
            if hit.piece == "snare" and hit.velocity > 100.0 and rng.random() < 0.2]


def _bar(rng: Random, pattern: Pattern, steps: int) -> list[tuple[int, str, float]]:
    """One bar up to a step, with an occasional kick moved or a ghost note added."""
    grid = []
    for piece, line in pattern.lines.items():
        for at in range(steps):
            mark = line[at % len(line)]
            if mark != "." and not (mark == "o" and rng.random() < 0.15):
                grid.append((at, piece, _STRENGTH[mark]))
    if steps and rng.random() < 0.25:
        grid.append((int(rng.integers(steps)), "kick", 75.0))
    if steps and "snare" in pattern.lines and rng.random() < 0.25:
        grid.append((int(rng.integers(steps)), "snare", 28.0))
    return grid


def _fill(rng: Random, begin: int, end: int, piece: str) -> list[tuple[int, str, float]]:
    """Strokes on every step, moving down the kit, or all on one piece if it is named."""
    grid = []
    for at in range(begin, end):
        depth = (at - begin) / max(end - begin, 1) * len(_FILL)
        place = piece or _FILL[min(int(depth + rng.uniform(-0.5, 0.8)), 3) if depth > 0 else 0]
        grid.append((at, place, rng.uniform(70.0, 120.0)))
    return grid


def humanise(rng: Random, hits: list[Hit]) -> list[Hit]:
    """Play strokes by hand, each piece of the kit early or late as a part of its own."""
    hand = Hand(rng.uniform(0.001, 0.008), rng.uniform(0.035, 0.13), early=0.005)
    early = {piece: hand.offset(rng) for piece in sorted({hit.piece for hit in hits})}
    played = []
    for hit in hits:
        start, velocity = hand.play(hit.seconds + early[hit.piece], hit.velocity / LOUDEST, rng)
        played.append(Hit(max(0.0, start), hit.piece, LOUDEST * velocity))
    return sorted(played)
