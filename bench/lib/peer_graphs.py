"""Step graphs of other people's networks, from their published sizes, with random weights.

Weights do not change how long a step takes. Each takes the network's own input of one hop, without transforms, and
gives its masks or its sound.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from training.nets.step_graph import StepGraph


class PeerGraph(StepGraph):
    """A step graph with the operators that these networks need, random weights in all."""

    def dense(self, value: str, inputs: int, outputs: int) -> str:
        """Add a fully connected layer."""
        return self.torch_linear(value, nn.Linear(inputs, outputs))

    def lstm(self, value: str, inputs: int, hidden: int) -> str:
        """Add one LSTM layer by ONNX's operator, with its two states; returns its output (1, hidden)."""
        states = [self.state(hidden), self.state(hidden)]
        before = [self.reshape(state, (1, 1, hidden)) for state in states]
        weights = [self.constant(0.05 * torch.randn(shape).numpy())
                   for shape in ((1, 4 * hidden, inputs), (1, 4 * hidden, hidden), (1, 8 * hidden))]
        _, *last = self.nodes("LSTM", self.reshape(value, (1, 1, inputs)), *weights, "", *before, outputs=3,
                              hidden_size=hidden)
        after = [self.reshape(part, (1, hidden)) for part in last]
        for state, part in zip(states, after, strict=True):
            self.next_state(state, part, hidden)
        return after[0]

    def gru(self, value: str, inputs: int, hidden: int) -> str:
        """Add one GRU layer as MatMul and gate nodes."""
        return self.torch_gru(value, nn.GRU(inputs, hidden, batch_first=True))

    def bands(self, value: str, inputs: int, outputs: int, width: int, stride: int = 1, groups: int = 1) -> str:
        """Add a convolution over frequency with ReLU, (1, inputs, bands) to (1, outputs, bands / stride)."""
        weight = self.constant(0.1 * torch.randn(outputs, inputs // groups, width).numpy())
        return self.node("Relu", self.node("Conv", value, weight, strides=[stride], group=groups,
                                           pads=[width // 2, width // 2]))

    def mask(self, value: str, inputs: int, outputs: int) -> str:
        """Add the fully connected layer of a mask."""
        return self.node("Sigmoid", self.dense(value, inputs, outputs))


def dtln() -> StepGraph:
    """Two stages of two LSTM layers, the first on the spectrum, the second on a learned one: 0.99 M parameters."""
    graph = PeerGraph()
    mask = graph.mask(graph.lstm(graph.lstm(graph.input("magnitude", (1, 257)), 257, 128), 128, 128), 128, 257)
    features = graph.node("MatMul", graph.input("frame", (1, 512)), graph.constant(np.ones((512, 256)) / 512))
    second = graph.mask(graph.lstm(graph.lstm(features, 256, 128), 128, 128), 128, 256)
    sound = graph.node("MatMul", graph.node("Mul", second, features), graph.constant(np.ones((256, 512)) / 256))
    graph.output("mask", mask, (1, 257))
    graph.output("sound", sound, (1, 512))
    return graph


def deepfilternet() -> StepGraph:
    """Convolutions over 32 bands and 96 bins, GRU layers of 256 and complex filters of order 5: 2 M parameters."""
    graph = PeerGraph()
    value = graph.bands(graph.input("bands", (1, 3, 32)), 3, 64, 3)  # three hops of one feature: its kernel in time
    for stride in (2, 2, 1):
        value = graph.bands(graph.bands(value, 64, 64, 3, stride, groups=64), 64, 64, 1)
    low = graph.bands(graph.input("spectrum", (1, 6, 96)), 6, 64, 3)
    low = graph.bands(graph.bands(low, 64, 64, 3, 2, groups=64), 64, 64, 1)
    flat = [graph.reshape(value, (1, 512)), graph.dense(graph.reshape(low, (1, 3072)), 3072, 128)]
    embedding = graph.gru(graph.dense(graph.node("Concat", *flat, axis=1), 640, 256), 256, 256)
    graph.output("gains", graph.mask(graph.gru(embedding, 256, 256), 256, 32), (1, 32))
    filters = graph.gru(graph.gru(embedding, 256, 256), 256, 256)
    graph.output("filters", graph.node("Tanh", graph.dense(filters, 256, 960)), (1, 960))
    return graph


def hs_tasnet() -> StepGraph:
    """LSTM layers of 1,000 on a spectral branch, on a learned one and on both, stereo, four stems: 42 M parameters."""
    graph = PeerGraph()
    spectrum, frame = graph.input("magnitude", (1, 1026)), graph.input("frame", (1, 2048))
    learned = graph.node("Relu", graph.dense(frame, 2048, 1500))
    both = graph.node("Add", graph.lstm(spectrum, 1026, 1000), graph.lstm(learned, 1500, 1000))
    shared = graph.lstm(both, 1000, 1000)
    graph.output("masks", graph.mask(shared, 1000, 4 * 1026), (1, 4 * 1026))
    weights = graph.reshape(graph.mask(shared, 1000, 4 * 1500), (4, 1500))
    decoder = graph.constant(0.01 * torch.randn(1500, 2048).numpy())
    graph.output("sound", graph.node("MatMul", graph.node("Mul", weights, learned), decoder), (4, 2048))
    return graph


def open_unmix() -> StepGraph:
    """Three LSTM layers of 512, one way, between fully connected ones, stereo, one stem: 10 M parameters."""
    graph = PeerGraph()
    magnitude = graph.input("magnitude", (1, 2 * 1487))
    first = value = graph.node("Tanh", graph.dense(magnitude, 2 * 1487, 512))
    for _ in range(3):
        value = graph.lstm(value, 512, 512)
    value = graph.node("Relu", graph.dense(graph.node("Concat", first, value, axis=1), 1024, 512))
    graph.output("mask", graph.node("Relu", graph.dense(value, 512, 2 * 2049)), (1, 2 * 2049))
    return graph

