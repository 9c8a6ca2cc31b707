"""Ramps: in the promised time, never beyond their target, the same in blocks of any size, without zipper noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lib.loads import document_of, without_network
from rtsep import Separator
from rtsep.dsp.ramp import RAMP_MS, Ramp

SAMPLERATE = 44100
GAINS = st.floats(0, 4, width=32, allow_subnormal=False)


def follow(ramp: Ramp, target: float, frames: int) -> np.ndarray:
    return np.broadcast_to(ramp.next(np.array([target], np.float32), frames), (1, frames))[0]


@given(st.lists(st.tuples(GAINS, st.integers(1, 300)), min_size=1, max_size=20))
def test_never_jumps_and_never_overshoots_whatever_the_targets(moves: list[tuple[float, int]]) -> None:
    ramp = Ramp(100, np.zeros(1, np.float32))
    last = 0.0
    highest = max(target for target, _ in moves)
    for target, frames in moves:
        gains = follow(ramp, target, frames)
        assert np.abs(np.diff(gains, prepend=np.float32(last))).max() <= 2.05 * 4.0 / 100
        assert -1e-6 <= gains.min()
        assert gains.max() <= highest + 1e-5
        last = float(gains[-1])
        if frames >= 100:
            assert last == pytest.approx(target, abs=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 99, 100])
def test_arrives_in_the_promised_time_and_not_before(frames: int) -> None:
    gains = follow(Ramp(frames, np.zeros(1, np.float32)), 1.0, frames)
    assert gains[-1] == 1.0
    assert np.all(np.diff(gains) > 0)
    assert frames == 1 or gains[-2] < 1.0


@pytest.mark.parametrize("blocksize", [1, 7, 64, 1000])
def test_blocks_of_any_size_give_the_same_ramp(blocksize: int) -> None:
    whole = follow(Ramp(100, np.zeros(1, np.float32)), 1.0, 1000)
    ramp = Ramp(100, np.zeros(1, np.float32))
    parts = np.concatenate([follow(ramp, 1.0, blocksize) for _ in range(1000 // blocksize)])
    np.testing.assert_allclose(parts, whole[:parts.size], rtol=0, atol=1e-6)


def far_from_the_tone_db(heard: np.ndarray, tone: np.ndarray) -> float:
    """Loudest component farther than 250 Hz from a tone of 3 kHz, against the tone, both one second.

    Within 250 Hz lies the sweep itself, which belongs there. The Kaiser window's side lobes are below -110 dB.
    """
    window = np.kaiser(SAMPLERATE, 16.0)
    spectrum = np.abs(np.fft.rfft(heard * window)) / np.abs(np.fft.rfft(tone * window)).max()
    far = np.abs(np.arange(spectrum.size) - 3000) > 250  # bins are 1 Hz wide
    return float(20 * np.log10(spectrum[far].max()))


def sweep(starts: np.ndarray) -> np.ndarray:
    """Fader at the start of each block: 128 steps within 100 ms, from 0 to 1."""
    return np.clip(np.floor((starts / SAMPLERATE - 0.45) / 0.1 * 128), 0, 127) / 127


@pytest.mark.parametrize("blocksize", [64, 128, 256, 512])
def test_a_full_sweep_of_a_fader_leaves_no_zipper_noise(blocksize: int) -> None:
    ramp = Ramp(round(RAMP_MS / 1e3 * SAMPLERATE), np.zeros(1, np.float32))
    steps = sweep(np.arange(0, SAMPLERATE, blocksize))
    gains = np.concatenate([follow(ramp, step, blocksize) for step in steps])[:SAMPLERATE]
    tone = np.sin(2 * np.pi * 3000.0 * np.arange(SAMPLERATE) / SAMPLERATE)
    assert far_from_the_tone_db(gains * tone, tone) < -80.0


@pytest.mark.parametrize("blocksize", [64, 512])
def test_a_full_sweep_of_the_mask_gain_leaves_no_zipper_noise(tiny_model: Path, blocksize: int, tmp_path: Path) -> None:
    """The model finds every stem equally loud, so that only the gain moves the mask."""
    even = without_network(document_of(tiny_model), tmp_path / "even.onnx")
    separator = Separator(even, 1, stems=("guitar", "rest"))
    starts = np.arange(0, SAMPLERATE, blocksize)
    tone = np.sin(2 * np.pi * 3000.0 * np.arange(starts.size * blocksize) / SAMPLERATE).astype(np.float32)
    heard = []
    for start, gain in zip(starts, 2.0 * sweep(starts), strict=True):
        separator.controls.mask_gain = float(gain)
        heard.append(separator.process(tone[np.newaxis, start:start + blocksize])[0, 0])
    guitar = np.concatenate(heard)[:SAMPLERATE]
    assert guitar[2000:8000].max() > 0.99  # all of the tone before the sweep
    assert guitar[-8000:].max() < 0.3  # a fifth of it after
    assert far_from_the_tone_db(guitar, tone[:SAMPLERATE]) < -80.0
