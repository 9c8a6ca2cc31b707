"""Spectra of whole segments, as the runtime makes them for models that need a file."""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.dsp.windows import Geometry
from training.nets.spectra import spectra
from training.nets.step_graph import StepGraph


def segment_frames(hops: int, geometry: Geometry) -> int:
    """Frames of a segment that `hops` spectra cover without a gap at either end."""
    return hops * geometry.hop - (geometry.synthesis - geometry.hop)


def clip_spectra(audio: Tensor, geometry: Geometry) -> Tensor:
    """Complex spectra (..., hops, bins) of segments (..., frames) with silence on both sides."""
    padded = torch.nn.functional.pad(audio, (geometry.analysis - geometry.hop, geometry.synthesis - geometry.hop))
    return spectra(padded, geometry.analysis, geometry)


def without_top(magnitude: Tensor) -> Tensor:
    """Take off the bin at half the sample rate: a power of two of bins is left."""
    return magnitude[..., :-1]


def with_top(masks: Tensor) -> Tensor:
    """Mask the bin at half the sample rate like the one below."""
    return torch.cat([masks, masks[..., -1:]], dim=-1)


def graph_without_top(graph: StepGraph, value: str) -> str:
    """`without_top` as a node."""
    return graph.node("Slice", value, graph.integers(0), graph.integers(-1), graph.integers(-1))


def graph_with_top(graph: StepGraph, value: str) -> str:
    """`with_top` as nodes."""
    top = graph.node("Slice", value, graph.integers(-1), graph.integers(2**31), graph.integers(-1))
    return graph.node("Concat", value, top, axis=-1)
