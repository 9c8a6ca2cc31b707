"""The network with a complex mask: what it looks at, what it gives, and where it is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rtsep.dsp.windows import PROFILES
from rtsep.errors import ConfigError
from training.loss.losses import Loss
from training.nets import build
from training.nets.baselines.complex_band_gru import ComplexBandGru, ComplexBandGruConfig
from training.nets.spectra import spectra
from training.recipes.recipe import find_recipe, overridden

GEOMETRY = PROFILES["stage"]
STEMS = ("drums", "guitar", "other")


def network() -> ComplexBandGru:
    """Make a small one with random angles."""
    torch.manual_seed(1)
    net = build(ComplexBandGruConfig(bands=48, linear_bands=16, hidden=24, layers=1), GEOMETRY, STEMS, 44100)
    assert isinstance(net, ComplexBandGru)
    torch.nn.init.normal_(net.angles.weight)
    return net


@pytest.mark.parametrize("offset", [-0.2, 0.0, 0.3])
def test_turns_tell_how_far_a_tone_lies_beside_its_bin(offset: float) -> None:
    net, tone_bin = network(), 10
    phase = 2 * np.pi * (tone_bin + offset) / GEOMETRY.analysis * np.arange(GEOMETRY.analysis + 20 * GEOMETRY.hop)
    audio = torch.from_numpy(np.sin(phase)[None, None]).float()
    observed = net.observe([spectra(audio, GEOMETRY.analysis, GEOMETRY)])
    cosine, sine = observed[0, 5, -4 * 48:-2 * 48].unflatten(0, (2, 48))[:, tone_bin]
    expected = 2 * np.pi * offset * GEOMETRY.hop / GEOMETRY.analysis  # what one hop adds to the advance of the bin
    assert np.arctan2(float(sine), float(cosine)) == pytest.approx(expected, abs=0.03)


def test_sizes_are_the_real_masks_and_angles_turn() -> None:
    net = network()
    observed = net.observe([torch.randn(2, 1, 20, GEOMETRY.bins, dtype=torch.complex64)])
    with torch.no_grad():
        masks, after = net(observed, net.initial_state(2))
        hidden, _ = net.recur(observed, net.initial_state(2))
        torch.testing.assert_close(masks.abs(), net.masks(hidden))
    assert [state.shape for state in after] == [state.shape for state in net.initial_state(2)]
    assert masks.angle().abs().max() > 0.5


def test_it_learns_to_turn_what_is_turned() -> None:
    net = network()
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    torch.manual_seed(2)
    first = torch.randn(1, 40, 1, 1, GEOMETRY.bins, dtype=torch.complex64)
    second = 1j * first  # beside each other at 45 degrees of their sum: a real mask leaves half of each
    stems = torch.cat([first, second, torch.zeros_like(first)], dim=2)
    mixture = stems.sum(dim=2)
    loss = Loss({"time_snr": 1.0}, (1.0, 1.0, 0.0), net.spread, GEOMETRY)
    truth, observed = loss.truth(stems, mixture), net.observe([mixture.transpose(1, 2)])
    for _ in range(60):
        optimiser.zero_grad()
        found = loss(net(observed, net.initial_state(1))[0], truth)
        found.backward()
        optimiser.step()
    real = loss(net(observed, net.initial_state(1))[0].abs(), truth)
    assert real > -4.0
    assert found < -8.0


def test_it_is_for_comparison_only() -> None:
    with pytest.raises(ConfigError, match="step models have real masks; export one of the kind band_gru"):
        network().step_graph()


def test_losses_of_real_masks_are_refused() -> None:
    kind = {"kind": "complex_band_gru"}
    with pytest.raises(ConfigError, match=r"negative_snr judges real masks.*time_snr and multi_resolution"):
        overridden(find_recipe("stage"), {"network": kind}, "here")
    loss = {"time_snr": 1.0}
    assert overridden(find_recipe("stage"), {"network": kind, "loss": loss}, "here").loss == loss
