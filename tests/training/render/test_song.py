"""The song that players share: its time, its harmony on every instrument, and one song a round of a pool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.render import guitar_parts, patterns
from training.render.drum_patterns import FAMILIES, STRAIGHT, invent
from training.render.pool import SHARES, PoolConfig, song_of
from training.render.song import QUALITIES, Song, ladder, near, random_song

PLAIN = Song(10.0, 0.5, 0.5, 9, False, ((9, "major"), (2, "major"), (4, "seventh")) * 3, 0.0)
SEEDS = st.integers(0, 2**32 - 1)


def test_swing_delays_the_second_eighth_and_bends_the_sixteenths() -> None:
    swung = replace(PLAIN, swing=2.0 / 3.0)
    assert [PLAIN.at(position) for position in (0, 1, 2, 3, 4)] == pytest.approx([0.0, 0.125, 0.25, 0.375, 0.5])
    assert [swung.at(position) for position in (0, 1, 2, 3, 4)] == pytest.approx([0.0, 1 / 6, 1 / 3, 5 / 12, 0.5])
    assert swung.time(2, 1.5) == pytest.approx(4.0 + 0.5 + 1 / 3)


def test_guitar_chords_lie_within_the_low_octaves_and_drop_with_the_tuning() -> None:
    assert [PLAIN.guitar_chord(16 * bar) for bar in range(3)] == [(45, "major"), (50, "major"), (40, "seventh")]
    dropped = replace(PLAIN, dropped=2)
    assert dropped.lowest == 38
    assert replace(dropped, bars=((2, "power"),)).guitar_chord(0) == (50, "power")
    assert replace(dropped, key=2, bars=((2, "power"),)).guitar_chord(0) == (38, "power")


def test_another_key_moves_all_chords() -> None:
    moved = PLAIN.transposed(-4)
    assert moved.key == 5
    assert moved.bars[:3] == ((5, "major"), (10, "major"), (0, "seventh"))


@given(SEEDS, st.floats(1.0, 30.0))
def test_songs_cover_their_segment(seed: int, seconds: float) -> None:
    song = random_song(np.random.default_rng(seed), seconds)
    assert song.offset <= 0.0
    assert song.time(len(song.bars), 0.0) > seconds
    assert song.frames == round(44100 * seconds)
    assert all(0 <= root < 12 and quality in QUALITIES for root, quality in song.bars)


@given(SEEDS)
def test_guitars_and_keys_play_the_chord_of_the_bar(seed: int) -> None:
    rng = np.random.default_rng(seed)
    song = replace(random_song(rng, 8.0), swing=0.5)
    chords = [{(root + interval) % 12 for interval in QUALITIES[quality]} for root, quality in song.bars]
    for note in patterns.pads(song, rng, 60.0):
        bar = int((note.start - song.offset) / (4 * song.beat) + 1e-6)
        assert note.midi % 12 in chords[bar]
    for shape, (root, _) in zip(guitar_parts._song_voicings(song, rng), song.bars, strict=True):
        assert (shape[0] - root) % 12 in {0, *(interval % 12 for interval in QUALITIES["major7"])}
        assert min(shape) >= song.lowest


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_drums_keep_the_time_of_the_song(family: str) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        song = replace(random_song(rng, 8.0), swing=0.5)
        grid = song.beat / 24.0
        places = np.array([(hit.seconds - song.offset) / grid for hit in invent(rng, family, song)])
        off = np.abs(places - np.round(places)) * grid
        assert np.median(off) < 0.012
        assert places.size > 4


def test_a_pattern_is_played_near_its_tempo() -> None:
    slow, fast = (replace(PLAIN, beat=60.0 / tempo) for tempo in (60.0, 190.0))
    for song in (slow, fast):
        kicks = [hit.seconds for hit in invent(np.random.default_rng(1), "straight", song) if hit.piece == "kick"]
        fastest = max(pattern.tempo[1] for pattern in STRAIGHT)
        assert len(kicks) < song.seconds * fastest / 60.0 * 4


def test_a_scale_is_listed_from_low_to_high() -> None:
    assert ladder(2, (0, 4, 7), 60.0, 74.5) == [62.0, 66.0, 69.0, 74.0]
    assert near(11, 60.0) == 59.0


def test_one_round_of_a_pool_is_one_song() -> None:
    config = PoolConfig()
    songs = [{song_of(config, kind, number) for number in range(share, 2 * share)} for kind, share in SHARES.items()]
    assert len(set.union(*songs)) == 1
    assert song_of(config, "drums", 0) != song_of(config, "drums", SHARES["drums"])
