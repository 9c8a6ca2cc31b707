"""What players read and how they play it: notes, a hand's timing and strength, rests, and the parts of MIDI songs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import mido
import numpy as np

from training.corpora.readable import reading
from training.render.library import Library
from training.render.song import BAR, Random, Song

Touch = Literal["pluck", "hammer", "stop", "mute", "chop"]


@dataclass(frozen=True)
class Note:
    """One note of a part.

    Parameters
    ----------
    start, seconds
        When it begins and how long it lasts, s.
    midi
        Pitch, MIDI number (fractions allowed).
    velocity
        0 to 1.
    touch
        Of a guitar: plucked, hammered on, stopped short (staccato), palm-muted, or a dead stroke without pitch.
    glide
        Of a guitar, bend or slide: (s after the start, semitones) points, straight between them.
    vibrato
        Of a guitar: depth, semitones, and rate, Hz; it fades in after the first 150 ms.
    """

    start: float
    seconds: float
    midi: float
    velocity: float = 0.7
    touch: Touch = "pluck"
    glide: tuple[tuple[float, float], ...] = ()
    vibrato: tuple[float, float] = (0.0, 5.0)


@dataclass(frozen=True)
class Hand:
    """How evenly a player plays.

    Parameters
    ----------
    timing, dynamics
        Spread of onsets, s, and of velocities, a share; both normal.
    early
        Spread of the offset that a whole part has, s.
    """

    timing: float = 0.008
    dynamics: float = 0.12
    early: float = 0.008

    def offset(self, rng: Random) -> float:
        """Draw by how much a part is late (or early), s."""
        return float(rng.normal(0.0, self.early))

    def play(self, start: float, velocity: float, rng: Random) -> tuple[float, float]:
        """Draw onset, s, and velocity, 0 to 1, of one note as it is played."""
        late = float(rng.normal(0.0, self.timing))
        return start + late, float(np.clip(velocity * (1.0 + rng.normal(0.0, self.dynamics)), 0.04, 1.0))


def humanise(notes: Sequence[Note], rng: Random, timing: float = 0.008, dynamics: float = 0.12) -> list[Note]:
    """Play the notes of a part by hand, the whole part early or late."""
    hand = Hand(timing, dynamics, timing)
    early = hand.offset(rng)
    played = [hand.play(note.start + early, note.velocity, rng) for note in notes]
    return [replace(note, start=start, velocity=velocity)
            for note, (start, velocity) in zip(notes, played, strict=True)]


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


def thin_out(notes: list[Note], song: Song, rng: Random) -> list[Note]:
    """Leave out whole bars or half bars, so that a part is silent for some of the segment."""
    length = song.step * float(rng.choice([BAR / 2, BAR, 2 * BAR]))
    share = rng.uniform(0.15, 0.6)
    silent = rng.random(int((song.seconds - song.offset) / length) + 2) < share
    inside = [note for note in notes if song.offset <= note.start < song.seconds]
    return [note for note in inside if not silent[int((note.start - song.offset) / length + 1e-6)]] or notes


def alternate(first: list[Note], second: list[Note], song: Song, bars: int) -> list[Note]:
    """Take turns: `bars` bars of one part, then as many of the other."""
    turn = song.step * BAR * bars
    return [note for index, part in enumerate((first, second)) for note in part
            if int((note.start - song.offset) / turn + 1e-6) % 2 == index]


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
    with reading(path, "MIDI"):
        messages = list(mido.MidiFile(path, clip=True))
    for message in messages:
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
