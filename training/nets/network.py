"""What all streaming networks share: their sizes, the running level, a state for each recurrent layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar, cast

import torch
from torch import Tensor, nn

from rtsep.dsp.windows import Geometry
from training.nets.level import decay_of
from training.nets.step_graph import StepGraph

State = list[Tensor]
M = TypeVar("M", bound=nn.Module)


class Layers(nn.ModuleList, Generic[M]):
    """A `torch.nn.ModuleList` whose members are of one class."""

    def __iter__(self) -> Iterator[M]:
        return cast(Iterator[M], super().__iter__())


class StreamConfig(Protocol):
    """Sizes that every streaming network has."""

    @property
    def kind(self) -> str:
        """Name that recipes use."""

    @property
    def contexts(self) -> tuple[int, ...]:
        """Lengths in frames of longer windows that are features only."""

    @property
    def hidden(self) -> int:
        """Width of the recurrent layers."""

    @property
    def layers(self) -> int:
        """Number of recurrent layers."""

    @property
    def level_seconds(self) -> float:
        """Time constant of the running level that features are relative to."""


class Network(nn.Module):
    """Causal mask estimator on a sequence of spectra, which writes its own step graph.

    Parameters
    ----------
    config
        Sizes.
    geometry
        Transform lengths.
    stems
        Names of the estimated stems.
    samplerate
        Frames per second.

    Attributes
    ----------
    spread
        Weights of each band in each bin, (bands, bins).
    """

    config: StreamConfig
    spread: Tensor

    def __init__(self, config: StreamConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> None:
        super().__init__()
        self.config, self.geometry, self.stems = config, geometry, stems
        self.decay = decay_of(config.level_seconds, geometry, samplerate)

    def initial_state(self, batch: int) -> State:
        """State before the first hop: the running level (batch, 2) and one (batch, hidden) per layer."""
        return [torch.zeros(batch, 2), *(torch.zeros(batch, self.config.hidden) for _ in range(self.config.layers))]

    def observe(self, spectra: list[Tensor]) -> Tensor:
        """Reduce spectra to what the network looks at.

        Parameters
        ----------
        spectra
            Complex, of the masked window and of each context, each (batch, channels, time, bins).

        Returns
        -------
        observed
            Mean power of the masked window, then the network's own features, (batch, time, 1 + features).
        """
        raise NotImplementedError

    def forward(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Estimate masks.

        Parameters
        ----------
        observed
            From `observe`.
        state
            From `initial_state` or the call before.

        Returns
        -------
        masks
            Per band, (batch, time, stems, bands), summing to one over the stems; times `spread` they are per bin.
        state
            After the last hop.
        """
        raise NotImplementedError

    def step_graph(self, kind: type[StepGraph] = StepGraph) -> StepGraph:
        """Write one hop of this network, with its present weights, as a step graph."""
        raise NotImplementedError
