"""SH-4stack: four stacked hourglasses on the magnitude spectrogram (Park, Kim, Lee and Kwak, ISMIR 2018).

Each stack emits a mask per stem and is supervised; the next one sees the features and the masks of the
one before. Masks are linear: nothing bounds them or makes them sum to one. The magnitude is divided by
its largest value in the segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from rtsep.dsp.windows import Geometry
from training.file_models.clip_spectra import graph_without_top, with_top, without_top
from training.file_models.convolution import TINY, graph_conv, graph_doubled, scaled
from training.file_models.network import MaskNetwork, check_segment
from training.nets.network import Layers
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Count, Depth, Width


@dataclass(frozen=True)
class HourglassConfig:
    """Sizes of a `StackedHourglass`; the defaults are the paper's.

    Parameters
    ----------
    stacks, depth
        Hourglasses, and times that each halves time and frequency.
    features
        Channels inside the hourglasses; the entry has a quarter and a half of them.
    hops
        Spectra of a segment, a multiple of two to the power of `depth`.
    overlap_hops
        Hops that a segment shares with the next one when whole files are separated.
    """

    kind: str = "hourglass"
    stacks: Depth = 4
    depth: Depth = 4
    features: Width = 256
    hops: Width = 64
    overlap_hops: Count = 16

    def __post_init__(self) -> None:
        check_segment("hops", self.hops, self.overlap_hops, self.depth)


class StackedHourglass(MaskNetwork):
    """Estimator of a mask per stem, which judges the masks of every hourglass."""

    def __init__(self, config: HourglassConfig, geometry: Geometry, stems: tuple[str, ...]) -> None:
        super().__init__(geometry, stems, config.hops, config.overlap_hops)
        width, half = config.features, config.features // 2
        self.entry = Layers[nn.Conv2d]([_conv(1, width // 4, 7), _conv(width // 4, half, 3), _conv(half, half, 3),
                                        _conv(half, half, 3), _conv(half, width, 3)])
        self.stacks = Layers[_Stack](_Stack(width, config.depth, len(stems), last=index == config.stacks - 1)
                                     for index in range(config.stacks))

    def all_masks(self, magnitude: Tensor) -> list[Tensor]:
        """Masks of every stack, each (batch, stems, hops, bins), for magnitudes (batch, hops, bins)."""
        value, _ = scaled(without_top(magnitude)[:, None], self.scale(magnitude))
        for layer in self.entry:
            value = torch.relu(layer(value))
        masks = []
        for stack in self.stacks:
            value, mask = stack(value)
            masks.append(with_top(mask))
        return masks

    def scale(self, magnitude: Tensor) -> Tensor:
        """Loudest bin."""
        return magnitude.amax(dim=(1, 2))

    def graph_masks(self, graph: StepGraph, magnitude: str) -> str:
        """Write the masks of the last stack as nodes."""
        largest = graph.node("Add", graph.node("ReduceMax", magnitude), graph.constant(TINY))
        value = graph_without_top(graph, graph.node("Div", magnitude, largest))
        value, mask = graph.reshape(value, (1, 1, self.hops, self.geometry.bins - 1)), ""
        for layer in self.entry:
            value = graph.node("Relu", graph_conv(graph, value, layer))
        for stack in self.stacks:
            value, mask = stack.graph(graph, value)
        return mask


class _Stack(nn.Module):
    """One hourglass, its masks, and what the next one sees (the last one: nothing new)."""

    def __init__(self, width: int, depth: int, stems: int, last: bool) -> None:
        super().__init__()
        self.hourglass = _Hourglass(width, depth)
        self.smooth, self.mix, self.mask = _conv(width, width, 3), _conv(width, width, 1), _conv(width, stems, 1)
        self.onward = Layers[nn.Conv2d]([] if last else [_conv(width, width, 1), _conv(stems, width, 1)])

    def forward(self, value: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.relu(self.mix(torch.relu(self.smooth(self.hourglass(value)))))
        mask = self.mask(features)
        for layer, new in zip(self.onward, (features, mask), strict=False):
            value = value + layer(new)
        return value, mask

    def graph(self, graph: StepGraph, value: str) -> tuple[str, str]:
        features = graph.node("Relu", graph_conv(graph, self.hourglass.graph(graph, value), self.smooth))
        features = graph.node("Relu", graph_conv(graph, features, self.mix))
        mask = graph_conv(graph, features, self.mask)
        for layer, new in zip(self.onward, (features, mask), strict=False):
            value = graph.node("Add", value, graph_conv(graph, new, layer))
        return value, mask


class _Hourglass(nn.Module):
    """Features at this scale plus, up-sampled, those at all coarser scales."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.here, self.enter, self.leave = (_conv(width, width, 3) for _ in range(3))
        self.below = _Hourglass(width, depth - 1) if depth > 1 else _conv(width, width, 3)

    def forward(self, value: Tensor) -> Tensor:
        low = torch.relu(self.enter(max_pool2d(value, 2)))
        low = self.below(low) if isinstance(self.below, _Hourglass) else torch.relu(self.below(low))
        return torch.relu(self.here(value)) + interpolate(torch.relu(self.leave(low)), scale_factor=2.0)

    def graph(self, graph: StepGraph, value: str) -> str:
        low = graph.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
        low = graph.node("Relu", graph_conv(graph, low, self.enter))
        low = self.below.graph(graph, low) if isinstance(self.below, _Hourglass) else (
            graph.node("Relu", graph_conv(graph, low, self.below)))
        low = graph_doubled(graph, graph.node("Relu", graph_conv(graph, low, self.leave)), 2, "nearest")
        return graph.node("Add", graph.node("Relu", graph_conv(graph, value, self.here)), low)


def _conv(before: int, after: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, size, padding=size // 2)
