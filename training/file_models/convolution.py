"""Torch's convolution layers as ONNX nodes, for the networks that work on whole segments."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from training.nets.step_graph import StepGraph

TINY = 1e-8  # keeps the scale of silence finite


def scaled(value: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Divide each clip of a batch by its scale (batch,); return it and the scale, shaped to multiply with."""
    scale = scale.reshape(-1, *[1] * (value.ndim - 1)) + TINY
    return value / scale, scale


def graph_conv(graph: StepGraph, value: str, layer: nn.Conv1d | nn.Conv2d) -> str:
    """Add a convolution of stride one."""
    pads = [int(size) for size in layer.padding] * 2
    return graph.node("Conv", value, *_weights(graph, layer), kernel_shape=list(layer.kernel_size), pads=pads)


def graph_transposed(graph: StepGraph, value: str, layer: nn.ConvTranspose2d) -> str:
    """Add a transposed convolution without padding."""
    return graph.node("ConvTranspose", value, *_weights(graph, layer), kernel_shape=list(layer.kernel_size),
                      strides=list(layer.stride))


def graph_norm(graph: StepGraph, value: str, layer: nn.BatchNorm2d) -> str:
    """Add a batch normalisation with the statistics that training has gathered."""
    assert layer.running_mean is not None  # of a layer that tracks them, as all of ours do
    assert layer.running_var is not None
    numbers = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return graph.node("BatchNormalization", value, *(graph.constant(number.detach().numpy()) for number in numbers),
                      epsilon=layer.eps)


def graph_doubled(graph: StepGraph, value: str, axes: int, mode: str) -> str:
    """Up-sample the last axes by two, `linear` or `nearest`; the old samples stay where they are."""
    scales = graph.constant(np.array([1.0, 1.0, *[2.0] * axes], np.float32))
    return graph.node("Resize", value, "", scales, mode=mode, coordinate_transformation_mode="asymmetric",
                      nearest_mode="floor")


def _weights(graph: StepGraph, layer: nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d) -> tuple[str, str]:
    assert layer.bias is not None  # none of ours is made without
    return graph.constant(layer.weight.detach().numpy()), graph.constant(layer.bias.detach().numpy())
