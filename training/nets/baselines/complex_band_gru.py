"""`BandGru` with a complex mask, to be compared with real ones: it also turns the phase of every band.

It looks at how the phase advances from hop to hop and from bin to bin as well, since magnitudes alone do not tell
which way to turn. Step models have real masks, so this network cannot be exported.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.network import State
from training.nets.spectra import mid_of, power_of
from training.nets.step_graph import StepGraph

TINY = 1e-9


@dataclass(frozen=True)
class ComplexBandGruConfig(BandGruConfig):
    """Sizes of a `ComplexBandGru`; as of `BandGruConfig`, `mask_exponent` and `logit_bias` are of the masks' size."""

    kind: str = "complex_band_gru"


class ComplexBandGru(BandGru):
    """Causal estimator of complex masks; parameters and masks as of `BandGru`, with one angle more for each mask."""

    advance: Tensor

    def __init__(self, config: ComplexBandGruConfig, geometry: Geometry, stems: tuple[str, ...],
                 samplerate: int) -> None:
        super().__init__(config, geometry, stems, samplerate)
        self.encoder = nn.Linear(self.encoder.in_features + 4 * config.bands, config.hidden)
        self.angles = nn.Linear(config.hidden, len(stems) * config.bands)
        nn.init.zeros_(self.angles.weight)  # begins as the real mask
        nn.init.zeros_(self.angles.bias)
        bins = torch.arange(geometry.bins) * (2.0 * torch.pi * geometry.hop / geometry.analysis)
        self.register_buffer("advance", torch.polar(torch.ones_like(bins), -bins), persistent=False)

    def observe(self, spectra: list[Tensor]) -> Tensor:
        """Reduce spectra to what the network looks at, (batch, time, 1 + features); argument as of `BandGru`."""
        spectrum = mid_of(spectra[0])
        before = torch.cat([spectrum[:, :1], spectrum[:, :-1]], dim=1)
        below = torch.cat([spectrum[..., :1], spectrum[..., :-1]], dim=2)
        turns = [self._turn(spectrum * before.conj() * self.advance), self._turn(spectrum * below.conj())]
        return torch.cat([super().observe(spectra), *turns], dim=2)

    def features(self, observed: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Log band energies relative to a running level, then the turns of the phase, (batch, time, features)."""
        phases = 4 * self.config.bands
        energies, level = super().features(observed[..., :-phases], level)
        return torch.cat([energies, observed[..., -phases:]], dim=2), level

    def forward(self, observed: Tensor, state: State) -> tuple[Tensor, State]:
        """Estimate complex masks, (batch, time, stems, bands); their sizes sum to one over the stems."""
        hidden, after = self.recur(observed, state)
        angles = torch.pi * torch.tanh(self.angles(hidden).float()).unflatten(2, (len(self.stems), -1))
        return torch.polar(self.masks(hidden), angles), after

    def step_graph(self, kind: type[StepGraph] = StepGraph) -> StepGraph:
        """Refuse, with ConfigError."""
        raise ConfigError("a network of the kind complex_band_gru is for comparison only: step models have real masks; "
                          "export one of the kind band_gru")

    def _turn(self, product: Tensor) -> Tensor:
        """Mean direction of each band, its real parts and then its imaginary ones, (batch, time, 2 * bands)."""
        size = power_of(product).sqrt() @ self.pool_0 + TINY
        return torch.cat([(product.real @ self.pool_0) / size, (product.imag @ self.pool_0) / size], dim=2)
