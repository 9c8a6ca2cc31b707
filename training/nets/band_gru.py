"""The live network: log band energies in, two residual GRU layers, a soft-max over stems per band out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.export.step_graph import StepGraph
from training.nets.bands import triangles
from training.nets.gru import Gru
from training.nets.level import decay_of, graph_level, running_level
from training.nets.spectra import power_of

SHIFT, SCALE = 2.0, 0.5  # features are (log10 of the relative energy + SHIFT) * SCALE
State = list[Tensor]


@dataclass(frozen=True)
class BandGruConfig:
    """Sizes of a `BandGru`.

    Parameters
    ----------
    bands, linear_bands
        Bands of the masked spectrum, and how many of the lowest are one bin wide.
    contexts
        Lengths in frames of longer windows that are features only.
    context_bands, context_linear
        Bands of each context and how many of them are one bin wide.
    hidden, layers
        Width and number of the GRU layers.
    level_seconds
        Time constant of the running level that features are relative to.
    floor_db
        Level under the running one below which features tell nothing: there renderings and recordings differ most.
    sharpness
        Exponent of the masks outside of training, m^p / sum m^p: on recordings the network is less sure than it
        ought to be, and above 1 the stems leak less and sound a little drier.
    lean
        Log odds that are added for each stem outside of training, in the order of the stems; empty for none. On
        recordings the network claims some stems too often and others too seldom.
    """

    kind: str = "band_gru"
    bands: int = 128
    linear_bands: int = 40
    contexts: tuple[int, ...] = ()
    context_bands: int = 128
    context_linear: int = 64
    hidden: int = 384
    layers: int = 2
    level_seconds: float = 1.5
    floor_db: float = -47.0
    sharpness: float = 1.0
    lean: tuple[float, ...] = ()


class BandGru(nn.Module):
    """Causal mask estimator on a sequence of magnitude spectra.

    GRU cells reset after the matrix product, as PyTorch and cuDNN do.

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
    """

    def __init__(self, config: BandGruConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> None:
        super().__init__()
        self.config, self.geometry, self.stems = config, geometry, stems
        self.decay = decay_of(config.level_seconds, geometry, samplerate)
        self.floor = 10.0 ** (config.floor_db / 10.0)
        spread = torch.from_numpy(triangles(geometry.bins, config.bands, config.linear_bands))
        self.register_buffer("spread", spread, persistent=False)
        self.pools: list[str] = []
        for index, length in enumerate((geometry.analysis, *config.contexts)):
            sizes = (config.context_bands, config.context_linear) if index else (config.bands, config.linear_bands)
            weights = torch.from_numpy(triangles(length // 2 + 1, *sizes))
            # mean power of each band, windows of all lengths on one scale
            pool = (weights / weights.sum(dim=1, keepdim=True)).T * (geometry.analysis / length) ** 2
            self.register_buffer(f"pool_{index}", pool.contiguous(), persistent=False)
            self.pools.append(f"pool_{index}")
        features = config.bands + len(config.contexts) * config.context_bands
        self.encoder = nn.Linear(features, config.hidden)
        self.layers = nn.ModuleList(Gru(config.hidden, config.hidden) for _ in range(config.layers))
        self.decoder = nn.Linear(config.hidden, len(stems) * config.bands)
        if len(config.lean) not in (0, len(stems)):
            raise ConfigError(f"network: lean: give {len(stems)}, one a stem")
        lean = torch.tensor(config.lean or (0.0,) * len(stems))
        self.register_buffer("lean", lean[:, None], persistent=False)

    def initial_state(self, batch: int) -> State:
        """State before the first hop: the running level (batch, 2) and one (batch, hidden) per layer."""
        return [torch.zeros(batch, 2), *(torch.zeros(batch, self.config.hidden) for _ in self.layers)]

    def observe(self, spectra: list[Tensor]) -> Tensor:
        """Reduce spectra to what the network looks at.

        Parameters
        ----------
        spectra
            Complex, of the masked window and of each context, each (batch, time, bins).

        Returns
        -------
        observed
            Mean power of the masked window and of all bands, (batch, time, 1 + features).
        """
        powers = [power_of(spectrum) for spectrum in spectra]
        pooled = [power @ getattr(self, name) for power, name in zip(powers, self.pools, strict=True)]
        return torch.cat([powers[0].mean(dim=2, keepdim=True), *pooled], dim=2)

    def features(self, observed: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Log band energies relative to a running level, (batch, time, features), and the level after."""
        reference, level = running_level(observed[..., 0], level, self.decay)
        return (torch.log10(observed[..., 1:] / reference + self.floor) + SHIFT) * SCALE, level

    def forward(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Estimate masks.

        Parameters
        ----------
        observed
            From `observe`, (batch, time, 1 + features).
        state
            From `initial_state` or the call before.

        Returns
        -------
        masks
            Per band, (batch, time, stems, bands), summing to one over the stems; times `spread` they are per bin.
        state
            After the last hop.
        """
        hidden, after = self.recur(observed, state)
        return self.masks(hidden), after

    def recur(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Encode and run the recurrent layers: what masks are read from, (batch, time, hidden), and the state after."""
        with torch.no_grad(), torch.autocast(observed.device.type, enabled=False):
            features, level = self.features(observed, state[0])
        hidden = torch.relu(self.encoder(features))
        after = [level]
        for layer, before in zip(self.layers, state[1:], strict=True):
            out, last = layer.run(hidden, before)
            hidden = hidden + out
            after.append(last)
        return hidden, after

    def masks(self, hidden: Tensor) -> Tensor:
        """Read the masks of `forward` from what `recur` returns."""
        logits = self.decoder(hidden).float().unflatten(2, (len(self.stems), self.config.bands))
        return torch.softmax(logits if self.training else self.config.sharpness * logits + self.lean, dim=2)

    def step_graph(self, kind: type[StepGraph] = StepGraph) -> StepGraph:
        """Write one hop of this network, with its present weights, as a step graph."""
        graph, bins, config = kind(), self.geometry.bins, self.config
        magnitudes = [graph.input("magnitude", (1, bins))]
        magnitudes += [graph.input(f"context_{index}", (1, length // 2 + 1))
                       for index, length in enumerate(config.contexts)]
        features = self._graph_features(graph, magnitudes)
        hidden = graph.node("Relu", graph.torch_linear(features, self.encoder, before=SCALE / np.log(10.0)))
        for layer in self.layers:
            hidden = graph.node("Add", hidden, graph.torch_gru(hidden, layer))
        lean = self.lean.numpy().repeat(config.bands)
        logits = graph.torch_linear(hidden, self.decoder, after=config.sharpness, offset=lean)
        masks = graph.node("Softmax", graph.reshape(logits, (1, len(self.stems), config.bands)), axis=1)
        masks = graph.join(graph.banded(masks, self.spread.numpy()))
        graph.output("estimates", graph.node("Mul", masks, magnitudes[0]), (1, len(self.stems), bins))
        return graph

    def _graph_features(self, graph: StepGraph, magnitudes: list[str]) -> str:
        """`features` as nodes, without `SCALE`; adds the running level as the first state.

        The sum with `SHIFT` is the logarithm of a product, which the bands' weights and the floor take in.
        """
        powers = [graph.node("Mul", magnitude, magnitude) for magnitude in magnitudes]
        reference = graph_level(graph, powers[0], self.decay)
        factor = 10.0 ** SHIFT
        bands = graph.join([piece for power, name in zip(powers, self.pools, strict=True)
                            for piece in graph.banded(power, factor * getattr(self, name).numpy())])
        ratio = graph.node("Add", graph.node("Div", bands, reference), graph.constant(factor * self.floor))
        return graph.node("Log", ratio)
