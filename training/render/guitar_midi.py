"""Electric guitar tracks of the MIDI songs, as notes for a sampled guitar."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from training.render.effects import Random
from training.render.guitar_notes import Note, Touch
from training.render.library import Library

MUTED = 28
PROGRAMS = range(26, 32)  # General MIDI, counted from zero: jazz, clean, muted, overdriven, distortion, harmonics
DRUM_CHANNEL = 9
MOST_NOTES_A_SECOND = 25.0


@lru_cache(maxsize=128)
def guitar_tracks(path: Path) -> tuple[tuple[Note, ...], ...]:
    """Read the notes of every channel that plays an electric guitar program, sorted, where there are at least 16."""
    clock = 0.0
    program: dict[int, int] = {}
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    tracks: dict[int, list[Note]] = defaultdict(list)
    for message in mido.MidiFile(path):
        clock += message.time
        if message.type == "program_change":
            program[message.channel] = message.program
        elif message.type in ("note_on", "note_off") and message.channel != DRUM_CHANNEL:
            key = (message.channel, message.note)
            if key in sounding:
                start, velocity = sounding.pop(key)
                tracks[message.channel].append(_note(start, clock, message.note, velocity, program.get(key[0], 0)))
            if message.type == "note_on" and message.velocity > 0 and program.get(key[0], 0) in PROGRAMS:
                sounding[key] = (clock, message.velocity)
    ordered = (tuple(sorted(notes, key=lambda n: n.start)) for notes in tracks.values())
    return tuple(notes for notes in ordered if len(notes) >= 16)


def _note(start: float, end: float, midi: int, velocity: int, program: int) -> Note:
    touch: Touch = "mute" if program == MUTED else "pluck"
    return Note(start, max(end - start, 0.05), float(midi), velocity / 127.0, touch)


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
    return [Note((n.start - begin) * stretch, n.seconds * stretch, float(n.midi + shift), n.velocity, n.touch)
            for n in inside if 35 <= n.midi + shift <= 88]


def _octaves(midi: np.ndarray) -> int:
    """Octaves, in semitones, that bring a part between E2 and E5."""
    middle = float(np.median(midi))
    return 12 * int(np.ceil((45.0 - middle) / 12.0)) if middle < 45.0 else 0
