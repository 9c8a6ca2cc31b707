"""Guitar stems: length, determinism and sound; notes at their pitch and time; parts inside the guitar's range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import guitar_leads as leads
from training.render import guitar_parts as parts
from training.render.guitar import PARTS, render_guitar
from training.render.guitar_midi import guitar_tracks, midi_part
from training.render.guitar_notes import Guitar, pitch_curve
from training.render.library import Library
from training.render.scores import Note, alternate, thin_out
from training.render.song import Song, random_song


@pytest.fixture(scope="module")
def library(data_root: Path) -> Library:
    return Library(data_root)


def pitch(audio: Audio, near: float) -> float:
    """MIDI number of the strongest period within three semitones of `near`, zero where half of it is one too."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size), 4 * audio.size)) ** 2
    correlation = np.fft.irfft(spectrum)
    expected = SAMPLERATE / (440.0 * 2.0 ** ((near - 69.0) / 12.0))
    lags = np.arange(int(expected * 0.84), int(expected * 1.19) + 2)
    best = int(lags[np.argmax(correlation[lags])])
    left, middle, right = correlation[best - 1:best + 2]
    if correlation[best // 2 - 1:best // 2 + 3].max() > 0.9 * middle:
        return 0.0
    lag = best + 0.5 * (left - right) / (left - 2.0 * middle + right)
    return float(69.0 + 12.0 * np.log2(SAMPLERATE / lag / 440.0))


def render_seed(library: Library, seed: int, seconds: float) -> Audio:
    rng = np.random.default_rng(seed)
    return render_guitar(library, rng, random_song(rng, seconds))


@pytest.mark.parametrize("seconds", [0.7, 2.00001])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stem_has_the_length_and_is_sound(library: Library, seed: int, seconds: float) -> None:
    stem = render_seed(library, seed, seconds)
    assert stem.shape == (round(seconds * SAMPLERATE),)
    assert stem.dtype == np.float32
    assert np.isfinite(stem).all()
    assert np.abs(stem).max() <= 0.991


def test_stems_sound_and_differ(library: Library) -> None:
    stems = [render_seed(library, seed, 3.0) for seed in range(20, 26)]
    assert all(np.std(stem) > 1e-3 for stem in stems)
    similarity = np.corrcoef(np.stack(stems))
    assert np.abs(similarity - np.eye(len(stems))).max() < 0.3


@pytest.mark.parametrize("seed", range(3))
def test_same_state_gives_the_same_stem(library: Library, seed: int) -> None:
    first, second = (render_seed(library, seed, 2.0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("model", ["gretsch", "hofner", "emily", "shiny", "strat"])
def test_notes_have_their_pitch(library: Library, model: str) -> None:
    rng = np.random.default_rng(7)
    guitar = Guitar(library, rng, model)
    for midi in (40.0, 47.0, 57.5, 64.0, 71.0, 79.0):
        direct = guitar.play([Note(0.0, 0.6, midi, 0.8)], SAMPLERATE, rng)
        assert pitch(direct[3000:24000], midi) == pytest.approx(midi, abs=0.5)


def test_glide_ends_a_whole_tone_up(library: Library) -> None:
    rng = np.random.default_rng(3)
    guitar = Guitar(library, rng, "emily")
    direct = guitar.play([Note(0.0, 1.0, 60.0, 0.8, "pluck", ((0.0, 0.0), (0.2, 2.0)))], SAMPLERATE, rng)
    assert pitch(direct[15000:35000], 62.0) == pytest.approx(62.0, abs=0.4)


@pytest.mark.parametrize("model", ["gretsch", "emily", "strat"])
def test_notes_begin_on_time_and_end(library: Library, model: str) -> None:
    rng = np.random.default_rng(9)
    direct = np.abs(Guitar(library, rng, model).play([Note(0.5, 0.3, 50.0)], 2 * SAMPLERATE, rng))
    onset = int(np.argmax(direct > 0.1 * direct.max()))
    assert onset / SAMPLERATE == pytest.approx(0.5, abs=0.006)
    assert not direct[int(0.85 * SAMPLERATE):].any()


def test_palm_mute_is_shorter_and_darker_than_an_open_note(library: Library) -> None:
    rng = np.random.default_rng(1)
    guitar = Guitar(library, rng, "gretsch")
    muted, opened = (np.square(guitar.play([Note(0.0, 0.6, 45.0, 0.8, touch)], SAMPLERATE, rng))
                     for touch in ("mute", "pluck"))
    assert muted[13000:].sum() / muted.sum() < 0.2 * opened[13000:].sum() / opened.sum()


def test_vibrato_swings_by_its_depth() -> None:
    curve = pitch_curve(Note(0.0, 2.0, 60.0, vibrato=(0.4, 5.0)), 2 * SAMPLERATE)
    assert curve[: SAMPLERATE // 10].max() == 0.0
    assert curve[SAMPLERATE:].max() == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("part", [part for part, _ in PARTS], ids=lambda part: part.__name__)
def test_parts_fill_the_segment_within_the_range(part: object) -> None:
    assert callable(part)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        song = random_song(rng, 12.0)
        notes = part(song, rng)
        assert notes
        assert all(song.lowest <= note.midi <= 88.0 for note in notes)
        assert all(0.0 < note.seconds < 20.0 and 0.0 <= note.velocity <= 1.1 for note in notes)
        assert min(note.start for note in notes) < 4.0
        assert max(note.start for note in notes) > 6.0


def test_pattern_letters_know_how_long_they_last() -> None:
    assert parts.hits("C--m.x-.") == [(0, "C", 3), (3, "m", 1), (5, "x", 2)]


def test_up_strokes_begin_at_the_high_strings() -> None:
    stroke = parts.strum(1.0, (40, 47, 52, 56, 59, 64), 0.5, 0.8, 0.02, up=True)
    assert [note.midi for note in stroke] == [64, 59, 56, 52]
    assert [note.start for note in stroke] == sorted(note.start for note in stroke)


def test_thinning_leaves_rests_but_never_nothing() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        song = random_song(rng, 10.0)
        notes = leads.riff(song, rng)
        thinned = thin_out(notes, song, rng)
        assert 0 < len(thinned) <= len(notes)


def test_two_parts_take_turns() -> None:
    song = Song(16.0, 0.5, 0.5, 4, False, ((4, "major"),) * 9, 0.0)
    first, second = ([Note(0.5 * i, 0.4, midi) for i in range(32)] for midi in (50.0, 60.0))
    turns = alternate(first, second, song, 1)
    assert len(turns) == 32
    assert all(note.midi == (50.0 if note.start % 4.0 < 2.0 else 60.0) for note in turns)


def test_midi_songs_have_guitar_parts(library: Library) -> None:
    tracks = [guitar_tracks(path) for path in library.performances("freedoom")[:3]]
    assert any(tracks)
    part = midi_part(library, np.random.default_rng(4), 10.0)
    assert part
    assert all(note.start < 12.0 and 35.0 <= note.midi <= 88.0 for note in part)
