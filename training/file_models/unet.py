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
from training.export.step_graph import StepGraph
from training.file_models.clip_spectra import (
    clip_spectra,
    graph_with_top,
    graph_without_top,
    segment_frames,
    with_top,
    without_top,
)
from training.file_models.convolution import TINY, graph_conv, graph_norm, graph_transposed, scaled


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
    filters: int = 16
    depth: int = 4
    hops: int = 256
    overlap_hops: int = 64


class Unet(nn.Module):
    """Estimator of a mask per stem.

    Parameters
    ----------
    config
        Sizes.
    geometry
        Transform lengths.
    stems
        Names of the estimated stems.
    """

    domain = "magnitude"

    def __init__(self, config: UnetConfig, geometry: Geometry, stems: tuple[str, ...]) -> None:
        super().__init__()
        self.config, self.geometry, self.stems = config, geometry, stems
        self.segment = segment_frames(config.hops, geometry)
        widths = [config.filters * 2**level for level in range(config.depth + 1)]
        self.down = nn.ModuleList(_Block(before, after)
                                  for before, after in zip([1, *widths[:-1]], widths, strict=True))
        rising = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.rise = nn.ModuleList(nn.ConvTranspose2d(below, width, 2, stride=2) for below, width in rising)
        self.up = nn.ModuleList(_Block(2 * width, width) for _, width in rising)
        self.output = nn.Conv2d(config.filters, len(stems), 1)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Masks in 0..1, (batch, stems, hops, bins), for magnitudes (batch, hops, bins)."""
        value = without_top(torch.log1p(scaled(magnitude, magnitude.mean(dim=(1, 2)))[0]))[:, None]
        skips = []
        for block in self.down[:-1]:
            value = block(value)
            skips.append(value)
            value = max_pool2d(value, 2)
        value = self.down[-1](value)
        for rise, block in zip(self.rise, self.up, strict=True):
            value = block(torch.cat([skips.pop(), rise(value)], dim=1))
        return with_top(torch.sigmoid(self.output(value)))

    def loss(self, stems: Tensor) -> Tensor:
        """Mean absolute error of masked magnitudes, relative to the mixture's mean."""
        parts = clip_spectra(stems, self.geometry)
        mixture = parts.sum(dim=1).abs()
        error = self(mixture) * mixture[:, None] - parts.abs()
        return scaled(error, mixture.mean(dim=(1, 2)))[0].abs().mean()

    def file_graph(self) -> StepGraph:
        """Write the masks of one segment, with the present weights and statistics."""
        graph, hops, bins = StepGraph(), self.config.hops, self.geometry.bins
        magnitude = graph.input("magnitude", (1, hops, bins))
        mean = graph.node("Add", graph.node("ReduceMean", magnitude), graph.constant(TINY))
        value = graph.node("Log", graph.node("Add", graph.node("Div", magnitude, mean), graph.constant(1.0)))
        value, skips = graph.reshape(graph_without_top(graph, value), (1, 1, hops, bins - 1)), []
        for block in self.down[:-1]:
            value = block.graph(graph, value)
            skips.append(value)
            value = graph.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
        value = self.down[-1].graph(graph, value)
        for rise, block in zip(self.rise, self.up, strict=True):
            joined = graph.node("Concat", skips.pop(), graph_transposed(graph, value, rise), axis=1)
            value = block.graph(graph, joined)
        masks = graph.node("Sigmoid", graph_conv(graph, value, self.output))
        graph.output("masks", graph_with_top(graph, masks), (1, len(self.stems), hops, bins))
        return graph


class _Block(nn.Module):
    """Two convolutions of 3 x 3, each normalised over the batch."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(size, after, 3, padding=1) for size in (before, after))
        self.norms = nn.ModuleList(nn.BatchNorm2d(after) for _ in range(2))

    def forward(self, value: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            value = torch.relu(norm(conv(value)))
        return value

    def graph(self, graph: StepGraph, value: str) -> str:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            value = graph.node("Relu", graph_norm(graph, graph_conv(graph, value, conv), norm))
        return value
