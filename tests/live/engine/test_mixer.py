"""From stems to outputs: levels, dry/wet, bypass, routing, and changes without a step."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.controls.controls import Controls
from rtsep.dsp.delay import Delay
from rtsep.dsp.ramp import RAMP_MS
from rtsep.errors import ConfigError
from rtsep.live.engine.mixer import Mixer, output_channels, routing_matrix

RNG = np.random.default_rng(1)
SAMPLERATE = 44100
RAMP = round(RAMP_MS / 1e3 * SAMPLERATE)
STEMS = ("drums", "guitar", "other")


def audio(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def mixed(mixer: Mixer, stems: np.ndarray, dry: np.ndarray) -> np.ndarray:
    out = np.full((mixer.outputs, dry.shape[1]), np.nan, np.float32)
    mixer.mix(stems.copy(), dry, out)
    return out


def settled(controls: Controls, outputs: int = 2, channels: int = 2, split: bool = False) -> Mixer:
    """Make a mixer whose gains have reached the controls."""
    return Mixer(controls, channels, outputs, SAMPLERATE, split)


def test_levels_scale_the_stems() -> None:
    controls = Controls(STEMS)
    controls.set_level("drums", 0.0)
    controls.set_level("guitar", 2.0)
    stems, dry = audio(3, 2, 100), audio(2, 100)
    np.testing.assert_allclose(mixed(settled(controls), stems, dry), 2 * stems[1] + stems[2], atol=1e-6)


def test_wet_fades_between_mixture_and_stems() -> None:
    controls = Controls(STEMS)
    controls.wet = 0.25
    stems, dry = audio(3, 2, 100), audio(2, 100)
    np.testing.assert_allclose(mixed(settled(controls), stems, dry), 0.25 * stems.sum(axis=0) + 0.75 * dry, atol=1e-6)


def test_bypass_plays_the_mixture_untouched() -> None:
    controls = Controls(STEMS)
    controls.set_level("guitar", 0.3)
    controls.bypass = True
    stems, dry = audio(3, 2, 100), audio(2, 100)
    np.testing.assert_allclose(mixed(settled(controls), stems, dry), dry, rtol=3e-7)  # a third each, three times


def test_a_single_playing_stem_is_untouched() -> None:
    controls = Controls(STEMS)
    controls.set_level("drums", 0.0)
    controls.set_level("other", 0.0)
    stems, dry = audio(3, 2, 100), audio(2, 100)
    np.testing.assert_array_equal(mixed(settled(controls), stems, dry), stems[1])


def test_split_gives_every_stem_its_outputs() -> None:
    stems, dry = audio(3, 2, 100), audio(2, 100)
    out = mixed(settled(Controls(STEMS), outputs=6, split=True), stems, dry)
    np.testing.assert_array_equal(out, stems.reshape(6, 100))


def test_split_onto_one_output_a_stem_averages_channels() -> None:
    stems, dry = audio(3, 2, 100), audio(2, 100)
    out = mixed(settled(Controls(STEMS), outputs=3, split=True), stems, dry)
    np.testing.assert_allclose(out, stems.mean(axis=1), atol=1e-6)


def test_split_bypass_still_sums_to_the_mixture() -> None:
    controls = Controls(STEMS)
    controls.bypass = True
    stems, dry = audio(3, 2, 100), audio(2, 100)
    out = mixed(settled(controls, outputs=6, split=True), stems, dry)
    np.testing.assert_allclose(out.reshape(3, 2, 100).sum(axis=0), dry, atol=1e-6)


@pytest.mark.parametrize("change", ["level", "wet", "bypass"])
@pytest.mark.parametrize("blocksize", [1, 64, 65, 512, 8192])
def test_changes_ramp_without_a_step(change: str, blocksize: int) -> None:
    controls = Controls(STEMS)
    mixer = settled(controls)
    ones, silence = np.ones((3, 2, blocksize), np.float32), np.zeros((2, blocksize), np.float32)
    before = mixed(mixer, ones, silence)
    if change == "level":
        controls.set_level("guitar", 0.0)
    elif change == "wet":
        controls.wet = 0.0
    else:
        controls.bypass = True
    blocks = [before] + [mixed(mixer, ones, silence) for _ in range(-(-RAMP // blocksize) + 1)]
    out = np.concatenate(blocks, axis=1)
    change_of_gain = abs(float(out[0, -1] - out[0, 0]))
    assert change_of_gain >= 1.0
    assert np.abs(np.diff(out, axis=1)).max() <= 2.05 * change_of_gain / RAMP
    moving = np.flatnonzero(np.diff(out[0]))
    assert moving[-1] - moving[0] + 1 == RAMP


@pytest.mark.parametrize("blocks", [(1, 2, 3, 50), (64, 64, 1, 64), (7,) * 20])
@pytest.mark.parametrize("delay", [0, 1, 37, 64, 200])
def test_delay_is_exact_for_any_blocks(blocks: tuple[int, ...], delay: int) -> None:
    line = Delay(2, delay)
    sound = audio(2, sum(blocks))
    out = [line.push(block) for block in np.split(sound, np.cumsum(blocks)[:-1], axis=1)]
    np.testing.assert_array_equal(np.concatenate(out, axis=1), np.pad(sound, ((0, 0), (delay, 0)))[:, :sum(blocks)])


@pytest.mark.parametrize(("stems", "channels", "available", "split", "opened"), [
    (2, 2, 8, False, 2),
    (2, 1, 8, False, 2),
    (2, 2, 1, False, 1),
    (3, 2, 8, True, 6),
    (3, 2, 5, True, 3),
    (3, 1, 5, True, 3),
])
def test_opened_outputs(stems: int, channels: int, available: int, split: bool, opened: int) -> None:
    assert output_channels(stems, channels, available, split) == opened


def test_too_few_outputs_for_a_split() -> None:
    with pytest.raises(ConfigError, match="--split needs 3 output channels, one a stem, and the device has 2"):
        output_channels(3, 2, 2, True)


@pytest.mark.parametrize(("channels", "outputs", "matrix"), [
    (1, 1, [[1]]),
    (1, 2, [[1], [1]]),
    (2, 2, [[1, 0], [0, 1]]),
    (2, 1, [[0.5, 0.5]]),
    (6, 2, [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]),
])
def test_routing_of_a_mix(channels: int, outputs: int, matrix: list[list[float]]) -> None:
    np.testing.assert_array_equal(routing_matrix(2, channels, outputs, False), matrix)


@pytest.mark.parametrize(("outputs", "split"), [(2, False), (1, False), (6, True), (3, True)])
def test_at_rest_it_sounds_like_while_gains_move(outputs: int, split: bool) -> None:
    controls = Controls(STEMS)
    controls.set_level("drums", 0.5)
    controls.set_solo("drums", True)
    controls.wet = 0.7
    mixer, stems, dry = settled(controls, outputs, split=split), audio(3, 2, 100), audio(2, 100)
    mixer.master = 0.25
    first = mixed(mixer, stems, dry)  # reads gains frame by frame
    np.testing.assert_allclose(mixed(mixer, stems, dry), first, atol=1e-6)
    present = np.ones(100, np.float32)
    out = np.empty_like(first)
    mixer.mix(stems.copy(), dry, out, present)
    np.testing.assert_allclose(out, first, atol=1e-6)
    mixer.mix(stems.copy(), dry, out, 0.0 * present)
    np.testing.assert_allclose(out.sum(axis=0), 0.25 * (dry.mean(axis=0) * (outputs if not split else outputs / 3)),
                               atol=1e-6)
