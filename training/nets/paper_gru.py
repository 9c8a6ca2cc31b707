"""The paper's network: stacked GRU layers from magnitude to two magnitudes, the mask a layer of the network.

The paper resets the state before the matrix product; these cells reset after it, as PyTorch and cuDNN
do. The magnitude is divided by its running level and the estimates are multiplied by it, so that the
network works at any input level.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rtsep.dsp.windows import Geometry
from training.nets.gru import Gru, Recurrent
from training.nets.level import graph_level, running_level
from training.nets.network import Layers, Network, State
from training.nets.spectra import mid_of, power_of
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Depth, Seconds, Width

TINY = 1e-8  # keeps the mask of two zero estimates finite


@dataclass(frozen=True)
class PaperGruConfig:
    """Sizes of a `PaperGru`: 3 x 1000 in the paper, also 3 x 500, 4 x 500 and 1 x 1000."""

    kind: str = "paper_gru"
    hidden: Width = 1000
    layers: Depth = 3
    level_seconds: Seconds = 1.5

    @property
    def contexts(self) -> tuple[int, ...]:
        """None: only the masked window is looked at."""
        return ()


class PaperGru(Network):
    """Estimator of the magnitudes of a requested stem and of the rest; arguments as of `Network`."""

    def __init__(self, config: PaperGruConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> None:
        super().__init__(config, geometry, stems, samplerate)
        self.register_buffer("spread", torch.eye(geometry.bins), persistent=False)
        self.layers = Layers[Recurrent](self.make_layer(config.hidden if index else geometry.bins, config.hidden)
                                        for index in range(config.layers))
        self.output = nn.Linear(config.hidden, len(stems) * geometry.bins)

    def make_layer(self, inputs: int, hidden: int) -> Recurrent:
        """Make one recurrent layer."""
        return Gru(inputs, hidden)

    def observe(self, spectra: list[Tensor]) -> Tensor:
        """Put mean power and magnitudes of the mid signal side by side, (batch, time, 1 + bins)."""
        power = power_of(mid_of(spectra[0]))
        return torch.cat([power.mean(dim=2, keepdim=True), power.sqrt()], dim=2)

    def forward(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Estimate masks, the joint mask of the paper at gain 1; every bin is a band."""
        with torch.no_grad(), torch.autocast(observed.device.type, enabled=False):
            reference, level = running_level(observed[..., 0], state[0], self.decay)
            hidden = observed[..., 1:] / reference.sqrt()
        after = [level]
        for layer, before in zip(self.layers, state[1:], strict=True):
            hidden, last = layer.run(hidden, before)
            after.append(last)
        estimates = torch.relu(self.output(hidden).float()).unflatten(2, (len(self.stems), -1)) + TINY
        return estimates / estimates.sum(dim=2, keepdim=True), after

    def step_graph(self, kind: type[StepGraph] = StepGraph) -> StepGraph:
        """Write one hop of this network, with its present weights, as a step graph."""
        graph, shape = kind(), (1, len(self.stems), self.geometry.bins)
        magnitude = graph.input("magnitude", (1, self.geometry.bins))
        scale = graph.node("Sqrt", graph_level(graph, graph.node("Mul", magnitude, magnitude), self.decay))
        hidden = graph.node("Div", magnitude, scale)
        for layer in self.layers:
            hidden = layer.graph(graph, hidden)
        estimates = graph.node("Add", graph.node("Relu", graph.torch_linear(hidden, self.output)), graph.constant(TINY))
        graph.output("estimates", graph.reshape(graph.node("Mul", estimates, scale), shape), shape)
        return graph
