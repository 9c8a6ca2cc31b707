"""The simple RNN that the paper compares with: plain recurrent cells in the place of its GRUs, 1 x 1000."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.nets.gru import Recurrent
from training.nets.paper_gru import PaperGru, PaperGruConfig
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Depth


@dataclass(frozen=True)
class SimpleRnnConfig(PaperGruConfig):
    """Sizes of a `SimpleRnn`; the defaults are the paper's."""

    kind: str = "simple_rnn"
    layers: Depth = 1


class Plain(Recurrent):
    """One layer of plain cells, h(t) = tanh(W x(t) + U h(t-1) + b).

    Parameters
    ----------
    inputs, hidden
        Sizes.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input, self.recurrent = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)
        nn.init.orthogonal_(self.recurrent.weight)  # else a plain cell forgets within a few hops
        nn.init.zeros_(self.recurrent.bias)

    def run(self, sequence: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Run as of `Recurrent`."""
        states = []
        for projected in self.input(sequence).float().unbind(dim=1):
            state = torch.tanh(projected + self.recurrent(state).float())
            states.append(state)
        return torch.stack(states, dim=1), state

    def graph(self, graph: StepGraph, value: str) -> str:
        """Write the layer as of `Recurrent`."""
        size = self.recurrent.out_features
        state = graph.state(size)
        total = graph.node("Add", graph.torch_linear(value, self.input), graph.torch_linear(state, self.recurrent))
        after = graph.node("Tanh", total)
        graph.next_state(state, after, size)
        return after


class SimpleRnn(PaperGru):
    """Estimator of the magnitudes of a requested stem and of the rest, with plain cells."""

    def make_layer(self, inputs: int, hidden: int) -> Recurrent:
        """Make one recurrent layer."""
        return Plain(inputs, hidden)
