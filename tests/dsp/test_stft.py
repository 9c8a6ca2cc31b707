"""Streaming transform: perfect reconstruction, causality, context windows, reset."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rtsep.dsp.stft import Analysis, History, Synthesis
from rtsep.dsp.windows import PROFILES, Geometry, analysis_window


def stream(audio: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Transform and invert hop by hop."""
    analysis, synthesis = Analysis(geometry, audio.shape[0]), Synthesis(geometry, (audio.shape[0],))
    hops = np.split(audio, audio.shape[1] // geometry.hop, axis=1)
    return np.concatenate([synthesis.push(analysis.push(hop)[0]) for hop in hops], axis=1)


@pytest.mark.parametrize("geometry", PROFILES.values(), ids=PROFILES.keys())
@pytest.mark.parametrize("channels", [1, 2])
def test_unmasked_stream_is_the_input_delayed(geometry: Geometry, channels: int) -> None:
    audio = np.random.default_rng(1).standard_normal((channels, 64 * geometry.hop)).astype(np.float32)
    out = stream(audio, geometry)
    delay = geometry.synthesis - geometry.hop
    np.testing.assert_allclose(out[:, delay:], audio[:, :-delay], atol=2e-6)


def test_spectrum_equals_the_windowed_transform() -> None:
    geometry = PROFILES["stage"]
    audio = np.random.default_rng(2).standard_normal((1, 4096)).astype(np.float32)
    analysis = Analysis(geometry, 1, contexts=(4096,))
    for hop in np.split(audio, 16, axis=1):
        spectra, contexts = analysis.push(hop)
    expected = np.fft.rfft(audio[0, -1024:].astype(np.float64) * analysis_window(1024, 512))
    np.testing.assert_allclose(spectra[0, 0], expected, atol=1e-4)
    context = np.abs(np.fft.rfft(audio[0].astype(np.float64) * analysis_window(4096, 512)))
    np.testing.assert_allclose(contexts[0][0], context, atol=1e-3)


def test_later_samples_never_change_earlier_output() -> None:
    geometry = PROFILES["ultra"]
    rng = np.random.default_rng(3)
    audio = rng.standard_normal((1, 40 * geometry.hop)).astype(np.float32)
    changed = audio.copy()
    changed[:, 30 * geometry.hop:] += rng.standard_normal((1, 10 * geometry.hop)).astype(np.float32)
    same = 30 * geometry.hop
    np.testing.assert_array_equal(stream(audio, geometry)[:, :same], stream(changed, geometry)[:, :same])


def test_reset_forgets() -> None:
    geometry = PROFILES["stage"]
    analysis, synthesis = Analysis(geometry, 1, (2048,)), Synthesis(geometry, (1,))
    synthesis.push(analysis.push(np.ones((1, geometry.hop), np.float32))[0])
    analysis.reset()
    synthesis.reset()
    spectra, contexts = analysis.push(np.zeros((1, geometry.hop), np.float32))
    assert not np.any(synthesis.push(spectra))
    assert not np.any(contexts[0])


def test_many_hops_at_once_equal_one_after_the_other() -> None:
    geometry = PROFILES["stage"]
    audio = np.random.default_rng(4).standard_normal((2, 24 * geometry.hop)).astype(np.float32)
    analysis, synthesis = Analysis(geometry, 2, (2048,)), Synthesis(geometry, (2,))
    parts = np.split(audio, [geometry.hop * 5, geometry.hop * 12], axis=1)
    pieces = [synthesis.push(analysis.push(part)[0]) for part in parts]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), stream(audio, geometry), atol=1e-6)


@pytest.mark.parametrize("hops", [[1] * 200, [31, 3, 40, 1, 33, 2], [100]])
def test_a_history_holds_the_newest_samples_wherever_its_end_is(hops: list[int]) -> None:
    hop, length = 4, 24
    audio = np.arange(2 * hop * sum(hops), dtype=np.float32).reshape(2, -1)
    padded = np.concatenate([np.zeros((2, length), np.float32), audio], axis=1)
    rows = np.concatenate([padded, padded.mean(axis=0, keepdims=True)])
    history, end = History(2, length, hop), length
    for count in hops:
        stretches = history.push(padded[:, end:end + count * hop])
        for stretch in stretches:
            end += hop
            np.testing.assert_array_equal(stretch, rows[:, end - length:end])
    history.reset()
    assert not np.any(history.push(np.zeros((2, hop), np.float32)))


@pytest.mark.parametrize("parts", [2, 4])
def test_windows_that_overlap_more_than_twice(parts: int) -> None:
    geometry = Geometry(1024, 128 * parts, 128)
    audio = np.random.default_rng(5).standard_normal((1, 64 * 128)).astype(np.float32)
    delay = geometry.synthesis - geometry.hop
    np.testing.assert_allclose(stream(audio, geometry)[:, delay:], audio[:, :-delay], atol=2e-6)
    analysis, synthesis = Analysis(geometry, 1), Synthesis(geometry, (1,))
    parts_of = [synthesis.push(analysis.push(part)[0]) for part in np.split(audio, [128, 9 * 128, 11 * 128], axis=1)]
    np.testing.assert_allclose(np.concatenate(parts_of, axis=1), stream(audio, geometry), atol=1e-6)
