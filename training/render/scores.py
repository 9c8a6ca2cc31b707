"""What accompanying instruments play: songs as chord progressions, MIDI files, and timing that breathes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from training.render.library import Library

Random = np.random.Generator

QUALITIES: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7), "minor": (0, 3, 7), "seventh": (0, 4, 7, 10), "minor7": (0, 3, 7, 10), "major7": (0, 4, 7, 11),
    "sus4": (0, 5, 7), "add9": (0, 4, 7, 14), "power": (0, 7, 12), "diminished": (0, 3, 6),
}
# Semitones above the key's root and quality, one entry a bar.
PROGRESSIONS: tuple[tuple[tuple[int, str], ...], ...] = (
    ((0, "major"), (5, "major"), (7, "major"), (5, "major")),
    ((0, "major"), (7, "major"), (9, "minor"), (5, "major")),
    ((0, "major"), (9, "minor"), (5, "major"), (7, "seventh")),
    ((0, "minor"), (10, "major"), (8, "major"), (7, "seventh")),
    ((0, "minor"), (8, "major"), (3, "major"), (10, "major")),
    ((0, "major"), (10, "major"), (5, "major"), (0, "major")),
    ((0, "power"), (0, "power"), (3, "power"), (5, "power")),
    ((0, "power"), (8, "power"), (10, "power"), (0, "power")),
    ((2, "minor7"), (7, "seventh"), (0, "major7"), (9, "minor7")),
    ((0, "minor7"), (5, "seventh"), (0, "minor7"), (5, "seventh")),
    ((0, "add9"), (5, "sus4"), (9, "minor7"), (7, "sus4")),
    ((0, "seventh"),) * 4 + ((5, "seventh"),) * 2 + ((0, "seventh"),) * 2
    + ((7, "seventh"), (5, "seventh"), (0, "seventh"), (7, "seventh")),
    ((0, "minor"), (5, "minor"), (7, "diminished"), (0, "minor")),
    ((0, "minor7"),), ((0, "seventh"),), ((0, "major"), (5, "major")),
)
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10), "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}


@dataclass(frozen=True)
class Note:
    """One note: start and length in s, pitch in MIDI numbers (fractions allowed), velocity 0 to 1."""

    start: float
    seconds: float
    midi: float
    velocity: float


@dataclass(frozen=True)
class Song:
    """Tempo, feel and harmony of one segment.

    Parameters
    ----------
    beat
        Length of a beat, s.
    swing
        Where the second 8th of a beat falls, 0.5 (straight) to 0.67 (triplets).
    key
        Pitch class of the root, 0 to 11.
    minor
        Whether melodies use a minor scale.
    bars
        Root (pitch class) and quality of the chord of each bar, from before the segment's start to its end.
    offset
        Time of the first bar's start, s; zero or negative, so that a segment may begin anywhere in a bar.
    """

    beat: float
    swing: float
    key: int
    minor: bool
    bars: tuple[tuple[int, str], ...]
    offset: float

    def time(self, bar: int, beat: float) -> float:
        """Time in s of a beat (fractions allowed; off-beat 8ths swing) of a bar."""
        whole = np.floor(beat)
        fraction = beat - whole
        late = fraction + (self.swing - 0.5) if abs(fraction - 0.5) < 1e-6 else fraction
        return float(self.offset + (4 * bar + whole + late) * self.beat)


def random_song(rng: Random, seconds: float, tempo: tuple[float, float] = (60.0, 190.0)) -> Song:
    """Invent a tempo, a key and a progression that cover a segment of `seconds`."""
    beat = 60.0 / rng.uniform(*tempo)
    pattern = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    key = int(rng.integers(12))
    count = int(np.ceil(seconds / (4 * beat))) + 2
    first = int(rng.integers(len(pattern)))
    chosen = [pattern[(first + index) % len(pattern)] for index in range(count)]
    bars = tuple(((key + root) % 12, quality) for root, quality in chosen)
    minor = "minor" in pattern[0][1] or (pattern[0][1] == "power" and rng.random() < 0.7)
    swing = float(rng.uniform(0.58, 0.68)) if rng.random() < 0.3 else 0.5
    return Song(beat, swing, key, minor, bars, -float(rng.uniform(0.0, 4 * beat)))


def scale(song: Song, rng: Random) -> tuple[int, ...]:
    """Pick a scale that fits the song's mode, as semitones above its key."""
    names = ("minor", "pentatonic", "blues") if song.minor else ("major", "major", "mixolydian", "blues")
    return SCALES[names[rng.integers(len(names))]]


def near(pitch_class: float, centre: float) -> float:
    """Return the pitch of a class (0 to 11) that is nearest to `centre`."""
    return float(pitch_class + 12 * round((centre - pitch_class) / 12))


def humanise(notes: Sequence[Note], rng: Random, timing: float = 0.008, dynamics: float = 0.12) -> list[Note]:
    """Spread onsets (normal, s) and velocities as players do, around a lean of the whole part."""
    lean = rng.normal(0.0, timing)
    return [replace(note, start=note.start + lean + rng.normal(0.0, timing),
                    velocity=float(np.clip(note.velocity * (1.0 + rng.normal(0.0, dynamics)), 0.05, 1.0)))
            for note in notes]


def with_rests(notes: Sequence[Note], rng: Random, seconds: float) -> list[Note]:
    """Leave out up to three stretches of 5 to 30 % of the segment, but never everything."""
    gaps = rng.choice([0, 1, 2, 3], p=[0.55, 0.2, 0.15, 0.1])
    kept = list(notes)
    for _ in range(gaps):
        start = rng.uniform(0.0, seconds)
        stop = start + rng.uniform(0.05, 0.3) * seconds
        left = [note for note in kept if not start <= note.start < stop]
        kept = left if left else kept
    return kept


@dataclass(frozen=True)
class Part:
    """One instrument of a MIDI file: its General MIDI program and its notes, times in s."""

    program: int
    notes: tuple[Note, ...]


@lru_cache(maxsize=200)
def read_parts(path: Path) -> tuple[Part, ...]:
    """Read the instruments of a MIDI file, without the drums (channel 10), one part a channel and program."""
    found: dict[tuple[int, int], list[Note]] = {}
    programs = [0] * 16
    open_notes: dict[tuple[int, int], tuple[float, float, int]] = {}
    time = 0.0
    for message in mido.MidiFile(path, clip=True):
        time += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type in ("note_on", "note_off") and message.channel != 9:
            key = (message.channel, message.note)
            if key in open_notes:
                start, velocity, program = open_notes.pop(key)
                note = Note(start, max(time - start, 0.03), message.note, velocity)
                found.setdefault((message.channel, program), []).append(note)
            if message.type == "note_on" and message.velocity:
                open_notes[key] = (time, message.velocity / 127.0, programs[message.channel])
    return tuple(Part(program, tuple(sorted(notes, key=lambda note: note.start)))
                 for (_, program), notes in sorted(found.items()) if len(notes) >= 8)


def midi_excerpt(library: Library, rng: Random, seconds: float, programs: range) -> list[Note]:
    """Cut `seconds` of a random part with one of `programs` out of the freedoom songs; empty if none was found."""
    paths = library.performances("freedoom")
    for _ in range(12):
        parts = [part for part in read_parts(paths[rng.integers(len(paths))]) if part.program in programs]
        if not parts:
            continue
        notes = parts[rng.integers(len(parts))].notes
        start = notes[rng.integers(len(notes))].start - rng.uniform(0.0, 0.3 * seconds)
        cut = [replace(note, start=note.start - start) for note in notes if start <= note.start < start + seconds]
        if len(cut) >= 4:
            return cut
    return []
