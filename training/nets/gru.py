"""Recurrent layers, and a GRU that trains fast on a CPU: one product for each weight gradient, optional bf16 products.

PyTorch's CPU GRU updates its weight gradients at every time step, which costs more memory traffic than
arithmetic. Here only the recurrence itself is a loop. The cell is PyTorch's and cuDNN's: it resets
after the matrix product.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from training.nets.step_graph import StepGraph


class Recurrent(nn.Module):
    """One recurrent layer."""

    def run(self, sequence: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Run over (batch, time, inputs) from a state (batch, hidden); return all states and the last one."""
        raise NotImplementedError

    def graph(self, graph: StepGraph, value: str) -> str:
        """Write the layer as nodes, with its state; returns its output."""
        raise NotImplementedError


class Gru(nn.GRU, Recurrent):
    """One unidirectional GRU layer, batch first; weights and results are those of `torch.nn.GRU`.

    Parameters
    ----------
    inputs, hidden
        Sizes.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(inputs, hidden, batch_first=True)

    def run(self, sequence: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Run as of `Recurrent`."""
        if sequence.is_cuda or not torch.is_grad_enabled():
            out, last = self(sequence, state[None])
            return out, last[0]
        projected = _product(sequence, self.weight_ih_l0) + self.bias_ih_l0
        states: Tensor = _Recurrence.apply(  # type: ignore[no-untyped-call]
            projected.transpose(0, 1).contiguous(), state, self.weight_hh_l0, self.bias_hh_l0)
        return states.transpose(0, 1), states[-1]

    def graph(self, graph: StepGraph, value: str) -> str:
        """Write the layer as of `Recurrent`."""
        return graph.torch_gru(value, self)


class _Recurrence(torch.autograd.Function):
    """The loop of a GRU over time, time first: h(t) = n + z (h(t-1) - n)."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        time, batch, _ = projected.shape
        hidden = state.shape[1]
        precision = _precision(projected)
        columns = weight.to(precision).t()
        states = torch.empty(time + 1, batch, hidden)
        states[0] = state
        gates = torch.empty(time, batch, 3 * hidden)  # reset, update, candidate
        inner = torch.empty(time, batch, hidden)  # what the reset gate scales
        for step in range(time):
            before = states[step]
            recurrent = torch.mm(before.to(precision), columns).float() + bias
            both = gates[step, :, : 2 * hidden]
            torch.add(projected[step, :, : 2 * hidden], recurrent[:, : 2 * hidden], out=both).sigmoid_()
            inner[step] = recurrent[:, 2 * hidden:]
            candidate = gates[step, :, 2 * hidden:]
            torch.addcmul(projected[step, :, 2 * hidden:], both[:, :hidden], inner[step], out=candidate).tanh_()
            torch.lerp(candidate, before, both[:, hidden:], out=states[step + 1])
        ctx.save_for_backward(states, gates, inner, weight)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        states, gates, inner, weight = ctx.saved_tensors
        gradient = gradients[0]
        time, batch, hidden = gradient.shape
        precision = _precision(gradient)
        rows = weight.to(precision).t().contiguous().t()  # columns: the layout that bf16 products like best
        reset, update, candidate = gates.split(hidden, dim=2)
        # what the candidate's and the gates' inputs receive for a unit of gradient at the state
        per_candidate = (1.0 - update) * (1.0 - candidate.square())
        per_update = (states[:-1] - candidate) * update * (1.0 - update)
        per_reset = per_candidate * inner * reset * (1.0 - reset)
        recurrent = torch.empty(time, batch, 3 * hidden)
        carried = torch.zeros(batch, hidden)
        for step in reversed(range(time)):
            arrived = carried + gradient[step]
            into = recurrent[step]
            torch.mul(arrived, per_reset[step], out=into[:, :hidden])
            torch.mul(arrived, per_update[step], out=into[:, hidden: 2 * hidden])
            torch.mul(arrived, per_candidate[step] * reset[step], out=into[:, 2 * hidden:])
            carried = torch.addcmul(torch.mm(into.to(precision), rows).float(), arrived, update[step])
            gradient_candidate = arrived.mul_(per_candidate[step])
            inner[step] = gradient_candidate  # saved for the inputs, `inner` itself is used up
        flat = recurrent.flatten(0, 1)
        weight_gradient = torch.mm(flat.to(precision).t(), states[:-1].flatten(0, 1).to(precision)).float()
        bias_gradient = flat.sum(dim=0)
        recurrent[:, :, 2 * hidden:] = inner
        return recurrent, carried, weight_gradient, bias_gradient


def _precision(like: Tensor) -> torch.dtype:
    """bf16 inside `torch.autocast("cpu")`, else the tensor's own type."""
    return torch.bfloat16 if torch.is_autocast_enabled("cpu") else like.dtype


def _product(sequence: Tensor, weight: Tensor) -> Tensor:
    return nn.functional.linear(sequence, weight).float()
