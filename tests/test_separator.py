"""The separator: any block size gives the same sound, at the promised latency, from an explicit state."""

from __future__ import annotations

import copy
import pickle
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rtsep import ConfigError, Separator
from rtsep.separator import LOUDEST, is_sound, runs_at
from tests.rigs.models import make_tiny_model, separate_offline

Audio = NDArray[np.float32]
BLOCKSIZES = [1, 64, 65, 441, 480, 512, 8193]


def music(channels: int, frames: int, seed: int = 1) -> Audio:
    """Noise bursts over a chord: every band is busy and the level moves."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 44100
    chord = sum(np.sin(2 * np.pi * f * time) for f in (110.0, 277.2, 1318.5))
    noise = rng.standard_normal((channels, frames)) * np.exp(-((time * 4) % 1.0) * 6)
    return (0.1 * chord + 0.3 * noise).astype(np.float32)


def run(separator: Separator, audio: Audio, blocksize: int) -> Audio:
    """Feed audio in blocks."""
    starts = range(0, audio.shape[1], blocksize)
    return np.concatenate([separator.process(audio[:, start:start + blocksize]) for start in starts], axis=2)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("blocksize", BLOCKSIZES)
def test_streaming_equals_offline(tiny_model: Path, channels: int, blocksize: int) -> None:
    audio = music(channels, 20000)
    separator = Separator(tiny_model, channels)
    out = run(separator, audio, blocksize)
    if channels == 1:
        aligned = out[:, 0, separator.latency:]
        for expected, sound in zip(separate_offline(audio[0]), aligned, strict=True):
            np.testing.assert_allclose(sound, expected[:sound.size], atol=1e-5)
            assert np.std(sound) > 0.01
            assert np.std(sound - audio[0, :sound.size]) > 0.01, "the mask must not be the identity"
    whole = Separator(tiny_model, channels).process(audio)
    np.testing.assert_allclose(out, whole, atol=1e-5)


@pytest.mark.parametrize("profile", ["paper", "stage", "ultra"])
@pytest.mark.parametrize("blocksize", [None, 64, 128, 256, 441, 480, 512, 1024])
def test_stems_sum_to_the_mixture_at_the_reported_latency(tmp_path: Path, profile: str, blocksize: int | None) -> None:
    separator = Separator(make_tiny_model(tmp_path / "m.onnx", profile), 2, blocksize)
    geometry = separator.info.geometry
    assert separator.latency <= geometry.synthesis
    if blocksize is not None:
        assert separator.latency == geometry.synthesis - np.gcd(blocksize, geometry.hop)
    size = blocksize or 300
    audio = music(2, 100 * size)
    total = run(separator, audio, size).sum(axis=0)
    error = total[:, separator.latency:] - audio[:, : -separator.latency]
    assert 20 * np.log10(np.std(error) / np.std(audio)) < -90


def test_later_input_never_changes_earlier_output(tiny_model: Path) -> None:
    audio = music(1, 12000)
    changed = audio.copy()
    changed[:, 8000:] = 0.0
    first, second = (Separator(tiny_model).process(a) for a in (audio, changed))
    latency = Separator(tiny_model).latency
    np.testing.assert_array_equal(first[:, :, :8000], second[:, :, :8000])
    assert np.any(first[:, :, 8000 + latency:] != second[:, :, 8000 + latency:])


def test_reset_makes_it_as_new(tiny_model: Path) -> None:
    separator = Separator(tiny_model)
    first = separator.process(music(1, 5000))
    separator.process(music(1, 3333, seed=2))
    separator.reset()
    np.testing.assert_array_equal(separator.process(music(1, 5000)), first)


def test_nothing_grows_over_ten_thousand_blocks(tiny_model: Path) -> None:
    separator = Separator(tiny_model, blocksize=64)
    block = music(1, 64)
    for _ in range(500):
        separator.process(block)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(10_000):
        separator.process(block)
    growth = sum(row.size_diff for row in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()
    assert growth < 100_000


def test_rest_is_the_mixture_without_the_requested_stems(tiny_model: Path) -> None:
    audio = music(1, 9000)
    separator = Separator(tiny_model, stems=("guitar", "rest"))
    guitar, rest = separator.process(audio)
    every = Separator(tiny_model).process(audio)
    np.testing.assert_allclose(guitar, every[1], atol=1e-6)
    np.testing.assert_allclose(rest, every[0] + every[2], atol=1e-6)


def test_mask_gain_pulls_harder(tiny_model: Path) -> None:
    energies = []
    for gain in (0.0, 0.5, 1.0, 4.0):
        separator = Separator(tiny_model, stems=("guitar",))
        separator.controls.mask_gain = gain
        energies.append(float(np.sum(separator.process(music(1, 9000)) ** 2)))
    assert energies == sorted(energies, reverse=True)
    assert energies[0] > 2 * energies[3]


def test_mask_gain_moves_over_several_hops_and_back(tiny_model: Path) -> None:
    blocks = np.split(music(1, 30 * 256), 30, axis=1)

    def loudest_difference(gains: list[float], steady: float) -> Audio:
        """Peak of every block against a separator whose gain stays."""
        moving, still = (Separator(tiny_model, stems=("guitar",), blocksize=256) for _ in range(2))
        still.controls.mask_gain = steady
        peaks = []
        for gain, block in zip(gains, blocks, strict=True):
            moving.controls.mask_gain = gain
            peaks.append(np.abs(moving.process(block) - still.process(block)).max())
        return np.array(peaks)

    opened = [0.0] * 15
    away = loudest_difference([*opened, *[4.0] * 15], steady=4.0)
    assert np.all(away[:18] > 1e-4), "two hops on its way and the overlap of the second"
    np.testing.assert_allclose(away[18:], 0.0, atol=1e-6)
    back = loudest_difference([*opened, 4.0, *[0.0] * 14], steady=0.0)
    assert np.all(back[:15] == 0.0)
    assert np.all(back[15:18] > 1e-4)
    np.testing.assert_allclose(back[20:], 0.0, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_block_is_silence_and_leaves_no_trace(tiny_model: Path, bad: float) -> None:
    audio = music(1, 9600)
    broken, muted = audio.copy(), audio.copy()
    broken[0, 4900] = bad
    muted[:, 4800:5280] = 0.0
    separator = Separator(tiny_model)
    out = run(separator, broken, 480)
    assert separator.bad_blocks == 1
    np.testing.assert_array_equal(out, run(Separator(tiny_model), muted, 480))


def test_what_is_sound() -> None:
    block = np.zeros((2, 64), np.float32)
    for value, sound in ((0.0, True), (1.0, True), (LOUDEST, True), (2 * LOUDEST, False), (1e30, False),
                         (np.nan, False), (-np.inf, False)):
        block[1, 5] = value
        assert is_sound(block) is sound
    assert is_sound(np.full((2, 64), LOUDEST, np.float32))
    assert is_sound(np.zeros((2, 0), np.float32))


def test_the_first_hop_has_the_gain_that_was_set_before_it(tiny_model: Path) -> None:
    separator = Separator(tiny_model, stems=("guitar",), blocksize=256)
    separator.controls.mask_gain = 0.0  # everything passes, from the first sample on
    audio = music(1, 256 * 20)
    out = run(separator, audio, 256)[0]
    np.testing.assert_allclose(out[:, separator.latency:], audio[:, :-separator.latency], atol=1e-5)


def test_silence_in_silence_out(tiny_model: Path) -> None:
    assert not np.any(Separator(tiny_model).process(np.zeros((1, 20000), np.float32)))


@pytest.mark.parametrize("gain_db", [-20, 20])
def test_level_of_the_input_does_not_change_the_masks(tiny_model: Path, gain_db: int) -> None:
    audio = music(1, 20000)
    gain = np.float32(10 ** (gain_db / 20))
    plain, scaled = Separator(tiny_model).process(audio), Separator(tiny_model).process(audio * gain) / gain
    assert 20 * np.log10(np.std(plain - scaled) / np.std(plain)) < -50


def test_an_image_stays_where_it_is(tiny_model: Path) -> None:
    mono = music(1, 9000)
    left, right = Separator(tiny_model, 2).process(np.concatenate([mono, 0.25 * mono])).transpose(1, 0, 2)
    np.testing.assert_allclose(right, 0.25 * left, atol=1e-6)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"channels": 0}, "channels is 0"), ({"blocksize": 0}, "blocksize is 0"), ({"stems": ["piano"]}, "no stem 'piano'"),
])
def test_arguments_that_do_not_fit(tiny_model: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Separator(tiny_model, **arguments)


@pytest.mark.parametrize("shape", [(2, 64), (64,), (1, 65)])
def test_blocks_of_another_shape_are_refused(tiny_model: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="a block of"):
        Separator(tiny_model, blocksize=64).process(np.zeros(shape, np.float32))


def test_from_40_to_50_khz_the_model_runs_as_it_is(tiny_model: Path) -> None:
    audio = music(2, 20000)
    made_for, other = Separator(tiny_model, 2), Separator(tiny_model, 2, samplerate=48000)
    assert (made_for.samplerate, other.samplerate) == (44100, 48000)
    assert other.latency == made_for.latency
    np.testing.assert_array_equal(other.process(audio), made_for.process(audio))


@pytest.mark.parametrize("samplerate", [39999, 50001, 96000, 0])
def test_rates_at_which_the_model_does_not_run(tiny_model: Path, samplerate: int) -> None:
    with pytest.raises(ConfigError, match=rf"samplerate is {samplerate}: tiny runs at 40000 to 50000 Hz"):
        Separator(tiny_model, samplerate=samplerate)
    assert not runs_at(44100, samplerate)
    assert runs_at(samplerate, samplerate)  # a model made for it


def test_two_threads_in_one_separator_are_refused(tiny_model: Path) -> None:
    separator = Separator(tiny_model)
    inside, refused = threading.Event(), threading.Event()

    class Slow:
        name = "slow"

        def push(self, block: Any, weights: Any) -> Any:
            inside.set()
            assert refused.wait(10)
            return np.zeros((3, 1, block.shape[1]), np.float32)

    separator._backend = Slow()  # type: ignore[assignment]
    block = np.zeros((1, 512), np.float32)
    thread = threading.Thread(target=separator.process, args=(block,))
    thread.start()
    assert inside.wait(10)
    with pytest.raises(ConfigError, match="at work in another thread: make one for each thread"):
        separator.process(block)
    for call in (separator.reset, separator.forget, lambda: separator.preview(64),
                 lambda: separator.set_blocksize(64), lambda: separator.set_samplerate(48000)):
        with pytest.raises(ConfigError, match="at work in another thread"):
            call()
    assert (separator.blocksize, separator.samplerate) == (None, 44100)
    refused.set()
    thread.join()
    separator.process(block)


def test_controls_move_while_another_thread_separates(tiny_model: Path) -> None:
    separator, over, errors = Separator(tiny_model), threading.Event(), []

    def turn() -> None:
        try:
            while not over.is_set():
                for value in (0.0, 0.5, 1.0):
                    separator.controls.set_level("guitar", value)
                    separator.controls.wet = value
                    separator.controls.mask_gain = value
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=turn)
    thread.start()
    noise = (0.1 * np.random.default_rng(2).standard_normal((1, 40000))).astype(np.float32)
    try:
        out = [separator.process(noise[:, start:start + 441]) for start in range(0, noise.shape[1], 441)]
    finally:
        over.set()
        thread.join()
    assert not errors
    assert np.abs(np.concatenate(out, axis=2)).max() <= 2.0 * np.abs(noise).max()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_controls_can_be_copied(copied: Any, tiny_model: Path) -> None:
    controls = Separator(tiny_model).controls
    controls.set_level("guitar", 0.25)
    controls.bypass = True
    other = copied(controls)
    assert (other.stems, other.level("guitar"), other.bypass) == (controls.stems, 0.25, True)
    other.set_level("guitar", 0.5)
    assert controls.level("guitar") == 0.25


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_separator_says_that_it_cannot_be_copied(copied: Any, tiny_model: Path) -> None:
    with pytest.raises(TypeError, match=r"a Separator cannot be copied or pickled.* make another one"):
        copied(Separator(tiny_model))


def test_complex_samples_are_refused(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="a block must be an array of numbers"):
        Separator(tiny_model).process(np.zeros((1, 256), np.complex64))
