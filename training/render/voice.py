"""Singers: produced phrases, and dry voices that sing the tune of a song, alone, doubled, in harmony or as a choir."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects, patterns, vocal_lines
from training.render.library import Library, read_audio
from training.render.mixdown import mix_down
from training.render.sampler import Envelope, excerpt, play, zones
from training.render.scores import Note, humanise, with_rests
from training.render.singing import Manner, random_manner, sing, sing_as_it_is
from training.render.song import Random, Song
from training.render.sources import Source, audible, play_one
from training.render.speakers import LYRICS, VOICES, Line, cut_line, dry, recorded_line, spoken_line
from training.render.vocal_chain import produce

_ENSEMBLES = ("lead", "double", "harmony", "choir")
_SHARES = (0.5, 0.15, 0.2, 0.15)


def render_voice(library: Library, rng: Random, song: Song) -> Audio:
    """Render one vocal track; arguments, result and errors as of `play_one`."""
    if rng.random() < 0.25:
        track = mix_down(_phrase(library, rng, song.frames), library, rng)  # it has been produced before
    else:
        track = produce(_dry_voice(library, rng, song), library, rng, song.beat)
    return track if audible(track) else render_voice(library, rng, song)


def _dry_voice(library: Library, rng: Random, song: Song) -> Audio:
    sources: tuple[tuple[Source, float], ...] = (
        (partial(_singers, speak=recorded_line), 0.5), (_neural, 0.22), (partial(_singers, speak=_spoken), 0.1),
        (_vowels, 0.09), (_shouts, 0.09))
    return play_one(sources, library, rng, song)


def _phrase(library: Library, rng: Random, frames: int) -> Audio:
    """Part of a produced recording, slower and lower or faster and higher; longer recordings come more often."""
    paths = [path for path in library.phrases("voice") if not dry(path)]
    sizes = np.sqrt([float(path.stat().st_size) for path in paths])
    path = paths[rng.choice(len(paths), p=sizes / sizes.sum())]
    return excerpt(path, rng, frames, rng.uniform(-3.0, 3.0))


def _neural(library: Library, rng: Random, song: Song) -> Audio:
    """Let a neural voice sing with its own tune and words, in another key and another body."""
    paths = [path for path in library.phrases("voice") if path.name.startswith("kokoro_")]
    if not paths:
        return _singers(library, rng, song, recorded_line)
    line = cut_line(paths[rng.integers(len(paths))], rng, song.seconds)
    semitones, manner = float(rng.uniform(-3.0, 4.0)), random_manner(rng)
    track = sing_as_it_is(line, semitones, manner, song.frames)
    return _doubled(track, rng) if rng.random() < 0.25 else track


def _spoken(library: Library, rng: Random) -> Line:
    return spoken_line(VOICES[rng.integers(len(VOICES))], LYRICS[rng.integers(len(LYRICS))],
                       int(rng.choice([110, 150])))


def _singers(library: Library, rng: Random, song: Song, speak: Callable[[Library, Random], Line]) -> Audio:
    """Words on the tune of the song: a lead, the same twice, with a second voice, or a backing choir."""
    line, manner = speak(library, rng), random_manner(rng)
    centre = _centre(line, rng)
    ensemble = str(rng.choice(_ENSEMBLES, p=_SHARES))
    if ensemble == "choir":
        return _choir(line, manner, song, rng, centre)
    tune = _inside(vocal_lines.vocal_line(song, rng, centre), rng, song)
    parts = [(tune, 1.0)]
    if ensemble != "lead":
        second = tune if ensemble == "double" else vocal_lines.harmony(tune, song, int(rng.choice([-5, -3, -2, 2, 4])))
        parts.append((_late(second, rng), float(rng.uniform(0.3, 0.9))))
    return _together(parts, line, manner, rng, song.frames)


def _choir(line: Line, manner: Manner, song: Song, rng: Random, centre: float) -> Audio:
    """Three to five singers: held chords, or calls of one or two words."""
    notes = (patterns.pads(song, rng, centre) if rng.random() < 0.5 else vocal_lines.call(song, rng, centre))
    inside = _inside(notes, rng, song)
    steps = rng.choice([0, 0, 2, 4, -3], size=int(rng.integers(3, 6)))
    chords = len({note.start for note in notes}) < len(notes)
    voices = [_voice_of(inside, index) if chords else vocal_lines.harmony(inside, song, int(step))
              for index, step in enumerate(steps)]
    takes = [(_late(notes, rng), float(rng.uniform(0.5, 1.0))) for notes in voices]
    return _together(takes, line, manner, rng, song.frames)


def _voice_of(notes: list[Note], index: int) -> list[Note]:
    """One tone of every chord."""
    starts = sorted({note.start for note in notes})
    chords = [[note for note in notes if note.start == start] for start in starts]
    return [chord[index % len(chord)] for chord in chords]


def _together(parts: list[tuple[list[Note], float]], line: Line, manner: Manner, rng: Random, frames: int) -> Audio:
    """Sum of several singers, each with a body of his own."""
    track = np.zeros(frames, np.float32)
    for notes, gain in parts:
        singer = replace(manner, formants=manner.formants * float(rng.uniform(0.96, 1.04)))
        track += np.float32(gain) * sing(notes, line, singer, rng, frames)
    return track


def _centre(line: Line, rng: Random) -> float:
    """Middle of the range to sing in, MIDI: above the pitch of speech, for voices that sing are higher."""
    spoken = line.voice.pitch_hz[line.voice.pitch_hz > 0.0]
    usual = 69.0 + 12.0 * float(np.log2(np.median(spoken) / 440.0)) if spoken.size else 57.0
    return float(np.clip(usual + rng.uniform(-1.0, 10.0), 46.0, 72.0))


def _vowels(library: Library, rng: Random, song: Song) -> Audio:
    """Ahs and oohs of one singer or a choir: tunes, and chords as backing harmony."""
    name = str(rng.choice(["female", "male"])) + str(rng.choice(["voice_", "voices_"])) + str(rng.choice(["aa", "oo"]))
    instrument = zones(library, "vox_berklee", f"_{name}")
    centre = 66.0 if name.startswith("f") else 55.0
    tune = rng.random() < 0.6
    notes = vocal_lines.vocal_line(song, rng, centre) if tune else patterns.pads(song, rng, centre)
    envelope = Envelope(rng.uniform(0.01, 0.08), rng.uniform(0.05, 0.2))
    return play(_inside(notes, rng, song), instrument, rng, song.frames, envelope)


def _shouts(library: Library, rng: Random, song: Song) -> Audio:
    """Growled words, vowels and calls, transposed, in a random rhythm of a gang or a single singer."""
    calls = [sample for sample in library.samples.get("vox_orks", [])
             if not sample.name.startswith(("consonants", "misc_inhale"))]
    track = np.zeros(song.frames, np.float32)
    position, gang = float(rng.uniform(0.0, 1.0)), int(rng.choice([1, 1, 3]))
    semitones = rng.uniform(-4.0, 6.0)
    while position < song.seconds:
        sound = read_audio(calls[rng.integers(len(calls))].path)
        for _ in range(gang):
            start = int((position + abs(rng.normal(0.0, 0.015)) * (gang > 1)) * SAMPLERATE)
            shift = semitones + rng.normal(0.0, 1.0 if gang > 1 else 0.3)
            effects.add_at(track, effects.transpose(sound, shift), start)
        position += sound.size / SAMPLERATE * rng.uniform(0.6, 1.0) + song.beat * float(rng.choice([0.0, 0.5, 2.0]))
    return track


def _inside(notes: list[Note], rng: Random, song: Song) -> list[Note]:
    """Keep the notes that begin within the segment, sung a little off the beat; now and then with further rests."""
    kept = [note for note in notes if 0.0 <= note.start < song.seconds]
    return with_rests(humanise(kept, rng, 0.015), rng, song.seconds) if kept else []


def _late(notes: list[Note], rng: Random) -> list[Note]:
    """Spread the notes of another take of the same part."""
    return [replace(note, start=max(note.start, 0.0)) for note in humanise(notes, rng, 0.018, 0.2)]


def _doubled(track: Audio, rng: Random) -> Audio:
    """Add a second take: slightly later, its pitch and timing wandering."""
    drift = np.interp(np.arange(track.size), np.linspace(0, track.size, 12), rng.normal(0.0, 0.12, 12))
    second = effects.bend(track, drift.astype(np.float32))
    out = track.copy()
    effects.add_at(out, second, int(SAMPLERATE * rng.uniform(0.01, 0.04)), rng.uniform(0.4, 1.0))
    return out
