"""Windows: their product overlap-adds to one, and bad lengths are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsep.dsp.windows import PROFILES, Geometry, analysis_window, synthesis_window
from rtsep.errors import ConfigError


def overlap_sum(geometry: Geometry) -> np.ndarray:
    """Sum the window products of all frames that cover one hop, in float64."""
    analysis = analysis_window(geometry.analysis, geometry.synthesis)[-geometry.synthesis:].astype(np.float64)
    product = analysis * synthesis_window(geometry)
    return product.reshape(-1, geometry.hop).sum(axis=0)


@pytest.mark.parametrize("geometry", PROFILES.values(), ids=PROFILES.keys())
def test_profiles_overlap_add_to_one(geometry: Geometry) -> None:
    np.testing.assert_allclose(overlap_sum(geometry), 1.0, atol=1e-6)


@given(hop=st.integers(1, 300), overlaps=st.integers(1, 4), extra=st.integers(0, 700))
def test_any_geometry_overlap_adds_to_one(hop: int, overlaps: int, extra: int) -> None:
    synthesis = 2 * overlaps * hop
    np.testing.assert_allclose(overlap_sum(Geometry(synthesis + 2 * extra, synthesis, hop)), 1.0, atol=1e-5)


def test_paper_profile_is_the_root_hann_pair() -> None:
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    np.testing.assert_allclose(analysis_window(1024, 1024) ** 2, hann, atol=1e-6)
    np.testing.assert_allclose(synthesis_window(PROFILES["paper"]) ** 2, hann, atol=1e-6)


def test_latencies_are_the_published_ones() -> None:
    assert [round(1000 * g.latency / 44100, 1) for g in PROFILES.values()] == [23.2, 11.6, 5.8, 92.9]


@pytest.mark.parametrize("lengths", [(1024, 512, 200), (1024, 512, 512), (256, 512, 128), (1023, 512, 256), (8, 0, 0)])
def test_lengths_that_cannot_add_up_are_refused(lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match=r"must be"):
        Geometry(*lengths)
