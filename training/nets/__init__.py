"""Networks: each one has a streaming state and writes its own step graph."""

from __future__ import annotations

from rtsep.windows import Geometry
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.paper_gru import PaperGru, PaperGruConfig

Network = BandGru | PaperGru
NetworkConfig = BandGruConfig | PaperGruConfig
NETWORKS = {"band_gru": BandGruConfig, "paper_gru": PaperGruConfig}
"""Configuration of each kind of network, by the name that recipes use."""


def build(config: NetworkConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> Network:
    """Make the network of a configuration, with random weights."""
    if isinstance(config, PaperGruConfig):
        return PaperGru(config, geometry, stems, samplerate)
    return BandGru(config, geometry, stems, samplerate)
