"""How gradients move weights: by AdamW alone, or the matrices by Muon."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from training.recipes.recipe import OptimiserConfig

BETAS = (0.9, 0.98)
LAST = "decoder"
"""Layer whose matrix AdamW moves in any case: its rows are stems and bands, each for itself."""


class MatrixOptimiser:
    """Muon for the matrices of a network, AdamW for its last layer and everything that is no matrix.

    Muon makes each step of a matrix orthogonal: K. Jordan et al., "Muon: an optimizer for hidden layers in neural
    networks", 2024. Its steps are brought to the size of AdamW's, so that one learning rate serves both: J. Liu et al.,
    "Muon is scalable for LLM training", 2025.

    Parameters
    ----------
    net
        What is trained.
    config
        Peak of the learning rate, and the weight decay.
    """

    def __init__(self, net: nn.Module, config: OptimiserConfig) -> None:
        named = [(parameter.ndim == 2 and not name.startswith(LAST), parameter)
                 for name, parameter in net.named_parameters()]
        self.parts = (torch.optim.Muon([parameter for matrix, parameter in named if matrix], config.learning_rate,
                                       config.weight_decay, adjust_lr_fn="match_rms_adamw"),
                      _adamw([parameter for matrix, parameter in named if not matrix], config))

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups of both, as of every optimiser of torch."""
        return [group for part in self.parts for group in part.param_groups]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for part in self.parts:
            part.zero_grad()

    def step(self) -> None:
        """Move the weights by their gradients."""
        for part in self.parts:
            part.step()  # type: ignore[no-untyped-call]

    def state_dict(self) -> dict[str, Any]:
        """All that going on depends on."""
        return {str(index): part.state_dict() for index, part in enumerate(self.parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        for index, part in enumerate(self.parts):
            part.load_state_dict(state[str(index)])


def optimiser_of(net: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer | MatrixOptimiser:
    """Make the optimiser that a recipe asks for."""
    return MatrixOptimiser(net, config) if config.muon else _adamw(net.parameters(), config)


def _adamw(parameters: Any, config: OptimiserConfig) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameters, config.learning_rate, BETAS, weight_decay=config.weight_decay)
