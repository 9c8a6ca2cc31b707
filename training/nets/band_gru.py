"""The live network: log band energies in, two residual GRU layers, a soft-max over stems per band out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rtsep.controls.shown import shown
from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from rtsep.model.card import LONGEST_WINDOW, MOST_CONTEXTS
from training.nets.bands import triangles
from training.nets.gru import Gru
from training.nets.level import graph_level, running_level
from training.nets.network import Layers, Network, State
from training.nets.spectra import mid_of, power_of
from training.nets.step_graph import StepGraph
from training.recipes.numbers import Decibels, Depth, Exponent, Seconds, Width

SHIFT, SCALE = 2.0, 0.5  # features are (log10 of the relative energy + SHIFT) * SCALE
STEREO_INPUTS = ("cross", "difference")
"""Inputs of a step graph that tell how the channels are related: see `stereo_cues`."""


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
    mask_exponent
        Exponent of the masks outside of training, m^p / sum m^p: on recordings the network is less sure than it
        ought to be, and above 1 the stems leak less and sound a little drier.
    logit_bias
        Added to the logits of each stem outside of training, in the order of the stems; empty for none. On
        recordings the network claims some stems too often and others too seldom.
    stereo
        Whether the network looks at both channels: powers are means over the channels, and every band tells how the
        channels are related. Else it looks at the mid signal.
    """

    kind: str = "band_gru"
    bands: Width = 128
    linear_bands: Width = 40
    contexts: tuple[Width, ...] = ()
    context_bands: Width = 128
    context_linear: Width = 64
    hidden: Width = 384
    layers: Depth = 2
    level_seconds: Seconds = 1.5
    floor_db: Decibels = -47.0
    mask_exponent: Exponent = 1.0
    logit_bias: tuple[Decibels, ...] = ()
    stereo: bool = False

    def __post_init__(self) -> None:
        for bands, linear in (("bands", "linear_bands"), ("context_bands", "context_linear")):
            if getattr(self, linear) >= getattr(self, bands):
                raise ConfigError(f"network: {linear}: expected fewer than the {getattr(self, bands)} {bands}, got "
                                  f"{getattr(self, linear)}")
        if len(self.contexts) > MOST_CONTEXTS or any(length % 2 or length > LONGEST_WINDOW for length in self.contexts):
            raise ConfigError(f"network: contexts: expected at most {MOST_CONTEXTS} even lengths of up to "
                              f"{LONGEST_WINDOW} frames, got {shown(list(self.contexts))}")


def _check(config: BandGruConfig, geometry: Geometry, stems: tuple[str, ...]) -> None:
    """Raise ConfigError where a configuration does not fit the transform or the stems."""
    if min(config.contexts, default=geometry.analysis) < geometry.analysis:
        raise ConfigError(f"network: contexts: expected windows of no fewer than the {geometry.analysis} frames that "
                          f"are masked, got {shown(list(config.contexts))}")
    windows = [(config.bands, geometry.analysis), *((config.context_bands, length) for length in config.contexts)]
    for bands, window in windows:
        if bands > window // 2 + 1:
            raise ConfigError(f"network: {bands} bands, and a window of {window} frames has {window // 2 + 1} bins")
    if geometry.look_ahead and not config.stereo:
        raise ConfigError("network: stereo: a network that looks ahead looks at both channels too; say true")
    if len(config.logit_bias) not in (0, len(stems)):
        raise ConfigError(f"network: logit_bias: give {len(stems)}, one a stem")


class BandGru(Network):
    """Mask estimator on log band energies; arguments as of `Network`."""

    config: BandGruConfig
    logit_bias: Tensor
    pool_0: Tensor

    def __init__(self, config: BandGruConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> None:
        super().__init__(config, geometry, stems, samplerate)
        _check(config, geometry, stems)
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
        self.cues = 2 * config.bands if config.stereo else 0
        features = config.bands + len(config.contexts) * config.context_bands + self.cues
        self.features_size = features
        encoded = 2 * features if geometry.look_ahead else features  # of the newest and of the masked window
        self.encoder = nn.Linear(encoded, config.hidden)
        self.layers = Layers[Gru](Gru(config.hidden, config.hidden) for _ in range(config.layers))
        self.decoder = nn.Linear(config.hidden, len(stems) * config.bands)
        logit_bias = torch.tensor(config.logit_bias or (0.0,) * len(stems))
        self.register_buffer("logit_bias", logit_bias[:, None], persistent=False)

    def initial_state(self, batch: int) -> State:
        """State as of `Network`, and with a look-ahead the features of so many hops, (batch, hops * features)."""
        state = super().initial_state(batch)
        delayed = self.geometry.look_ahead * self.features_size
        return [state[0], torch.zeros(batch, delayed), *state[1:]] if delayed else state

    def observe(self, spectra: list[Tensor]) -> Tensor:
        """Give the mean power of the masked window and of all bands; in stereo of cross spectrum and difference too."""
        powers = [self._power(spectrum) for spectrum in spectra]
        pooled = [power @ getattr(self, name) for power, name in zip(powers, self.pools, strict=True)]
        cues = [cue @ self.pool_0 for cue in stereo_cues(spectra[0])] if self.cues else []
        return torch.cat([powers[0].mean(dim=2, keepdim=True), *pooled, *cues], dim=2)

    def _power(self, spectrum: Tensor) -> Tensor:
        return power_of(spectrum).mean(dim=1) if self.cues else power_of(mid_of(spectrum))

    def features(self, observed: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Log band energies relative to a running level, then stereo cues, (batch, time, features); the level after.

        Cues are relative to the power of their band, -1 to 1, and fade where that is below the floor.
        """
        reference, level = running_level(observed[..., 0], level, self.decay)
        relative = observed[..., 1:] / reference
        energies, cues = relative.split([relative.shape[2] - self.cues, self.cues], dim=2)
        energies = energies + self.floor
        logarithms = (torch.log10(energies) + SHIFT) * SCALE
        if not self.cues:
            return logarithms, level
        return torch.cat([logarithms, cues / energies[..., :self.config.bands].repeat(1, 1, 2)], dim=2), level

    def forward(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Estimate masks, as of `Network`."""
        hidden, after = self.recur(observed, state)
        return self.masks(hidden), after

    def recur(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Encode and run the recurrent layers: what masks are read from, (batch, time, hidden), and the state after."""
        with torch.no_grad(), torch.autocast(observed.device.type, enabled=False):
            features, level = self.features(observed, state[0])
            after = [level]
            if self.geometry.look_ahead:
                features, delayed = self._with_masked(features, state[1])
                after.append(delayed)
        hidden = torch.relu(self.encoder(features))
        for layer, before in zip(self.layers, state[len(after):], strict=True):
            out, last = layer.run(hidden, before)
            hidden = hidden + out
            after.append(last)
        return hidden, after

    def _with_masked(self, newest: Tensor, delayed: Tensor) -> tuple[Tensor, Tensor]:
        """Put the features of the masked window beside the newest ones; also those that are delayed still."""
        line = torch.cat([delayed.unflatten(1, (-1, self.features_size)), newest], dim=1)
        masked, after = line.split([newest.shape[1], self.geometry.look_ahead], dim=1)
        return torch.cat([newest, masked], dim=2), after.flatten(1)

    def masks(self, hidden: Tensor) -> Tensor:
        """Read the masks of `forward` from what `recur` returns."""
        logits = self.decoder(hidden).float().unflatten(2, (len(self.stems), self.config.bands))
        return torch.softmax(logits if self.training else self.config.mask_exponent * logits + self.logit_bias, dim=2)

    def step_graph(self, kind: type[StepGraph] = StepGraph) -> StepGraph:
        """Write one hop of this network, with its present weights, as a step graph."""
        graph, bins, config = kind(), self.geometry.bins, self.config
        magnitudes = [graph.input("magnitude", (1, bins))]
        magnitudes += [graph.input(f"context_{index}", (1, length // 2 + 1))
                       for index, length in enumerate(config.contexts)]
        cues = [graph.input(name, (1, bins)) for name in STEREO_INPUTS] if self.cues else []
        features, scales = self._graph_features(graph, magnitudes, cues)
        if self.geometry.look_ahead:
            features, scales = self._graph_with_masked(graph, features), np.tile(scales, 2)
        hidden = graph.node("Relu", graph.torch_linear(features, self.encoder, before=scales))
        for layer in self.layers:
            hidden = graph.node("Add", hidden, layer.graph(graph, hidden))
        bias = self.logit_bias.numpy().repeat(config.bands)
        logits = graph.torch_linear(hidden, self.decoder, after=config.mask_exponent, offset=bias)
        masks = graph.node("Softmax", graph.reshape(logits, (1, len(self.stems), config.bands)), axis=1)
        masks = graph.join(graph.banded(masks, self.spread.numpy()))
        # with a look-ahead the newest magnitude is not that of the masked window, and masks alone are the estimates
        estimates = masks if self.geometry.look_ahead else graph.node("Mul", masks, magnitudes[0])
        graph.output("estimates", estimates, (1, len(self.stems), bins))
        return graph

    def _graph_with_masked(self, graph: StepGraph, newest: str) -> str:
        """`_with_masked` as nodes; the delayed features are the next state."""
        size, hops = self.features_size, self.geometry.look_ahead
        state = graph.state(hops * size)
        line = graph.join([state, newest])
        masked, after = graph.nodes("Split", line, graph.integers(size, hops * size), outputs=2, axis=-1)
        graph.next_state(state, after, hops * size)
        return graph.join([newest, masked])

    def _graph_features(self, graph: StepGraph, magnitudes: list[str],
                        cues: list[str]) -> tuple[str, NDArray[np.float32] | float]:
        """`features` as nodes, and what each is still to be multiplied by; adds the running level as the first state.

        The sum with `SHIFT` is the logarithm of a product, which the bands' weights and the floor take in.
        """
        powers = [graph.node("Mul", magnitude, magnitude) for magnitude in magnitudes]
        reference = graph_level(graph, powers[0], self.decay)
        factor = 10.0 ** SHIFT
        bands = graph.join([piece for power, name in zip(powers, self.pools, strict=True)
                            for piece in graph.banded(power, factor * getattr(self, name).numpy())])
        ratio = graph.node("Add", graph.node("Div", bands, reference), graph.constant(factor * self.floor))
        logarithms, scale = graph.node("Log", ratio), SCALE / np.log(10.0)
        if not cues:
            return logarithms, scale
        others = self.features_size - self.cues - self.config.bands
        masked = ratio if not others else graph.nodes(
            "Split", ratio, graph.integers(self.config.bands, others), outputs=2, axis=-1)[0]
        pool = factor * self.pool_0.numpy()
        pooled = [graph.node("Div", graph.node("Div", graph.join(graph.banded(cue, pool)), reference), masked)
                  for cue in cues]
        scales = np.full(self.features_size, scale, np.float32)
        scales[-self.cues:] = 1.0
        return graph.join([logarithms, *pooled]), scales


def stereo_cues(spectrum: Tensor) -> tuple[Tensor, Tensor]:
    """Cross spectrum of two channels, Re(L R*), and half of the difference of their powers.

    Both lie between minus and plus the mean power of the channels. One channel counts as two equal ones.

    Parameters
    ----------
    spectrum
        Complex, (batch, channels, time, bins), of one or two channels.

    Returns
    -------
    cross, difference
        Each (batch, time, bins).
    """
    left, right = spectrum[:, 0], spectrum[:, -1]
    cross = left.real * right.real + left.imag * right.imag
    return cross, 0.5 * (power_of(left) - power_of(right))
