"""The article's U-Net: a mask in 0..1 per stem for the magnitude spectrogram of three seconds.

An encoder of convolution blocks with down-sampling, a decoder with skip connections; the mixture's phase
is kept. The article gives no sizes; these are small enough for a CPU. Magnitudes are divided by their
mean and compressed, so that level does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from rtsep.dsp.windows import Geometry
from training.file_models.clip_spectra import graph_without_top, with_top, without_top
from training.file_models.convolution import TINY, graph_conv, graph_norm, graph_transposed, scaled
from training.file_models.network import MaskNetwork, check_segment
from training.nets.network import Layers
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Count, Depth, Width


@dataclass(frozen=True)
class UnetConfig:
    """Sizes of a `Unet`.

    Parameters
    ----------
    filters
        Channels of the first block; each one below has twice as many.
    depth
        Times that time and frequency are halved.
    hops
        Spectra of a segment, a multiple of two to the power of `depth`: 256 are 2.96 s.
    overlap_hops
        Hops that a segment shares with the next one when whole files are separated.
    """

    kind: str = "unet"
    filters: Width = 16
    depth: Depth = 4
    hops: Width = 256
    overlap_hops: Count = 64

    def __post_init__(self) -> None:
        check_segment("hops", self.hops, self.overlap_hops, self.depth)


class Unet(MaskNetwork):
    """Estimator of a mask in 0..1 per stem."""

    def __init__(self, config: UnetConfig, geometry: Geometry, stems: tuple[str, ...]) -> None:
        super().__init__(geometry, stems, config.hops, config.overlap_hops)
        widths = [config.filters * 2**level for level in range(config.depth + 1)]
        self.down = Layers[_Block](_Block(before, after)
                                   for before, after in zip([1, *widths[:-1]], widths, strict=True))
        rising = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.rise = Layers[nn.ConvTranspose2d](nn.ConvTranspose2d(below, width, 2, stride=2) for below, width in rising)
        self.up = Layers[_Block](_Block(2 * width, width) for _, width in rising)
        self.output = nn.Conv2d(config.filters, len(stems), 1)

    def all_masks(self, magnitude: Tensor) -> list[Tensor]:
        """Masks of the only decoder."""
        value = without_top(torch.log1p(scaled(magnitude, self.scale(magnitude))[0]))[:, None]
        *upper, lowest = self.down
        skips = []
        for block in upper:
            value = block(value)
            skips.append(value)
            value = max_pool2d(value, 2)
        value = lowest(value)
        for rise, block in zip(self.rise, self.up, strict=True):
            value = block(torch.cat([skips.pop(), rise(value)], dim=1))
        return [with_top(torch.sigmoid(self.output(value)))]

    def scale(self, magnitude: Tensor) -> Tensor:
        """Mean over hops and bins."""
        return magnitude.mean(dim=(1, 2))

    def graph_masks(self, graph: StepGraph, magnitude: str) -> str:
        """Write the masks as nodes."""
        mean = graph.node("Add", graph.node("ReduceMean", magnitude), graph.constant(TINY))
        value = graph.node("Log", graph.node("Add", graph.node("Div", magnitude, mean), graph.constant(1.0)))
        value = graph.reshape(graph_without_top(graph, value), (1, 1, self.hops, self.geometry.bins - 1))
        *upper, lowest = self.down
        skips = []
        for block in upper:
            value = block.graph(graph, value)
            skips.append(value)
            value = graph.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
        value = lowest.graph(graph, value)
        for rise, block in zip(self.rise, self.up, strict=True):
            joined = graph.node("Concat", skips.pop(), graph_transposed(graph, value, rise), axis=1)
            value = block.graph(graph, joined)
        return graph.node("Sigmoid", graph_conv(graph, value, self.output))


class _Block(nn.Module):
    """Two convolutions of 3 x 3, each normalised over the batch."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convs = Layers[nn.Conv2d](nn.Conv2d(size, after, 3, padding=1) for size in (before, after))
        self.norms = Layers[nn.BatchNorm2d](nn.BatchNorm2d(after) for _ in range(2))

    def forward(self, value: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            value = torch.relu(norm(conv(value)))
        return value

    def graph(self, graph: StepGraph, value: str) -> str:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            value = graph.node("Relu", graph_norm(graph, graph_conv(graph, value, conv), norm))
        return value
