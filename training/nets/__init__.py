"""Networks that stream: each carries a state and writes its own step graph."""

from __future__ import annotations

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.baselines.complex_band_gru import ComplexBandGru, ComplexBandGruConfig
from training.nets.baselines.simple_rnn import SimpleRnn, SimpleRnnConfig
from training.nets.network import Network as Network
from training.nets.paper_gru import PaperGru, PaperGruConfig

CONFIGS = (BandGruConfig, ComplexBandGruConfig, PaperGruConfig, SimpleRnnConfig)
"""Configurations, one a kind of network."""


def build(config: object, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> Network:
    """Make the network of a configuration, with random weights.

    Raises
    ------
    ConfigError
        When the configuration is of a network that does not stream.
    """
    if isinstance(config, SimpleRnnConfig):
        return SimpleRnn(config, geometry, stems, samplerate)
    if isinstance(config, PaperGruConfig):
        return PaperGru(config, geometry, stems, samplerate)
    if isinstance(config, ComplexBandGruConfig):
        return ComplexBandGru(config, geometry, stems, samplerate)
    if isinstance(config, BandGruConfig):
        return BandGru(config, geometry, stems, samplerate)
    raise ConfigError(f"a {getattr(config, 'kind', config)} works on whole segments and does not stream: choose one of "
                      f"{', '.join(kind.kind for kind in CONFIGS)}")
