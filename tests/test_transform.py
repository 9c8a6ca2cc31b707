"""The transform: the kernels do what numpy does, and numpy does the rest."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep import Separator
from rtsep.kernels import library
from rtsep.kernels.library import SETS, load_kernels
from rtsep.transform import Forward, Inverse

BUILT = [name for name in SETS if load_kernels(name)]
RNG = np.random.default_rng(1)


@pytest.fixture(params=[*BUILT, None], ids=lambda name: name or "numpy")
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Let these kernels be the only ones, or none."""
    monkeypatch.setattr(library, "SETS", [request.param] if request.param else [])
    found: str | None = request.param
    return found


@pytest.mark.parametrize("length", [64, 128, 256, 512, 1024, 2048, 4096, 8192, 48, 1000])
def test_spectra_are_those_of_the_windowed_frames(length: int, kernels: str | None) -> None:
    window = RNG.random(length).astype(np.float32)
    line = RNG.standard_normal((3, 4 * length)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(line, length, axis=1)[:2, ::length // 2].swapaxes(0, 1)
    spectra = np.empty((*frames.shape[:2], length // 2 + 1), np.complex64)
    Forward(window)(frames, spectra)
    wanted = np.fft.rfft(frames.astype(np.float64) * window)
    assert np.abs(spectra - wanted).max() < 5e-7 * np.abs(wanted).max()


@pytest.mark.parametrize("length", [64, 256, 1024, 4096, 48, 1000])
@pytest.mark.parametrize("part", [2, 4])
def test_the_last_frames_come_back(length: int, part: int, kernels: str | None) -> None:
    window = RNG.random(length // part).astype(np.float32)
    spectra = (RNG.standard_normal((4, 3, length // 2 + 1)) + 1j * RNG.standard_normal((4, 3, length // 2 + 1)))
    spectra[..., [0, -1]] = spectra[..., [0, -1]].real
    frames = np.empty((2, 3, length // part), np.float32)
    Inverse(length, window)(spectra.astype(np.complex64)[::2], frames)  # every other hop: not side by side
    wanted = np.fft.irfft(spectra[::2])[..., -len(window):] * window
    assert np.abs(frames - wanted).max() < 5e-7 * np.abs(wanted).max()


def test_one_sample_has_a_flat_spectrum(kernels: str | None) -> None:
    frames = np.zeros((1, 1, 1024), np.float32)
    frames[0, 0, 1] = 1.0
    spectra = np.empty((1, 1, 513), np.complex64)
    Forward(np.ones(1024, np.float32))(frames, spectra)
    np.testing.assert_allclose(spectra[0, 0], np.exp(-2j * np.pi / 1024 * np.arange(513)), atol=1e-6)


def test_a_separator_sounds_the_same_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = 0.1 * RNG.standard_normal((2, 40 * 256)).astype(np.float32)
    with_kernels = Separator("stage", channels=2)
    monkeypatch.setattr(library, "SETS", [])
    without = Separator("stage", channels=2)
    assert without.executor == "ONNX Runtime"
    found, wanted = with_kernels.process(mixture), without.process(mixture)
    assert np.sum(np.square(found - wanted)) < 1e-5 * np.sum(np.square(wanted))
