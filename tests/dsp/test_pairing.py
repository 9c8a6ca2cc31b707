"""Pairing: what two channels are together, from their sound alone."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.dsp.pairing import MEMORY, Pair, Pairing, sign_of
from rtsep.types import Audio

HOP = 256
SECOND = 172 * HOP
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((2, SECOND)).astype(np.float32)


def panned(left: float, right: float, hiss: float = 0.0) -> Audio:
    """Make a second of one sound in two channels, and of hiss."""
    return np.array([[left], [right]], np.float32) * NOISE[:1] + np.float32(hiss) * NOISE[::-1]


@pytest.mark.parametrize(("sound", "pair"), [
    (NOISE, Pair.SONG), (panned(1.0, 1.0), Pair.SONG), (panned(1.0, 0.05), Pair.SONG), (0.0 * NOISE, Pair.SONG),
    (panned(1.0, -1.0), Pair.OPPOSITE), (panned(1e-6, -1e-6), Pair.OPPOSITE), (panned(1.0, -0.4, 0.02), Pair.OPPOSITE),
    (panned(0.0, 1.0), Pair.ONE_DEAD), (panned(1.0, 0.0, 1e-4), Pair.ONE_DEAD), (panned(-1e-6, 0.0), Pair.ONE_DEAD)])
def test_it_is_known_from_the_first_sounding_hop_on(sound: Audio, pair: Pair) -> None:
    quiet = 10 * HOP
    found = Pairing(HOP).push(np.pad(sound, ((0, 0), (quiet, 0))))
    assert set(found[:10]) == {Pair.SONG}
    assert set(found[10:]) == {pair}


def test_a_part_that_is_opposite_in_a_song_turns_nothing() -> None:
    assert set(Pairing(HOP).push(np.tile(NOISE + 0.6 * panned(1.0, -1.0), 3))) == {Pair.SONG}


def test_a_channel_that_comes_to_life_counts_within_a_hop() -> None:
    found = Pairing(HOP).push(np.concatenate([panned(1.0, 0.0), NOISE], axis=1))
    assert list(found) == [Pair.ONE_DEAD] * 172 + [Pair.SONG] * 172


def test_crossed_wires_that_are_mended_are_noticed() -> None:
    found = Pairing(HOP).push(np.concatenate([panned(1.0, -1.0), panned(1.0, 1.0), panned(0.0, 0.0)], axis=1))
    assert list(found[:172]) == [Pair.OPPOSITE] * 172
    assert set(found[172 + 86:]) == {Pair.SONG}  # after half a second, and in the silence that follows


def test_it_wavers_at_no_bound() -> None:
    between = [panned(1.0, 6e-3), panned(1.0, -1.0, 0.6)]  # -44 dB; a correlation of about -0.74
    for sound, sure, pair in zip(between, (panned(1.0, 0.0), panned(1.0, -1.0)), (Pair.ONE_DEAD, Pair.OPPOSITE),
                                 strict=True):
        assert set(Pairing(HOP).push(sound)) == {Pair.SONG}
        assert set(Pairing(HOP).push(np.concatenate([sure, sound], axis=1))) == {pair}


def test_blocks_of_any_number_of_hops_are_heard_alike() -> None:
    sound = np.concatenate([panned(1.0, 0.0), NOISE, *[panned(1.0, -1.0)] * 4, NOISE, NOISE], axis=1)
    whole, pairing = Pairing(HOP).push(sound), Pairing(HOP)
    np.testing.assert_array_equal(np.concatenate([pairing.push(part) for part in np.split(sound, 16, axis=1)]), whole)
    assert set(whole) == set(Pair)
    pairing.reset()
    np.testing.assert_array_equal(pairing.push(sound), whole)


@pytest.mark.parametrize("channels", [1, 3])
def test_other_numbers_of_channels_are_songs(channels: int) -> None:
    sound = np.zeros((channels, SECOND), np.float32)
    sound[0] = NOISE[0]
    assert set(Pairing(HOP).push(sound)) == {Pair.SONG}


def test_one_hop_may_be_longer_than_the_memory() -> None:
    length = 4 * int(MEMORY)
    pairing = Pairing(length)
    for sign in (-1.0, 1.0):
        block = RNG.standard_normal(length).astype(np.float32)
        np.testing.assert_array_equal(sign_of(pairing.push(np.stack([block, np.float32(sign) * block]))), [sign])
