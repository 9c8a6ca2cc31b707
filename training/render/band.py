"""Everything that accompanies and is neither drums, bass, voice nor electric guitar; one instrument a call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects, patterns
from training.render.library import HAND_DRUMS, Library, read_audio
from training.render.mixdown import mix_down
from training.render.plucked import play_guitar, random_guitar
from training.render.sampler import Envelope, Zone, excerpt, play, zones
from training.render.scores import Note, humanise, midi_excerpt, with_rests
from training.render.song import Random, Song, near
from training.render.soundfont import play_program
from training.render.sources import Source, play_one
from training.render.synths import lead_patch, pad_patch, play_synth, pluck_patch

_ACOUSTIC = (24, 25, 25, 25)  # nylon and, more often, steel strings
_PLUCKED = (15, 46, 104, 105, 106, 107)  # dulcimer, harp, sitar, banjo, shamisen, koto
_ORGANS = (16, 17, 18, 19, 20, 21, 22, 23)
_MELODIC = (*range(40, 46), 52, 53, *range(56, 88), 109, 110, 111, 21, 22, 23, 11, 12, 13, 14)
_CHORDAL = (*range(0, 16), *_ORGANS, *range(44, 52), *range(52, 56), *range(61, 64), *range(88, 104), 108)
_MIDI_PROGRAMS = (range(0, 26), range(40, 112))
# Folder, pattern of the names, and semitones from the name's pitch to the measured one.
RECORDED = (
    ("str_cyborgs", "^full_[a-g]", -12), ("str_cyborgs", "^single_[a-g]", -12), ("str_cyborgs", "^full_[a-g]", -12),
    ("str_cyborgs", "^blackheart_[A-G]", 12), ("str_cyborgs", "^ironface_.*oscillator_tuned", 0),
    ("orch_winer", "^bassoon", 12), ("orch_winer", "^cello", -12), ("orch_winer", "^glockenspiel", 36),
)
_PERCUSSIVE_PHRASES = (*HAND_DRUMS, "table_hit", "cartoon_run", "moombah", "JazzBase")


def render_band(library: Library, rng: Random, song: Song) -> Audio:
    """Render one accompaniment instrument: keys, acoustic guitar, organ, strings, winds, brass or synth.

    Arguments, result and errors as of `play_one`.
    """
    sources: tuple[tuple[Source, float], ...] = (
        (_modelled_guitar, 0.06), (_acoustic_guitar, 0.05), (_recorded_strums, 0.03), (_keys, 0.22), (_organ, 0.12),
        (_sampled_melody, 0.13), (_chordal_program, 0.12), (_melodic_program, 0.09), (_plucked_program, 0.02),
        (_phrase, 0.08), (_synth, 0.08))
    dry = play_one(sources, library, rng, song)
    return mix_down(dry, library, rng)


def _finish(notes: list[Note], rng: Random, song: Song) -> list[Note]:
    """Keep what the segment needs, with a player's timing and rests."""
    inside = [note for note in notes if note.start < song.seconds and note.start + note.seconds > 0.0]
    return with_rests(humanise(inside, rng), rng, song.seconds)


def _chords(song: Song, rng: Random, centre: float) -> list[Note]:
    """One of the ways to play chords on a keyboard."""
    ways = (patterns.pads, patterns.comping, patterns.rolling, patterns.arpeggio)
    return ways[rng.choice(4, p=[0.3, 0.3, 0.2, 0.2])](song, rng, centre)


def _score(library: Library, rng: Random, song: Song, melodic: bool) -> list[Note]:
    """Take a third of the scores from MIDI songs, transposed, and play the rest over the song's chords."""
    if rng.random() < 0.33:
        notes = midi_excerpt(library, rng, song.seconds, _MIDI_PROGRAMS[rng.integers(2)])
        shift = float(rng.integers(-5, 6))
        moved = [replace(note, midi=float(np.clip(note.midi + shift, 36, 96))) for note in notes]
        if moved:
            return _finish(moved, rng, song)
    centre = float(rng.uniform(54.0, 74.0))
    notes = patterns.melody(song, rng, centre) if melodic else _chords(song, rng, centre)
    return _finish(notes, rng, song)


def _guitar_score(rng: Random, song: Song) -> list[Note]:
    """Strummed, picked or, less often, single notes, with or without a capo."""
    capo = int(rng.integers(0, 6))
    fingered = song.transposed(-capo)
    way = rng.choice(3, p=[0.55, 0.3, 0.15])
    notes = (patterns.strums(fingered, rng) if way == 0 else patterns.picking(fingered, rng) if way == 1
             else patterns.melody(fingered, rng, float(rng.uniform(52.0, 70.0)), 0.8))
    return _finish([replace(note, midi=note.midi + capo) for note in notes], rng, song)


def _modelled_guitar(library: Library, rng: Random, song: Song) -> Audio:
    """Acoustic guitar by the physical model, sometimes doubled by a second player."""
    notes = _guitar_score(rng, song)
    track = play_guitar(notes, random_guitar(rng), rng, song.frames)
    if rng.random() < 0.15:
        track = track + play_guitar(humanise(notes, rng, 0.012), random_guitar(rng), rng, song.frames)
    return effects.high_pass(track, rng.uniform(30.0, 130.0))


def _acoustic_guitar(library: Library, rng: Random, song: Song) -> Audio:
    """Acoustic guitar of the sound font, some of the time blended with the model's attack."""
    notes = _guitar_score(rng, song)
    track = play_program(notes, int(rng.choice(_ACOUSTIC)), song.frames)
    if rng.random() < 0.3:
        modelled = play_guitar(notes, random_guitar(rng), rng, song.frames)
        track = track + modelled * np.float32(rng.uniform(0.2, 1.0) * effects.rms(track) / effects.rms(modelled))
    return effects.high_pass(track, rng.uniform(30.0, 130.0))


def _recorded_strums(library: Library, rng: Random, song: Song) -> Audio:
    """Play recorded C major chords of an acoustic guitar, transposed to the roots of a progression."""
    chords = [Zone(path, 60.0, 0.7, 0.1 / effects.rms(read_audio(path)[:SAMPLERATE]))
              for path in library.phrases("other") if "acoustic-guitar-chords" in path.name]
    beats = (0.0,) if rng.random() < 0.5 else (0.0, 2.0) if rng.random() < 0.6 else (0.0, 1.5, 3.0)
    notes = [Note(song.time(bar, beat), 4.0 / len(beats) * song.beat, near(root, 60.0 + rng.uniform(-2.0, 2.0)), 0.8)
             for bar, (root, _) in enumerate(song.bars) for beat in beats]
    return play(_finish(notes, rng, song), chords, rng, song.frames, Envelope(0.001, 0.1))


def _keys(library: Library, rng: Random, song: Song) -> Audio:
    """Grand and electric pianos from recorded notes; electric ones with tremolo or drive sometimes."""
    notes = _score(library, rng, song, melodic=rng.random() < 0.25)
    kind = rng.integers(5)
    if kind == 0:
        return play(notes, zones(library, "key_splendid", "Samples_", 12), rng, song.frames, Envelope(0.001, 0.2))
    if kind == 1:
        instrument = zones(library, "key_tonejs_salamander", "salamander")
        return play(notes, instrument, rng, song.frames, Envelope(0.001, 0.2))
    name = (r"Samples_\d{3}-", r"Samples_\d\d_.*_(FF|P)$", r"Samples_[a-g]b?\d")[kind - 2]
    track = play(notes, zones(library, "key_epianos", name), rng, song.frames, Envelope(0.001, 0.1))
    if rng.random() < 0.3:
        track = effects.saturate(track, rng.uniform(3.0, 20.0))
    return _rotary(track, rng, 0.0) if rng.random() < 0.3 else track


def _organ(library: Library, rng: Random, song: Song) -> Audio:
    """Organ through a rotary loudspeaker and, one time in three, an overdriven amplifier (confused with guitar)."""
    notes = _score(library, rng, song, melodic=rng.random() < 0.3)
    track = play_program(notes, int(rng.choice(_ORGANS)), song.frames)
    if rng.random() < 0.35:
        track = effects.saturate(track, rng.uniform(8.0, 30.0))
        track = effects.low_pass(track, rng.uniform(3000.0, 7000.0))
    return _rotary(track, rng, 0.12) if rng.random() < 0.6 else track


def _rotary(track: Audio, rng: Random, semitones: float) -> Audio:
    """Tremolo and Doppler shift of a turning horn, slow or fast."""
    speed = rng.uniform(0.6, 1.2) if rng.random() < 0.4 else rng.uniform(4.5, 7.5)
    turn = 2 * np.pi * speed * np.arange(track.size) / SAMPLERATE + rng.uniform(0.0, 6.0)
    gain = 1.0 - rng.uniform(0.1, 0.5) * (0.5 + 0.5 * np.sin(turn))
    shift = (semitones * np.cos(turn)).astype(np.float32)
    turned = effects.bend(track, shift)
    return (np.pad(turned, (0, track.size - turned.size)) * gain).astype(np.float32)


def _sampled_melody(library: Library, rng: Random, song: Song) -> Audio:
    """Saxophones, bowed strings, bassoon, cello and bells from recorded notes."""
    if rng.random() < 0.4:
        return _saxophone(library, rng, song)
    folder, pattern, shift = RECORDED[rng.integers(len(RECORDED))]
    notes = _score(library, rng, song, melodic=rng.random() < 0.6)
    envelope = Envelope(rng.uniform(0.005, 0.1), rng.uniform(0.08, 0.3))
    return play(notes, zones(library, folder, pattern, shift), rng, song.frames, envelope)


def _saxophone(library: Library, rng: Random, song: Song) -> Audio:
    """Saxophone lines, or a section in chords; recordings are numbered in semitones from the lowest note."""
    lowest = {"alt": 49, "bar": 36, "sop": 56, "ten": 44}
    name = str(rng.choice(list(lowest)))
    instrument = [Zone(sample.path, lowest[name] + int(sample.name[-2:]) - 1, 0.5 if "_p_" in sample.name else 0.9)
                  for sample in library.samples.get("wind_sax_mtg", []) if f"_{name}_" in sample.name
                  and sample.name.split("_")[2] in "fmp"]
    notes = _score(library, rng, song, melodic=rng.random() < 0.8)
    return play(notes, instrument, rng, song.frames, Envelope(0.01, 0.08))


def _chordal_program(library: Library, rng: Random, song: Song) -> Audio:
    """Play chords on any General MIDI instrument that plays chords."""
    return play_program(_score(library, rng, song, melodic=False), int(rng.choice(_CHORDAL)), song.frames)


def _melodic_program(library: Library, rng: Random, song: Song) -> Audio:
    """Play a melody on any General MIDI instrument that plays melodies."""
    notes = _score(library, rng, song, melodic=True)
    return play_program(notes, int(rng.choice(_MELODIC)), song.frames, float(rng.choice([0.0, rng.uniform(0.1, 0.6)])))


def _plucked_program(library: Library, rng: Random, song: Song) -> Audio:
    """Banjo, harp, dulcimer and their kin, picked or strummed."""
    notes = _guitar_score(rng, song)
    raised = [replace(note, midi=note.midi + 7.0) for note in notes]
    return play_program(raised, int(rng.choice(_PLUCKED)), song.frames)


def _phrase(library: Library, rng: Random, song: Song) -> Audio:
    """Part of a played recording, transposed."""
    kind = str(rng.choice(["keys", "strings", "winds", "other"], p=[0.4, 0.2, 0.2, 0.2]))
    paths = [path for path in library.phrases(kind) if not any(word in path.name for word in _PERCUSSIVE_PHRASES)]
    return excerpt(paths[rng.integers(len(paths))], rng, song.frames, rng.uniform(-4.0, 4.0))


def _synth(library: Library, rng: Random, song: Song) -> Audio:
    """Play pads, leads, arpeggios and stabs, leads overdriven now and then."""
    kind = rng.integers(3)
    patch = (pad_patch, lead_patch, pluck_patch)[kind](rng)
    track = play_synth(_score(library, rng, song, melodic=kind == 1), patch, rng, song.frames)
    return effects.saturate(track, rng.uniform(6.0, 30.0)) if rng.random() < 0.1 else track
