"""Neural captures of real amplifiers (`amps/*.nam`), run fast on one core with matrix products.

A capture is a WaveNet in the JSON form of S. Atkinson's neural-amp-modeler: arrays of dilated causal
convolutions with tanh, each with the amplifier's input mixed in, a residual 1x1 path and a sum over the layers
that feeds the head. The captures were made at 48 kHz and run here at 44.1 kHz without resampling: every corner
frequency moves down by 1.5 semitones, which for training material is one more variation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rtsep.types import Audio
from training.corpora.readable import reading

BLOCK = 1024  # frames a step: small enough for the second-level cache, large enough to hide call overhead
TAPS = 3


@dataclass(frozen=True)
class Layer:
    """One dilated convolution: `taps` is (channels, 3 * channels + 2) for past, input and one; `mix` the 1x1."""

    dilation: int
    taps: Audio
    mix: Audio


@dataclass(frozen=True)
class Stack:
    """One layer array: entry (channels, inputs), layers, head (head outputs, channels + 1 for the bias)."""

    entry: Audio
    layers: tuple[Layer, ...]
    head: Audio


@dataclass
class StackState:
    """What one layer array remembers, and its scratch: written in place by `_run_stack`."""

    past: list[Audio]  # per layer (channels, 2 * dilation + BLOCK)
    taps: Audio  # (3 * channels + 2, BLOCK)
    active: Audio  # (channels + 1, BLOCK), the last row is one
    total: Audio  # (channels + 1, BLOCK), the last row is one


@dataclass(frozen=True)
class Capture:
    """An amplifier: layer arrays and the gain of the output."""

    stacks: tuple[Stack, ...]
    head_scale: float

    @property
    def memory(self) -> int:
        """Frames of input that one frame of output depends on, besides its own."""
        return sum((TAPS - 1) * layer.dilation for stack in self.stacks for layer in stack.layers)

    def start(self) -> list[StackState]:
        """State of an amplifier that has been fed zeros in every layer."""
        return [_stack_state(stack) for stack in self.stacks]

    def step(self, block: Audio, state: list[StackState]) -> Audio:
        """Amplify at most `BLOCK` frames, shape (frames,), and move the state on."""
        signal: Audio = block[None, :]
        head: Audio | None = None
        for stack, own in zip(self.stacks, state, strict=True):
            signal, head = _run_stack(stack, own, signal, block, head)
        assert head is not None
        out: Audio = np.float32(self.head_scale) * head[0]
        return out

    def run(self, audio: Audio) -> Audio:
        """Amplify a whole recording, shape (frames,), after letting the amplifier settle on silence."""
        state = self.start()
        padded = np.concatenate([np.zeros(self.memory, np.float32), audio])
        blocks = [self.step(padded[i:i + BLOCK], state) for i in range(0, padded.size, BLOCK)]
        return np.concatenate(blocks)[self.memory:]


def _stack_state(stack: Stack) -> StackState:
    channels = stack.entry.shape[0]
    past = [np.zeros((channels, 2 * layer.dilation + BLOCK), np.float32) for layer in stack.layers]
    return StackState(past, np.ones((TAPS * channels + 2, BLOCK), np.float32),
                      np.ones((channels + 1, BLOCK), np.float32), np.ones((channels + 1, BLOCK), np.float32))


def _run_stack(stack: Stack, state: StackState, signal: Audio, condition: Audio,
               head: Audio | None) -> tuple[Audio, Audio]:
    """Run one layer array over a block; returns its residual output and its head output."""
    frames, channels = condition.size, stack.entry.shape[0]
    signal = stack.entry @ signal
    taps, active, total = state.taps[:, :frames], state.active[:, :frames], state.total[:, :frames]
    taps[-2] = condition
    total[:-1] = 0.0 if head is None else head
    for layer, past in zip(stack.layers, state.past, strict=True):
        reach = layer.dilation
        past[:, 2 * reach:2 * reach + frames] = signal
        for tap in range(TAPS):
            taps[tap * channels:(tap + 1) * channels] = past[:, tap * reach:tap * reach + frames]
        past[:, :2 * reach] = past[:, frames:frames + 2 * reach].copy()
        np.tanh(layer.taps @ taps, out=active[:-1])
        total[:-1] += active[:-1]
        signal += layer.mix @ active
    return signal, stack.head @ total


class _Reader:
    """Hands out the flat list of weights in the order in which the format stores them."""

    def __init__(self, weights: Audio) -> None:
        self.weights = weights
        self.used = 0

    def take(self, *shape: int) -> Audio:
        count = int(np.prod(shape))
        self.used += count
        return self.weights[self.used - count:self.used].reshape(shape)


def _read_layer(reader: _Reader, channels: int, dilation: int) -> Layer:
    kernel = reader.take(channels, channels, TAPS)
    bias, mixin = reader.take(channels, 1), reader.take(channels, 1)
    mix, mix_bias = reader.take(channels, channels), reader.take(channels, 1)
    flat = kernel.transpose(0, 2, 1).reshape(channels, TAPS * channels)
    return Layer(dilation, np.hstack([flat, mixin, bias]), np.hstack([mix, mix_bias]))


def _read_stack(reader: _Reader, config: dict[str, object]) -> Stack:
    channels, inputs, heads = (int(str(config[k])) for k in ("channels", "input_size", "head_size"))
    dilations = config["dilations"]
    assert isinstance(dilations, list)
    entry = reader.take(channels, inputs)
    layers = tuple(_read_layer(reader, channels, int(dilation)) for dilation in dilations)
    head = reader.take(heads, channels)
    bias = reader.take(heads, 1) if config["head_bias"] else np.zeros((heads, 1), np.float32)
    return Stack(entry, layers, np.hstack([head, bias]))


@lru_cache(maxsize=16)
def read_capture(path: Path) -> Capture:
    """Read a `.nam` file; only ungated tanh WaveNets with kernels of three taps are known here."""
    with reading(path, "an amplifier"):
        document = json.loads(path.read_text())
        reader = _Reader(np.asarray(document["weights"], np.float32))
        stacks = tuple(_read_stack(reader, config) for config in document["config"]["layers"])
        return Capture(stacks, float(reader.take(1)[0]))
