"""Muon moves matrices by orthogonal steps of AdamW's size; AdamW moves the rest."""

from __future__ import annotations

import copy

import torch

from tests.training.tiny import tiny_network
from training.recipes.recipe import OptimiserConfig
from training.run.optimiser import MatrixOptimiser, optimiser_of

RATE = 1e-3


def test_steps_of_matrices_are_orthogonal_and_as_large_as_those_of_adamw() -> None:
    net = tiny_network()
    before = copy.deepcopy(net)
    optimiser = optimiser_of(net, OptimiserConfig(learning_rate=RATE, weight_decay=0.0, muon=True))
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimiser.step()
    for (name, now), old in zip(net.named_parameters(), before.parameters(), strict=True):
        moved = (now - old).detach()
        if now.ndim == 2 and not name.startswith("decoder"):
            sizes = torch.linalg.svdvals(moved)
            assert sizes.max() < 2.0 * sizes.min()
            assert 0.1 * RATE < moved.square().mean().sqrt() < 0.3 * RATE
        else:  # the first step of AdamW has one size everywhere
            assert torch.allclose(moved.abs(), torch.tensor(RATE), rtol=1e-2)


def test_a_recipe_that_does_not_ask_for_muon_gets_adamw() -> None:
    net = tiny_network()
    assert isinstance(optimiser_of(net, OptimiserConfig()), torch.optim.AdamW)
    parts = MatrixOptimiser(net, OptimiserConfig()).parts
    moved = [parameter for part in parts for group in part.param_groups for parameter in group["params"]]
    assert sum(map(torch.numel, moved)) == sum(map(torch.numel, net.parameters()))
