"""The loss: its banded form equals the full spectrum, and silence asks for silence."""

from __future__ import annotations

import torch

from rtsep.windows import PROFILES
from tests.conftest import tiny_network
from training.losses import SILENCE, MaskedError
from training.spectra import power_of, resynthesise, spectra


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Stems (2, 9, 3, 513), their mixture, and band masks."""
    torch.manual_seed(1)
    stems = torch.randn(2, 9, 3, 513, dtype=torch.complex64)
    stems[0, :, 1] = 0.0
    masks = torch.softmax(3 * torch.randn(2, 9, 3, 48), dim=2)
    return stems, stems.sum(dim=2), masks


def test_quadratic_form_equals_the_full_spectrum() -> None:
    stems, mixture, masks = example()
    spread = tiny_network().spread
    weights = torch.tensor([1.0, 0.5, 2.0])
    found = MaskedError.of(stems, mixture, power_of(mixture), spread).negative_snr(masks, weights)
    error = ((masks @ spread) * mixture[:, :, None] - stems).abs().square().sum(dim=(1, 3))
    energy, floor = stems.abs().square().sum(dim=(1, 3)), SILENCE * mixture.abs().square().sum(dim=(1, 2))[:, None]
    expected = (10 * torch.log10((error + floor) / (energy + floor)) * weights).sum(dim=1).mean() / weights.sum()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_joined_lanes_equal_the_batch() -> None:
    stems, mixture, masks = example()
    spread = tiny_network().spread
    whole = MaskedError.of(stems, mixture, power_of(mixture), spread)
    parts = [MaskedError.of(stems[i:i + 1], mixture[i:i + 1], power_of(mixture[i:i + 1]), spread) for i in range(2)]
    ones = torch.ones(3)
    torch.testing.assert_close(MaskedError.join(parts).negative_snr(masks, ones), whole.negative_snr(masks, ones))


def test_a_silent_stem_asks_for_silence() -> None:
    stems, mixture, masks = example()
    error = MaskedError.of(stems, mixture, power_of(mixture), tiny_network().spread)
    only_silent = torch.tensor([0.0, 1.0, 0.0])
    quiet = masks.clone()
    quiet[0, :, 1] = 0.0
    assert error.negative_snr(quiet, only_silent) < error.negative_snr(masks, only_silent)


def test_torch_transform_reconstructs() -> None:
    for geometry in PROFILES.values():
        audio = torch.randn(2, geometry.analysis - geometry.hop + 40 * geometry.hop)
        sound = resynthesise(spectra(audio, geometry.analysis, geometry), geometry)
        begin = geometry.analysis - geometry.synthesis  # where the first synthesis window lies
        inner = slice(geometry.synthesis, sound.shape[1] - geometry.synthesis)
        torch.testing.assert_close(sound[:, inner], audio[:, begin:][:, inner], atol=1e-5, rtol=0)
