"""Losses: the banded form equals the full spectrum, each one falls to its least at the truth, and they mix."""

from __future__ import annotations

import math

import pytest
import torch

from rtsep.dsp.windows import PROFILES
from tests.training.tiny import tiny_network
from training.loss.losses import LOSSES, Loss
from training.loss.masked_error import SILENCE, MaskedError
from training.nets.spectra import resynthesise, spectra


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Stems (2, 9, 3, 2, 513), their mixture, and band masks."""
    torch.manual_seed(1)
    stems = torch.randn(2, 9, 3, 2, 513, dtype=torch.complex64)
    stems[0, :, 1] = 0.0
    masks = torch.softmax(3 * torch.randn(2, 9, 3, 48), dim=2)
    return stems, stems.sum(dim=2), masks


def test_quadratic_form_equals_the_full_spectrum() -> None:
    stems, mixture, masks = example()
    spread = tiny_network().spread
    found = MaskedError.of(stems, mixture, spread).negative_snr(masks)
    error = ((masks @ spread)[:, :, :, None] * mixture[:, :, None] - stems).abs().square().sum(dim=(1, 3, 4))
    energy = stems.abs().square().sum(dim=(1, 3, 4))
    floor = SILENCE * mixture.abs().square().sum(dim=(1, 2, 3))[:, None]
    expected = 10 * torch.log10((error + floor) / (energy + floor))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_joined_lanes_equal_the_batch() -> None:
    stems, mixture, masks = example()
    spread = tiny_network().spread
    whole = MaskedError.of(stems, mixture, spread)
    parts = [MaskedError.of(stems[i:i + 1], mixture[i:i + 1], spread) for i in range(2)]
    torch.testing.assert_close(MaskedError.join(parts).negative_snr(masks), whole.negative_snr(masks))


def test_a_silent_stem_asks_for_silence() -> None:
    stems, mixture, masks = example()
    error = MaskedError.of(stems, mixture, tiny_network().spread)
    quiet = masks.clone()
    quiet[0, :, 1] = 0.0
    assert error.negative_snr(quiet)[0, 1] < error.negative_snr(masks)[0, 1]


def bin_loss(shares: dict[str, float], stem_weights: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Loss:
    """Make a loss for a mask a bin."""
    return Loss(shares, stem_weights, torch.eye(513), PROFILES["stage"])


def separable() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Stems (2, 30, 3, 2, 513) that share no bin, their mixture, and the masks that separate them perfectly."""
    torch.manual_seed(2)
    owner = torch.nn.functional.one_hot(torch.randint(3, (2, 30, 513)), 3).movedim(3, 2).float()
    mixture = torch.randn(2, 30, 2, 513, dtype=torch.complex64)
    return owner[:, :, :, None] * mixture[:, :, None], mixture, owner


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_falls_to_its_least_at_the_true_masks(name: str) -> None:
    stems, mixture, perfect = separable()
    loss = bin_loss({name: 1.0})
    truth = loss.truth(stems, mixture)
    values = [float(loss((1 - error) * perfect + error / 3, truth)) for error in (0.0, 0.1, 0.4, 1.0)]
    assert values == sorted(values)
    assert values[0] < values[1] < values[2] < values[3]
    if name.endswith(("mse", "l1")) or name == "multi_resolution":
        assert values[0] == pytest.approx(0.0, abs=1e-5)
    else:  # dB: a floor of SILENCE below a stem with a third of the energy
        assert values[0] == pytest.approx(10 * math.log10(SILENCE / (1 / 3 + SILENCE)), abs=0.3)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_even_for_silence_and_lead_downhill(name: str) -> None:
    stems, mixture, _ = example()
    stems, mixture = stems.clone(), mixture.clone()
    stems[1], mixture[1] = 0.0, 0.0
    loss = Loss({name: 1.0}, (1.0, 0.5, 1.0), tiny_network().spread, PROFILES["stage"])
    truth = loss.truth(stems.repeat(1, 4, 1, 1, 1), mixture.repeat(1, 4, 1, 1))
    logits = torch.randn(2, 36, 3, 48, requires_grad=True)
    before = loss(torch.softmax(logits, dim=2), truth)
    before.backward()
    assert torch.all(torch.isfinite(logits.grad))
    step = 0.01 * logits.grad / logits.grad.norm()
    assert loss(torch.softmax(logits.detach() - step, dim=2), truth) < before


def test_targets_of_spectral_losses_by_hand() -> None:
    stems = torch.zeros(1, 1, 2, 1, 513, dtype=torch.complex64)
    stems[0, 0, :, 0, 7] = torch.tensor([3.0 + 0.0j, 0.0 + 4.0j])  # at a right angle: the mixture has 5
    mixture = stems.sum(dim=2)
    parts = {"magnitude": (3.0, 4.0), "ratio": (15 / 7, 20 / 7), "phase": (9 / 5, 16 / 5)}
    half = torch.full((1, 1, 2, 513), 0.5)
    for target, (first, second) in parts.items():
        for norm, exponent in (("l1", 1), ("mse", 2)):
            loss = bin_loss({f"{target}_{norm}": 1.0}, (1.0, 1.0))
            found = loss(half, loss.truth(stems, mixture))
            expected = (abs(2.5 - first) ** exponent + abs(2.5 - second) ** exponent) / 2 / 5 ** exponent
            assert float(found) == pytest.approx(expected, rel=1e-5), f"{target}_{norm}"


def test_mixtures_weigh_losses_and_stems() -> None:
    stems, mixture, masks = example()
    spread = tiny_network().spread

    def value(shares: dict[str, float], stem_weights: tuple[float, ...]) -> float:
        loss = Loss(shares, stem_weights, spread, PROFILES["stage"])
        return float(loss(masks, loss.truth(stems, mixture)))

    one, other = value({"negative_snr": 1.0}, (1, 2, 0)), value({"phase_l1": 1.0}, (1, 2, 0))
    assert value({"negative_snr": 2.0, "phase_l1": 5.0}, (1, 2, 0)) == pytest.approx(2 * one + 5 * other, rel=1e-5)
    first, second = value({"negative_snr": 1.0}, (1, 0, 0)), value({"negative_snr": 1.0}, (0, 1, 0))
    assert one == pytest.approx((first + 2 * second) / 3, rel=1e-5)


def test_time_domain_snr_equals_the_samples() -> None:
    torch.manual_seed(4)
    geometry = PROFILES["stage"]
    audio = 0.1 * torch.randn(2, 3, geometry.analysis - geometry.hop + 60 * geometry.hop)
    stems = spectra(audio, geometry.analysis, geometry).transpose(1, 2)[:, :, :, None]
    mixture = stems.sum(dim=2)
    loss = bin_loss({"time_snr": 1.0})
    found = loss(torch.full((2, 60, 3, 513), 0.5), loss.truth(stems, mixture))
    inner = audio[:, :, geometry.analysis - geometry.synthesis:][:, :, geometry.hop:-geometry.hop]
    error = (0.5 * inner.sum(dim=1, keepdim=True) - inner).square().sum(dim=2)
    energy, floor = inner.square().sum(dim=2), SILENCE * inner.sum(dim=1, keepdim=True).square().sum(dim=2)
    assert float(found) == pytest.approx(float((10 * torch.log10((error + floor) / (energy + floor))).mean()), abs=0.02)


def test_torch_transform_reconstructs() -> None:
    for geometry in PROFILES.values():
        audio = torch.randn(2, geometry.analysis - geometry.hop + 40 * geometry.hop)
        sound = resynthesise(spectra(audio, geometry.analysis, geometry), geometry)
        begin = geometry.analysis - geometry.synthesis  # where the first synthesis window lies
        inner = slice(geometry.synthesis, sound.shape[1] - geometry.synthesis)
        torch.testing.assert_close(sound[:, inner], audio[:, begin:][:, inner], atol=1e-5, rtol=0)
