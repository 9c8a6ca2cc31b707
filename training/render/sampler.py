"""Plays scores on recorded notes: picks the nearest recording in pitch and loudness, tunes it, shapes its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects
from training.render.library import Library, Sample, read_audio
from training.render.scores import Note
from training.render.song import Random

_NOTE_NAME = re.compile(r"(?<![A-Za-z])([A-Ga-g])([#bs]?)(-?\d)(?=[^0-9]|$)")
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_DYNAMICS = {"pp": 0.15, "p": 0.3, "mp": 0.45, "mf": 0.6, "f": 0.8, "ff": 0.95, "fff": 1.0,
             "vl1": 0.2, "vl2": 0.45, "vl3": 0.7, "vl4": 0.95}


@dataclass(frozen=True)
class Zone:
    """One recorded note: where it is, its pitch, how hard it was played (0 to 1), and its gain at full velocity."""

    path: Path
    midi: float
    velocity: float
    gain: float = 1.0


@dataclass(frozen=True)
class Envelope:
    """How a played note starts and ends, in s: fade-in, and the fade after its length is over."""

    attack: float = 0.002
    release: float = 0.08


def note_number(name: str) -> int | None:
    """MIDI number of the last note name in a file's name (`A#2`, `Ds3`, `gb4`; C4 is 60), None without one."""
    found = _NOTE_NAME.findall(name)
    if not found:
        return None
    letter, accidental, octave = found[-1]
    shift = {"#": 1, "s": 1, "b": -1, "": 0}[accidental]
    return 12 * (int(octave) + 1) + _SEMITONES[letter.lower()] + shift


def dynamic(name: str) -> float:
    """How hard the note was played, from the marking in a file's name (`_mf_`, `-FF`, `vl2`); 0.7 without one."""
    words = re.split(r"[_\-]", name.lower())
    marked = [_DYNAMICS[word] for word in words if word in _DYNAMICS]
    trailing = re.search(r"\d(pp|p|mp|mf|f|ff)$", name.lower())
    if trailing:
        marked.append(_DYNAMICS[trailing.group(1)])
    return marked[-1] if marked else 0.7


def zones(library: Library, instrument: str, pattern: str, octave_shift: int = 0) -> list[Zone]:
    """Find the recorded notes of an instrument whose names match a regular expression, with their pitch.

    Parameters
    ----------
    pattern
        Searched for in the sample's name.
    octave_shift
        Semitones to add to the pitch of the name (see the note names in `data/README.md`).
    """
    found = []
    for sample in library.samples.get(instrument, []):
        midi = _pitch(sample)
        if midi is not None and re.search(pattern, sample.name):
            found.append(Zone(sample.path, midi + octave_shift, dynamic(sample.name)))
    return found


def _pitch(sample: Sample) -> float | None:
    return sample.midi if sample.midi is not None else note_number(sample.name)


def play(notes: Sequence[Note], instrument: Sequence[Zone], rng: Random, frames: int,
         envelope: Envelope = Envelope(), detune: float = 0.05) -> Audio:
    """Play a score on recorded notes, with round robin by chance and a slight random detuning.

    Returns
    -------
    Audio
        Shape (frames,), float32.
    """
    pitches = np.array([zone.midi for zone in instrument])
    velocities = np.array([zone.velocity for zone in instrument])
    track = np.zeros(frames, np.float32)
    for note in notes:
        distance = np.abs(pitches - note.midi) + 2.5 * np.abs(velocities - note.velocity)
        close = np.flatnonzero(distance <= distance.min() + 0.1)
        zone = instrument[close[rng.integers(close.size)]]
        sound = _tuned(zone, note, detune * rng.standard_normal())
        gain = zone.gain * (0.35 + 0.65 * note.velocity)
        length = min(int((note.seconds + envelope.release) * SAMPLERATE), sound.size)
        shaped = effects.fade(sound[:length], int(envelope.attack * SAMPLERATE), int(envelope.release * SAMPLERATE))
        effects.add_at(track, shaped, int(note.start * SAMPLERATE), gain)
    return track


def _tuned(zone: Zone, note: Note, detune: float) -> Audio:
    """Transpose no more of the recording than the note needs."""
    semitones = note.midi - zone.midi + detune
    needed = int((note.seconds + 1.0) * SAMPLERATE * 2.0 ** (semitones / 12.0)) + 2
    return effects.transpose(read_audio(zone.path)[:needed], semitones)


def excerpt(path: Path, rng: Random, frames: int, semitones: float = 0.0) -> Audio:
    """Cut a random stretch of a recording, looped with short cross-fades where it is too short, transposed."""
    source = read_audio(path)
    needed = int(frames * 2.0 ** (semitones / 12.0)) + 2
    start = int(rng.integers(max(source.size - needed, 0) + 1))
    piece = effects.transpose(effects.fade(source[start:start + needed], 400, 400), semitones)
    track = np.zeros(frames, np.float32)
    position = 0
    while position < frames:
        effects.add_at(track, piece, position)
        position += max(piece.size - 300, 1000)
    return track
