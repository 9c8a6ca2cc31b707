"""Streaming transform: perfect reconstruction, causality, context windows, reset."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rtsep.stft import Analysis, Synthesis
from rtsep.windows import PROFILES, Geometry, analysis_window


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
