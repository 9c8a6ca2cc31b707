"""The renderers of bass, band and voice: reproducible, well-formed, in tune, and clear about what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.render import soundfont, speakers
from training.render.band import RECORDED, render_band
from training.render.bass import render_bass
from training.render.basslines import LOWEST, STYLES
from training.render.effects import rms
from training.render.library import Library
from training.render.patterns import guitar_voicing, strums
from training.render.plucked import Guitar, pluck
from training.render.sampler import note_number, play, zones
from training.render.scores import Note, read_parts, with_rests
from training.render.song import QUALITIES, Song, random_song
from training.render.synths import Patch, play_synth
from training.render.voice import render_voice

Renderer = Callable[[Library, np.random.Generator, Song], Audio]
RENDERERS = pytest.mark.parametrize("render", [render_bass, render_band, render_voice])


def song_of(seed: int, seconds: float) -> Song:
    return random_song(np.random.default_rng(seed), seconds)


@pytest.fixture(scope="module")
def players() -> None:
    if not (find_library("fluidsynth") and soundfont.SOUND_FONT.is_file() and shutil.which(speakers.SPEAKER)):
        pytest.skip("no FluidSynth, sound font or eSpeak: apt install fluidsynth fluid-soundfont-gm espeak-ng")


@pytest.fixture(scope="module")
def library(players: None, data_root: Path) -> Library:
    return Library(data_root)


def cents_off(audio: Audio, midi: float) -> float:
    """Distance of a sound's pitch from a MIDI number: the best autocorrelation within seven semitones of it."""
    piece = audio[int(0.1 * SAMPLERATE):int(0.6 * SAMPLERATE)].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(piece.size), 4 * piece.size)) ** 2
    correlation = np.fft.irfft(spectrum)
    period = SAMPLERATE / (440.0 * 2.0 ** ((midi - 69.0) / 12.0))
    low, high = int(period / 1.5), int(np.ceil(period * 1.5))
    best = low + int(np.argmax(correlation[low:high]))
    left, peak, right = correlation[best - 1:best + 2]
    return float(1200.0 * np.log2(period / (best + 0.5 * (left - right) / (left - 2.0 * peak + right))))


@RENDERERS
def test_same_seed_same_audio_and_other_seed_other_audio(library: Library, render: Renderer) -> None:
    first, other, again = (render(library, np.random.default_rng(seed), song_of(seed, 2.0)) for seed in (5, 6, 5))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.5


@RENDERERS
@pytest.mark.parametrize("seconds", [0.5, 2.3456])
def test_length_is_exact(library: Library, render: Renderer, seconds: float) -> None:
    audio = render(library, np.random.default_rng(1), song_of(1, seconds))
    assert audio.shape == (round(seconds * SAMPLERATE),)
    assert audio.dtype == np.float32


@RENDERERS
def test_segments_are_audible_finite_and_within_full_scale(library: Library, render: Renderer) -> None:
    for seed in range(7):
        audio = render(library, np.random.default_rng(seed), song_of(seed, 2.0))
        assert np.isfinite(audio).all()
        assert np.abs(audio).max() <= 1.0
        assert rms(audio) > 0.01, f"seed {seed} is nearly silent"


def test_most_of_the_energy_of_most_basses_is_below_500_hz(library: Library) -> None:
    shares = []
    for seed in range(15):
        power = np.abs(np.fft.rfft(render_bass(library, np.random.default_rng(seed), song_of(seed, 3.0)))) ** 2
        shares.append(power[: 500 * 3].sum() / power.sum())
    assert np.median(shares) > 0.7


@pytest.mark.parametrize(("instrument", "pattern", "shift", "midi"), [
    ("bass_growly", "sustain_", -12, 35), ("bass_swag", "notes_", -12, 40), ("bassVI_pasta", "", -12, 38),
    ("bass_meat_pizz", "pizz_[a-g]", 0, 41), ("key_splendid", "Samples_", 12, 62), ("key_epianos", r"\d{3}-", 0, 65),
    ("key_tonejs_salamander", "", 0, 59), ("vox_berklee", "_femalevoice_aa", 0, 62),
    *((*row, 50 if row[1] == "^bassoon" else 60) for row in sorted(set(RECORDED)) if row[1] != "^glockenspiel"),
])
def test_sampled_notes_are_in_tune(library: Library, instrument: str, pattern: str, shift: int, midi: int) -> None:
    found = zones(library, instrument, pattern, shift)
    rng = np.random.default_rng(0)
    audio = play([Note(0.0, 1.0, midi, 0.8)], found, rng, SAMPLERATE)
    assert abs(cents_off(audio, midi)) < 50.0


@pytest.mark.parametrize("midi", [40.0, 52.3, 64.0, 76.0])
def test_plucked_strings_are_in_tune_and_decay(midi: float) -> None:
    guitar = Guitar(0.6, 3.0, 0.2, 0.0, np.array([1.0], np.float32))
    audio = pluck(midi, 2.0, guitar, np.random.default_rng(2))
    assert abs(cents_off(audio, midi)) < 5.0
    assert rms(audio[-SAMPLERATE // 2:]) < 0.3 * rms(audio[: SAMPLERATE // 2])


@pytest.mark.parametrize("wave", ["saw", "square", "triangle", "sine", "fm"])
def test_synth_notes_are_in_tune(wave: str) -> None:
    patch = Patch(wave, 1, 0.0, 0.0, 8.0, 0.0, 0.7, 0.01, 0.2, 0.8, 0.1)
    audio = play_synth([Note(0.0, 1.0, 57.0, 0.8)], patch, np.random.default_rng(0), SAMPLERATE)
    assert abs(cents_off(audio, 57.0)) < 5.0


@pytest.mark.usefixtures("players")
def test_sound_font_is_in_tune_and_forgets_the_last_piece() -> None:
    score = [Note(0.0, 1.0, 57.0, 0.8)]
    first = soundfont.play_program(score, 25, SAMPLERATE)
    soundfont.play_program([Note(0.0, 3.0, 60.0, 1.0)], 19, SAMPLERATE)
    np.testing.assert_array_equal(first, soundfont.play_program(score, 25, SAMPLERATE))
    assert abs(cents_off(first, 57.0)) < 20.0


@pytest.mark.usefixtures("players")
def test_notes_that_end_before_the_start_are_not_played() -> None:
    audio = soundfont.play_program([Note(-1.0, 0.5, 60.0, 1.0), Note(0.5, 0.4, 60.0, 1.0)], 0, SAMPLERATE)
    assert not audio[: SAMPLERATE // 2 - 64].any()
    assert audio.any()


def test_missing_fluidsynth_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfont, "find_library", lambda name: None)
    with pytest.raises(ConfigError, match="install Debian's `libfluidsynth3`"):
        soundfont.open_sound_font(Path("not-loaded-before.sf2"))


def test_missing_sound_font_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.sf2: install Debian's `fluid-soundfont-gm`"):
        soundfont.open_sound_font(tmp_path / "nothing.sf2")


@pytest.mark.parametrize(("name", "midi"), [
    ("sustain_eb4_f_rr1", 63), ("Samples_FF_A#2", 46), ("salamander_Ds3", 51), ("Samples_FF_B-1", 11),
    ("Samples_027-D#1-F", 27), ("Samples_gb4mp", 66), ("berklee_vocal_hum_1", None),
])
def test_note_names(name: str, midi: int | None) -> None:
    assert note_number(name) == midi


@given(st.integers(0, 11), st.sampled_from(sorted(QUALITIES)))
def test_guitar_chords_have_their_root_below_and_no_foreign_tone(root: int, quality: str) -> None:
    voicing = guitar_voicing(root, quality)
    assert 3 <= len(voicing) <= 6
    assert voicing[0] % 12 == root
    assert {pitch % 12 for pitch in voicing} <= {(root + interval) % 12 for interval in QUALITIES[quality]}


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(STYLES)))
def test_bass_lines_cover_the_segment_on_the_low_strings(seed: int, style: str) -> None:
    rng = np.random.default_rng(seed)
    notes = STYLES[style](random_song(rng, 6.0), rng)
    starts = [note.start for note in notes]
    assert min(starts) <= 0.0
    assert max(starts) > 3.0
    assert all(LOWEST - 8.0 <= note.midi < LOWEST + 40.0 and note.seconds > 0.0 for note in notes)


@given(st.integers(0, 2**32 - 1))
def test_rests_never_leave_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    notes = strums(random_song(rng, 6.0), rng)
    assert 0 < len(with_rests(notes, rng, 6.0)) <= len(notes)


def test_midi_parts_have_seconds_and_no_drums(tmp_path: Path) -> None:
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000),
                            mido.Message("program_change", channel=1, program=33)])
    for channel in (1, 9):
        for _ in range(8):
            track.append(mido.Message("note_on", channel=channel, note=40, velocity=127, time=240))
            track.append(mido.Message("note_off", channel=channel, note=40, time=240))
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(tmp_path / "song.mid")
    (part,) = read_parts(tmp_path / "song.mid")
    assert part.program == 33
    assert part.notes[1] == Note(pytest.approx(1.5), pytest.approx(0.5), 40, 1.0)
