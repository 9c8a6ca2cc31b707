"""The song behind a guitar part: tempo, swing, key and chords, and how a player treats the notes he reads."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_changes

import numpy as np

from training.render.effects import Random
from training.render.guitar_notes import Note

BAR = 16  # sixteenths
PROGRESSIONS: tuple[tuple[tuple[int, str], ...], ...] = (
    ((0, "major"), (5, "major"), (7, "major"), (5, "major")), ((0, "major"), (9, "minor"), (5, "major"), (7, "major")),
    ((0, "minor"), (8, "major"), (3, "major"), (10, "major")),
    ((0, "minor"), (10, "major"), (8, "major"), (7, "major")),
    ((0, "major"), (10, "major"), (5, "major"), (0, "major")), ((0, "colour"), (5, "colour")),
    ((0, "minor"), (5, "minor")), ((2, "minor"), (7, "colour"), (0, "colour"), (0, "colour")),
    ((0, "major"), (0, "major"), (5, "major"), (0, "major"), (7, "major"), (5, "major"), (0, "major"), (7, "major")),
    ((0, "minor"), (3, "major"), (5, "major"), (6, "major")), ((0, "major"), (7, "major"), (9, "minor"), (5, "major")),
)


@dataclass(frozen=True)
class Feel:
    """The song that a segment is taken from: time and harmony that its parts share.

    Parameters
    ----------
    seconds
        Length to fill, s.
    tempo
        Quarter notes a minute.
    swing
        How late every second eighth comes, 0 straight to 0.33 triplet, as a share of an eighth.
    offset
        Time of the first beat, s; at most zero.
    key
        MIDI number of the keynote in the lowest octave of the guitar.
    chords
        Semitones above the keynote and kind, one or more bars each, repeated.
    bars_each
        Bars a chord lasts.
    tuning
        Semitones by which the song is off concert pitch.
    """

    seconds: float
    tempo: float
    swing: float
    offset: float
    key: int
    chords: tuple[tuple[int, str], ...]
    bars_each: int
    tuning: float = 0.0

    @property
    def step(self) -> float:
        """Length of a sixteenth, s."""
        return 15.0 / self.tempo

    @property
    def steps(self) -> int:
        """Sixteenths that fill the segment, in whole bars."""
        return int((self.seconds - self.offset) / self.step / BAR + 1) * BAR

    def time(self, position: float) -> float:
        """Time, s, of a position in sixteenths, swung."""
        pair, inside = divmod(position, 4.0)
        bent = inside * (1.0 + self.swing) if inside < 2.0 else 2.0 * self.swing + inside + (2.0 - inside) * self.swing
        return self.offset + self.step * (4.0 * pair + bent)

    @property
    def lowest(self) -> int:
        """MIDI number of the lowest string: E2, or the keynote where it is tuned down."""
        return min(40, self.key)

    def chord(self, position: float) -> tuple[int, str]:
        """Root, MIDI number, and kind of the chord at a position in sixteenths."""
        interval, kind = self.chords[int(position // (BAR * self.bars_each)) % len(self.chords)]
        root = self.key + interval
        return (root - 12 if interval > 5 and root - 12 >= self.lowest else root), kind


def make_feel(rng: Random, seconds: float) -> Feel:
    """Invent a song; keys from E2 to D#3, lower with a dropped tuning now and then."""
    tempo = float(np.exp(rng.uniform(np.log(70.0), np.log(200.0))))
    swing = float(rng.uniform(0.15, 0.33)) if rng.random() < 0.25 else 0.0
    key = int(rng.integers(40, 52)) - (int(rng.integers(1, 6)) if rng.random() < 0.12 else 0)
    chords = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    offset = -float(rng.uniform(0.0, 240.0 / tempo))
    return Feel(seconds, tempo, swing, offset, max(key, 35), chords, int(rng.choice([1, 1, 2])),
                float(rng.normal(0.0, 0.12)))


def humanise(notes: list[Note], rng: Random, spread_s: float = 0.008) -> list[Note]:
    """Play the notes as a hand does: times and strengths scatter, some players damp early."""
    scatter, length = rng.uniform(0.03, 0.14), rng.uniform(0.35, 1.0) if rng.random() < 0.3 else 1.0
    return [with_changes(note, start=note.start + float(rng.normal(0.0, spread_s)), seconds=note.seconds * length,
                         velocity=float(np.clip(note.velocity + rng.normal(0.0, scatter), 0.05, 1.0)))
            for note in notes]


def thin_out(notes: list[Note], feel: Feel, rng: Random) -> list[Note]:
    """Leave out whole bars or half bars, so that the guitar is silent for a part of the segment."""
    length = feel.step * float(rng.choice([BAR / 2, BAR, 2 * BAR]))
    share = rng.uniform(0.15, 0.6)
    silent = rng.random(int((feel.seconds - feel.offset) / length) + 2) < share
    inside = [note for note in notes if feel.offset <= note.start < feel.seconds]
    return [note for note in inside if not silent[int((note.start - feel.offset) / length + 1e-6)]] or notes


def alternate(first: list[Note], second: list[Note], feel: Feel, bars: int) -> list[Note]:
    """Take turns: `bars` bars of one part, then as many of the other."""
    turn = feel.step * BAR * bars
    return [note for index, part in enumerate((first, second)) for note in part
            if int((note.start - feel.offset) / turn + 1e-6) % 2 == index]
