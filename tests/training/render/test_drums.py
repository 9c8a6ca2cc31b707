"""The drum renderer: reproducible, well-formed, and played as a kit is played."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.drum_kits import (
    SOURCES,
    Kit,
    Piece,
    acoustic_kit,
    add_percussion,
    find_piece,
    find_recordings,
    machine_kit,
)
from training.render.drum_midi import PIECE_OF_NOTE, perform
from training.render.drum_patterns import FAMILIES, Hit, invent
from training.render.drum_synth import MACHINE, PERCUSSION
from training.render.drums import play, render_drums
from training.render.effects import rms
from training.render.library import Library
from training.render.song import Song, random_song


def song_of(seed: int, seconds: float) -> Song:
    return random_song(np.random.default_rng(seed), seconds)


@pytest.fixture(scope="module")
def library(data_root: Path) -> Library:
    return Library(data_root)


def ringing_piece(level_db: tuple[float, ...] = (0.0,), seconds: float = 1.0) -> Piece:
    """Make a piece whose takes are steady tones at the given loudness."""
    tone = np.sin(0.1 * np.arange(int(seconds * SAMPLERATE))).astype(np.float32)
    takes = {index: tone * np.float32(10 ** (level / 20)) for index, level in enumerate(level_db)}
    return Piece(np.array(level_db), gain_db=0.0, range_db=30.0, made=takes)


def test_same_seed_same_audio_and_other_seed_other_audio(library: Library) -> None:
    first, again, other = (render_drums(library, np.random.default_rng(seed), song_of(seed, 2.0)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.5


@pytest.mark.parametrize("seconds", [0.5, 1.2345, 7.0])
def test_length_is_exact(library: Library, seconds: float) -> None:
    audio = render_drums(library, np.random.default_rng(1), song_of(1, seconds))
    assert audio.shape == (round(seconds * SAMPLERATE),)
    assert audio.dtype == np.float32


def test_segments_are_audible_finite_and_within_full_scale(library: Library) -> None:
    for seed in range(12):
        audio = render_drums(library, np.random.default_rng(seed), song_of(seed, 4.0))
        assert np.isfinite(audio).all()
        assert np.abs(audio).max() <= 0.99
        assert rms(audio) > 0.02, f"seed {seed} is nearly silent"


def test_seeds_choose_different_kits(library: Library) -> None:
    kits = [acoustic_kit(library, np.random.default_rng(seed)) for seed in range(8)]
    chosen = {tuple(kit[name].takes[0][0].name for name in ("kick", "snare", "hat_closed", "ride")) for kit in kits}
    assert len(chosen) >= 6
    assert len({kit["snare"].semitones for kit in kits}) == 8


def test_a_kit_does_not_change_thefind_recordings(library: Library) -> None:
    kit = acoustic_kit(library, np.random.default_rng(2))
    first = kit["kick"].strike(np.random.default_rng(0), 127.0)
    first *= 0.0
    assert rms(kit["kick"].strike(np.random.default_rng(0), 127.0)) > 0.0


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_hasfind_recordings(library: Library, name: str) -> None:
    for source in SOURCES[name]:
        recordings = find_recordings(library, source)
        assert recordings, f"{source} matches no file"
        assert [near.rms_db for near, _ in recordings] == sorted(near.rms_db for near, _ in recordings)


@pytest.mark.parametrize("name", ["kick", "snare", "tom_low", "hat_closed", "ride", "crash"])
def test_a_harder_stroke_is_louder(library: Library, name: str) -> None:
    for seed in range(3):
        kit = acoustic_kit(library, np.random.default_rng(seed))
        rng = np.random.default_rng(0)
        levels = [energy(kit[name].strike(rng, velocity)) for velocity in (20.0, 60.0, 100.0, 127.0)]
        assert levels == sorted(levels)
        assert levels[-1] > 10.0 * levels[0]


def energy(sound: Audio) -> float:
    return float(np.sum(np.square(sound[: int(0.3 * SAMPLERATE)])))


def test_a_stroke_takes_the_recording_played_about_as_hard() -> None:
    piece = ringing_piece((-30.0, -20.0, -10.0, 0.0))
    rng = np.random.default_rng(0)
    chosen = []
    for velocity in (1.0, 43.0, 85.0, 127.0):
        piece.strike(rng, velocity)
        chosen.append(piece.last)
    assert chosen == [0, 1, 2, 3]


def test_repeated_strokes_alternate_between_like_recordings() -> None:
    piece = ringing_piece((-0.5, -0.2, 0.0))
    rng = np.random.default_rng(0)
    chosen = []
    for _ in range(12):
        piece.strike(rng, 127.0)
        chosen.append(piece.last)
    assert all(a != b for a, b in pairwise(chosen))


@pytest.mark.parametrize("closing", ["hat_closed", "hat_pedal", "hat_open"])
def test_a_stroke_on_the_hats_ends_a_ringing_open_hat(closing: str) -> None:
    silent = Piece(np.zeros(1), 0.0, 30.0, made={0: np.zeros(10, np.float32)})
    kit: Kit = {"hat_open": ringing_piece(), "hat_closed": silent, "hat_pedal": silent}
    hits = [Hit(0.0, "hat_open", 127.0), Hit(0.5, closing, 0.0)]
    _, metal = play(np.random.default_rng(0), kit, hits, SAMPLERATE)
    ringing, after = metal[int(0.4 * SAMPLERATE): int(0.5 * SAMPLERATE)], metal[int(0.55 * SAMPLERATE):]
    assert rms(ringing) > 0.5
    assert rms(after) < 0.1


def test_an_open_hat_rings_on_when_only_the_drums_follow() -> None:
    kit: Kit = {"hat_open": ringing_piece(), "snare": Piece(np.zeros(1), 0.0, 30.0, made={0: np.zeros(9, np.float32)})}
    hits = [Hit(0.0, "hat_open", 127.0), Hit(0.5, "snare", 127.0)]
    _, metal = play(np.random.default_rng(0), kit, hits, SAMPLERATE)
    assert rms(metal[int(0.55 * SAMPLERATE): int(0.9 * SAMPLERATE)]) > 0.5


def test_every_piece_that_is_played_is_found_in_every_kit(library: Library) -> None:
    lines = {piece for patterns in FAMILIES.values() for pattern in patterns for piece in pattern.lines}
    names = (lines | set(PIECE_OF_NOTE.values())) - set(PERCUSSION)
    for kit in (acoustic_kit(library, np.random.default_rng(0)), machine_kit(library, np.random.default_rng(0))):
        assert [name for name in sorted(names) if find_piece(kit, name) is None] == []


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_invented_parts_cover_their_length_in_order(family: str) -> None:
    for seed in range(20):
        hits = invent(np.random.default_rng(seed), family, song_of(seed, 6.0))
        times = [hit.seconds for hit in hits]
        assert times == sorted(times)
        assert times[0] >= 0.0
        assert times[-1] > 4.0
        assert all(1.0 <= hit.velocity <= 127.0 for hit in hits)


def test_performances_cover_their_length(library: Library) -> None:
    for seed in range(6):
        hits = perform(library, np.random.default_rng(seed), song_of(seed, 8.0))
        assert hits[0].seconds < 3.0
        assert 5.0 < hits[-1].seconds < 8.0


@pytest.mark.parametrize("name", sorted(MACHINE))
def test_synthesised_pieces_start_at_once_and_die_away(name: str) -> None:
    sound = MACHINE[name](np.random.default_rng(0))
    assert np.isfinite(sound).all()
    assert sound.dtype == np.float32
    assert rms(sound[: sound.size // 4]) > 3.0 * rms(sound[-sound.size // 8:])


@pytest.mark.parametrize("name", sorted(PERCUSSION))
def test_percussion_is_added_to_a_kit(library: Library, name: str) -> None:
    kit: Kit = {}
    rng = np.random.default_rng(0)
    add_percussion(library, rng, kit, name)
    assert energy(kit[name].strike(rng, 120.0)) > 0.0
