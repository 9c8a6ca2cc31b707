"""Bass guitars, upright and synth basses: sampled notes, played takes, an amplifier, and the noise of fingers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects
from training.render.amp_captures import read_capture
from training.render.amps import DIRECT_DB, to_playing_level
from training.render.basslines import random_line
from training.render.library import Library, read_audio
from training.render.mixdown import mix_down
from training.render.sampler import Envelope, Zone, excerpt, play, zones
from training.render.scores import Note, humanise, midi_excerpt, with_rests
from training.render.song import Random, Song
from training.render.soundfont import play_program
from training.render.sources import Source, play_one
from training.render.synths import bass_patch, play_synth

_BASS_PROGRAMS = range(32, 40)
_MORE_ELECTRIC, _MORE_UPRIGHT = "bass_fashion", "bass_sneaky"  # heard where the data folder has them


def render_bass(library: Library, rng: Random, song: Song) -> Audio:
    """Render one bass track.

    Arguments, result and errors as of `play_one`.
    """
    sources: tuple[tuple[Source, float], ...] = (
        (_electric, 0.45), (_upright, 0.12), (_take, 0.13), (_phrase, 0.06), (_sound_font, 0.14), (_synth, 0.1))
    dry = play_one(sources, library, rng, song)
    return mix_down(_tone_knob(dry, rng), library, rng, wet=0.25)


def _tone_knob(track: Audio, rng: Random) -> Audio:
    """Lift the fundamentals of half the tracks and turn the treble of seven in ten down, as most mixes do."""
    if rng.random() < 0.5:
        track = effects.peaking(track, rng.uniform(60.0, 110.0), rng.uniform(2.0, 9.0), 0.7)
    if rng.random() < 0.7:
        corner_hz = float(np.exp(rng.uniform(np.log(200.0), np.log(1500.0))))
        track = effects.low_pass(track, corner_hz, int(rng.integers(1, 3)))
    return track


def _score(library: Library, rng: Random, song: Song) -> list[Note]:
    """Invent a line over the song's chords or take one from a MIDI song, moved into the bass's range."""
    shift = float(rng.integers(-3, 4))
    notes = midi_excerpt(library, rng, song.seconds, _BASS_PROGRAMS) if rng.random() < 0.25 else []
    notes = [replace(note, midi=note.midi + shift) for note in notes] or random_line(song, rng)
    notes = [replace(note, midi=_fold(note.midi)) for note in notes
             if note.start < song.seconds and note.start + note.seconds > 0.0]
    return with_rests(humanise(notes, rng), rng, song.seconds)


def _fold(midi: float) -> float:
    """Move by octaves into E1 to G3."""
    while midi < 28.0:
        midi += 12.0
    while midi > 55.0:
        midi -= 12.0
    return midi


def _electric(library: Library, rng: Random, song: Song) -> Audio:
    """Play a sampled electric bass with fingers or pick, its noises and an amplifier."""
    kind = rng.integers(7 if _MORE_ELECTRIC in library.samples else 5)
    if kind > 4:
        instrument = zones(library, _MORE_ELECTRIC, "")
    elif kind == 0:
        instrument = zones(library, "bass_growly", "sustain_", -12)
    elif kind == 1:
        instrument = zones(library, "bass_swag", "notes_", -12)
    elif kind == 2:
        instrument = zones(library, "bass_growly", "staccato_" if rng.random() < 0.4 else "sustain_.*_ff", -12)
    else:
        name = "linguine" if kind == 3 else "tagliatelle"
        instrument = [zone for zone in zones(library, "bassVI_pasta", name, -12) if zone.midi < 45.0]
    notes = _score(library, rng, song)
    envelope = Envelope(0.001, rng.uniform(0.03, 0.12))
    track = play(notes, instrument, rng, song.frames, envelope)
    if rng.random() < 0.5:
        track = track + _finger_noise(library, rng, notes, track)
    return _amplify(track, library, rng)


def _finger_noise(library: Library, rng: Random, notes: list[Note], track: Audio) -> Audio:
    """Add string scrapes and the click of string on fret at some onsets, 18 to 38 dB below the notes."""
    noise = np.zeros(track.size, np.float32)
    scrapes = [sample for sample in library.samples.get("bass_growly", []) if sample.name.startswith("scrape")]
    for note in notes:
        start = int(note.start * SAMPLERATE)
        if rng.random() < 0.7:
            effects.add_at(noise, _click(rng), start, note.velocity * rng.uniform(0.3, 1.0))
        if scrapes and rng.random() < 0.05:
            scrape = read_audio(scrapes[rng.integers(len(scrapes))].path)
            effects.add_at(noise, scrape / np.abs(scrape).max(), start - int(0.1 * SAMPLERATE), 0.5)
    level_db = 20.0 * np.log10(effects.rms(track)) + rng.uniform(-38.0, -18.0)
    return effects.to_level(noise, level_db)


def _click(rng: Random) -> Audio:
    """Make a fret click: 4 to 12 ms of decaying noise with a resonance between 1 and 5 kHz."""
    frames = int(SAMPLERATE * rng.uniform(0.004, 0.012))
    burst = rng.standard_normal(4 * frames) * np.exp(-np.arange(4 * frames) / (0.3 * frames))
    return effects.peaking(burst.astype(np.float32), rng.uniform(1000.0, 5000.0), 15.0, 2.0)


def _upright(library: Library, rng: Random, song: Song) -> Audio:
    """Plucked double bass, with slaps on the fingerboard now and then (rockabilly)."""
    notes = _score(library, rng, song)
    sneaky = _MORE_UPRIGHT in library.samples and rng.random() < 0.5
    instrument = zones(library, _MORE_UPRIGHT, "") if sneaky else zones(library, "bass_meat_pizz", "pizz_[a-g]")
    track = play(notes, instrument, rng, song.frames, Envelope(0.001, 0.06))
    slaps = [Zone(sample.path, 40.0, 0.8) for sample in library.samples.get("bass_meat_pizz", [])
             if "perc" in sample.name]
    if slaps and rng.random() < 0.35:
        hits = [Note(n.start + n.seconds, 0.15, 40.0, 0.8) for n in notes if rng.random() < 0.7]
        track = track + np.float32(rng.uniform(0.15, 0.6)) * play(hits, slaps, rng, song.frames)
    return effects.high_pass(track, 35.0)


def _take(library: Library, rng: Random, song: Song) -> Audio:
    """Part of a real performance through the direct input, transposed, amplified."""
    takes = library.samples.get("bass_di_t3k", [])
    paths = [sample.path for sample in takes] or sorted((library.root / "samples/bass_di_t3k").glob("*.flac"))
    track = excerpt(paths[rng.integers(len(paths))], rng, song.frames, rng.uniform(-4.0, 5.0))
    return _amplify(track, library, rng)


def _phrase(library: Library, rng: Random, song: Song) -> Audio:
    """Part of a produced bass track."""
    paths = library.phrases("bass")
    return excerpt(paths[rng.integers(len(paths))], rng, song.frames, rng.uniform(-3.0, 3.0))


def _sound_font(library: Library, rng: Random, song: Song) -> Audio:
    """General MIDI acoustic, fingered, picked, fretless, slapped or synth bass."""
    notes = _score(library, rng, song)
    return _amplify(play_program(notes, int(rng.choice(_BASS_PROGRAMS)), song.frames), library, rng)


def _synth(library: Library, rng: Random, song: Song) -> Audio:
    """Subtractive synth bass."""
    return play_synth(_score(library, rng, song), bass_patch(rng), rng, song.frames)


def _amplify(track: Audio, library: Library, rng: Random) -> Audio:
    """Direct, or through an amplifier and a cabinet; one in twelve is distorted as in punk and metal."""
    kind = rng.choice(["direct", "clean", "warm", "captured", "distorted"], p=[0.3, 0.22, 0.25, 0.15, 0.08])
    if kind == "direct":
        return track
    if kind == "captured":
        gain = np.float32(effects.db(rng.uniform(-12.0, 20.0)))
        track = read_capture(library.root / "amps" / "ampeg.nam").run(to_playing_level(track, DIRECT_DB) * gain)
    elif kind != "clean":
        clean = effects.low_pass(track, 250.0)
        driven = effects.saturate(effects.high_pass(track, 80.0), rng.uniform(2.0, 12.0)
                                  if kind == "warm" else rng.uniform(18.0, 34.0))
        track = driven + np.float32(rng.uniform(0.0, 0.8)) * clean
    cabinets = library.impulse_responses("irs_ampeg.flac")
    if cabinets and rng.random() < 0.7:
        return effects.convolve(track, read_audio(cabinets[0]))
    return effects.low_pass(track, rng.uniform(1500.0, 6000.0))
