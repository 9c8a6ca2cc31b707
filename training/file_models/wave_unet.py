"""Wave-U-Net: a one-dimensional U-Net from waveform to waveforms (Stoller, Ewert and Dixon, ISMIR 2018).

The variant M2 of its paper: convolutions keep the length, up-sampling is linear, and the last source is
the mixture without the others. Segments are divided by their peak, so that level does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from rtsep.dsp.windows import Geometry
from training.file_models.convolution import TINY, graph_conv, graph_doubled, scaled
from training.file_models.network import FileNetwork, check_segment
from training.nets.network import Layers
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Count, Depth, Length, Width

SLOPE = 0.2  # of the leaky ReLU below zero


@dataclass(frozen=True)
class WaveUnetConfig:
    """Sizes of a `WaveUnet`; the defaults are the paper's.

    Parameters
    ----------
    levels
        Times that the signal is halved.
    filters
        Channels that each level adds.
    down_size, up_size
        Frames of the filters on the way down and up.
    segment
        Frames of a segment, a multiple of two to the power of `levels`.
    overlap
        Frames that a segment shares with the next one when whole files are separated.
    """

    kind: str = "wave_unet"
    levels: Depth = 12
    filters: Width = 24
    down_size: Width = 15
    up_size: Width = 5
    segment: Length = 16384
    overlap: Count = 4096

    def __post_init__(self) -> None:
        check_segment("segment", self.segment, self.overlap, self.levels)


class WaveUnet(FileNetwork):
    """Estimator of the waveforms of all stems, whose sum is the mixture; the last one is what the others leave."""

    domain = "waveform"

    def __init__(self, config: WaveUnetConfig, geometry: Geometry, stems: tuple[str, ...]) -> None:
        super().__init__(geometry, stems, config.segment, config.overlap)
        widths = [config.filters * (level + 1) for level in range(config.levels + 1)]
        self.down = Layers[nn.Conv1d](_conv(before, after, config.down_size)
                                      for before, after in zip([1, *widths[:-1]], widths, strict=True))
        self.up = Layers[nn.Conv1d](_conv(below + width, width, config.up_size)
                                    for below, width in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.output = nn.Conv1d(config.filters + 1, len(stems) - 1, 1)

    def forward(self, mixture: Tensor) -> Tensor:
        """Separate segments (batch, segment) into (batch, stems, segment)."""
        whole, scale = scaled(mixture[:, None], mixture.abs().amax(dim=1))
        value, skips = whole, []
        *upper, lowest = self.down
        for layer in upper:
            value = leaky_relu(layer(value), SLOPE)
            skips.append(value)
            value = value[:, :, ::2]
        value = leaky_relu(lowest(value), SLOPE)
        for layer in self.up:
            value = leaky_relu(layer(torch.cat([skips.pop(), doubled(value)], dim=1)), SLOPE)
        parts = torch.tanh(self.output(torch.cat([whole, value], dim=1)))
        return scale * torch.cat([parts, whole - parts.sum(dim=1, keepdim=True)], dim=1)

    def loss(self, stems: Tensor) -> Tensor:
        """Mean squared error of waveforms, stems (batch, stems, segment), relative to the mixture's peak."""
        mixture = stems.sum(dim=1)
        error, _ = scaled(self(mixture) - stems, mixture.abs().amax(dim=1))
        return error.square().mean()

    def file_graph(self) -> StepGraph:
        """Write the separation of one segment, with the present weights."""
        graph, shape = StepGraph(), (1, len(self.stems), self.segment)
        mixture = graph.input("mixture", (1, self.segment))
        peak = graph.node("Add", graph.node("ReduceMax", graph.node("Abs", mixture)), graph.constant(TINY))
        whole = value = graph.reshape(graph.node("Div", mixture, peak), (1, 1, self.segment))
        skips = []
        *upper, lowest = self.down
        for layer in upper:
            value = _graph_block(graph, value, layer)
            skips.append(value)
            value = graph.node("MaxPool", value, kernel_shape=[1], strides=[2])  # every other frame
        value = _graph_block(graph, value, lowest)
        for layer in self.up:
            joined = graph.node("Concat", skips.pop(), graph_doubled(graph, value, 1, "linear"), axis=1)
            value = _graph_block(graph, joined, layer)
        parts = graph.node("Tanh", graph_conv(graph, graph.node("Concat", whole, value, axis=1), self.output))
        rest = graph.node("Sub", whole, graph.node("ReduceSum", parts, graph.integers(1)))
        estimates = graph.node("Mul", graph.node("Concat", parts, rest, axis=1), graph.reshape(peak, (1, 1, 1)))
        graph.output("estimates", estimates, shape)
        return graph


def doubled(value: Tensor) -> Tensor:
    """Put the mean of its neighbours after each frame, (..., frames) to (..., 2 frames); the last one is repeated."""
    following = torch.cat([value[..., 1:], value[..., -1:]], dim=-1)
    return torch.stack([value, 0.5 * (value + following)], dim=-1).flatten(-2)


def _conv(before: int, after: int, size: int) -> nn.Conv1d:
    return nn.Conv1d(before, after, size, padding=size // 2)


def _graph_block(graph: StepGraph, value: str, layer: nn.Conv1d) -> str:
    return graph.node("LeakyRelu", graph_conv(graph, value, layer), alpha=SLOPE)
