"""Electric guitar tracks of the MIDI songs, as notes for a sampled guitar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from training.render.library import Library
from training.render.scores import Note, read_parts
from training.render.song import Random

MUTED = 28
PROGRAMS = range(26, 32)  # General MIDI, counted from zero: jazz, clean, muted, overdriven, distortion, harmonics
MOST_NOTES_A_SECOND = 25.0


def guitar_tracks(path: Path) -> tuple[tuple[Note, ...], ...]:
    """Read the parts of a MIDI song that an electric guitar plays, where they have at least 16 notes."""
    parts = (part for part in read_parts(path) if part.program in PROGRAMS and len(part.notes) >= 16)
    return tuple(tuple(_touched(note, part.program) for note in part.notes) for part in parts)


def _touched(note: Note, program: int) -> Note:
    return replace(note, seconds=max(note.seconds, 0.05), touch="mute" if program == MUTED else "pluck")


def midi_part(library: Library, rng: Random, seconds: float) -> list[Note]:
    """Take a random excerpt in which a guitar of a random song plays, transposed and at another tempo."""
    paths = library.performances("freedoom")
    for _ in range(8):
        tracks = guitar_tracks(paths[int(rng.integers(len(paths)))])
        if not tracks:
            continue
        notes = tracks[int(rng.integers(len(tracks)))]
        begin = notes[int(rng.integers(len(notes)))].start - rng.uniform(0.0, 0.3) * seconds
        part = _excerpt(notes, begin, seconds, rng)
        if 4 <= len(part) <= MOST_NOTES_A_SECOND * seconds:
            return part
    return []


def _excerpt(notes: tuple[Note, ...], begin: float, seconds: float, rng: Random) -> list[Note]:
    """Take the notes of a window, stretched to `seconds`, moved by a random interval into the guitar's range."""
    stretch = rng.uniform(0.85, 1.2)
    inside = [n for n in notes if begin <= n.start < begin + seconds / stretch]
    if not inside:
        return []
    shift = rng.integers(-5, 6) + _octaves(np.array([n.midi for n in inside]))
    return [replace(n, start=(n.start - begin) * stretch, seconds=n.seconds * stretch, midi=float(n.midi + shift))
            for n in inside if 35 <= n.midi + shift <= 88]


def _octaves(midi: np.ndarray) -> int:
    """Octaves, in semitones, that bring a part between E2 and E5."""
    middle = float(np.median(midi))
    return 12 * int(np.ceil((45.0 - middle) / 12.0)) if middle < 45.0 else 0
