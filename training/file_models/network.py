"""What all networks for files share: a segment, its loss, and a graph of the file-model format."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.file_models.clip_spectra import clip_spectra, graph_with_top, segment_frames
from training.file_models.convolution import scaled
from training.nets.step_graph import StepGraph


def check_segment(name: str, length: int, overlap: int, halvings: int) -> None:
    """Check that a segment can be halved so often, and shares less than itself with the next one.

    Raises
    ------
    ConfigError
        When it cannot; `name` is the length's in the recipe.
    """
    if length % 2 ** halvings:
        raise ConfigError(f"network: {name}: expected a multiple of {2 ** halvings}, got {length}")
    if overlap >= length:
        raise ConfigError(f"network: an overlap of {overlap} is not shorter than the {length} {name} of a segment")


class FileNetwork(nn.Module):
    """Estimator on whole segments.

    Parameters
    ----------
    geometry
        Transform lengths.
    stems
        Names of the estimated stems.
    segment
        Frames of a segment.
    overlap
        Frames that a segment shares with the next one when whole files are separated.

    Attributes
    ----------
    domain
        What the graph maps, as of the file-model format.
    """

    domain: ClassVar[str]

    def __init__(self, geometry: Geometry, stems: tuple[str, ...], segment: int, overlap: int) -> None:
        super().__init__()
        self.geometry, self.stems, self.segment, self.overlap = geometry, stems, segment, overlap

    def loss(self, stems: Tensor) -> Tensor:
        """Judge the separation of the sum of stems (batch, stems, segment); returns a scalar."""
        raise NotImplementedError

    def file_graph(self) -> StepGraph:
        """Write the separation of one segment, with the present weights and statistics."""
        raise NotImplementedError


class MaskNetwork(FileNetwork):
    """Estimator of a mask per stem for a magnitude spectrogram; the mixture's phase is kept.

    Parameters
    ----------
    geometry, stems
        As of `FileNetwork`.
    hops, overlap_hops
        Spectra of a segment, and how many of them the next one shares.
    """

    domain = "magnitude"

    def __init__(self, geometry: Geometry, stems: tuple[str, ...], hops: int, overlap_hops: int) -> None:
        super().__init__(geometry, stems, segment_frames(hops, geometry), overlap_hops * geometry.hop)
        self.hops = hops

    def all_masks(self, magnitude: Tensor) -> list[Tensor]:
        """Masks that are judged, each (batch, stems, hops, bins), the final ones last; of (batch, hops, bins)."""
        raise NotImplementedError

    def scale(self, magnitude: Tensor) -> Tensor:
        """Level of each spectrogram (batch, hops, bins) that errors are relative to, (batch,)."""
        raise NotImplementedError

    def graph_masks(self, graph: StepGraph, magnitude: str) -> str:
        """Write the masks of one spectrogram (1, hops, bins) without the top bin as nodes."""
        raise NotImplementedError

    def forward(self, magnitude: Tensor) -> Tensor:
        """Masks (batch, stems, hops, bins) for magnitudes (batch, hops, bins)."""
        return self.all_masks(magnitude)[-1]

    def loss(self, stems: Tensor) -> Tensor:
        """Mean absolute error of masked magnitudes, relative to the mixture's level, summed over what is judged."""
        parts = clip_spectra(stems, self.geometry)
        mixture = parts.sum(dim=1).abs()
        errors = [mask * mixture[:, None] - parts.abs() for mask in self.all_masks(mixture)]
        return torch.stack([scaled(error, self.scale(mixture))[0].abs().mean() for error in errors]).sum()

    def file_graph(self) -> StepGraph:
        """Write the masks of one segment, with the present weights and statistics."""
        graph, bins = StepGraph(), self.geometry.bins
        masks = self.graph_masks(graph, graph.input("magnitude", (1, self.hops, bins)))
        graph.output("masks", graph_with_top(graph, masks), (1, len(self.stems), self.hops, bins))
        return graph
