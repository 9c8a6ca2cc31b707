"""The running level that features are relative to, so that a quiet input is separated like a loud one."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from rtsep.dsp.windows import Geometry
from training.nets.step_graph import StepGraph

FLOOR = 1e-9  # power below which nothing is audible


def decay_of(seconds: float, geometry: Geometry, samplerate: int) -> float:
    """Factor a hop of an exponential mean with a time constant in seconds."""
    return math.exp(-geometry.hop / (samplerate * seconds))


def running_level(power: Tensor, level: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """Exponential mean of a power, without start-up bias: the mean of (power, 1) is kept and divided.

    Parameters
    ----------
    power
        Mean power of each hop, (batch, time).
    level
        State before, (batch, 2); zeros at the start.
    decay
        From `decay_of`.

    Returns
    -------
    reference
        Level of each hop, (batch, time, 1), above `FLOOR`.
    level
        State after the last hop, (batch, 2).
    """
    inputs = torch.stack([power, torch.ones_like(power)], dim=2) * (1.0 - decay)
    steps = torch.arange(power.shape[1], device=power.device)
    lags = steps[:, None] - steps[None, :]
    kernel = torch.where(lags >= 0, decay ** lags.clamp(min=0), 0.0)
    levels = torch.einsum("ts,bsk->btk", kernel, inputs) + (decay ** (steps + 1.0))[:, None] * level[:, None]
    return levels[..., :1] / levels[..., 1:] + FLOOR, levels[:, -1]


def graph_level(graph: StepGraph, power: str, decay: float) -> str:
    """Write `running_level` of a power spectrum as nodes, with its state; returns the reference, (1, 1)."""
    state = graph.state(2)
    update = graph.node("Concat", graph.mean(power), graph.constant(np.ones((1, 1))), axis=1)
    level = graph.node("Add", graph.node("Mul", state, graph.constant(decay)),
                       graph.node("Mul", update, graph.constant(1.0 - decay)))
    graph.next_state(state, level, 2)
    mean, weight = graph.nodes("Split", level, outputs=2, axis=1, num_outputs=2)
    return graph.node("Add", graph.node("Div", mean, weight), graph.constant(FLOOR))
