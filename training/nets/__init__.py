"""Networks: those that stream carry a state and write a step graph; those for files see whole segments at once."""

from __future__ import annotations

from rtsep.dsp.windows import Geometry
from training.file_models.hourglass import HourglassConfig, StackedHourglass
from training.file_models.unet import Unet, UnetConfig
from training.file_models.wave_unet import WaveUnet, WaveUnetConfig
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.baselines.complex_band_gru import ComplexBandGru, ComplexBandGruConfig
from training.nets.baselines.simple_rnn import SimpleRnn, SimpleRnnConfig
from training.nets.paper_gru import PaperGru, PaperGruConfig

Network = BandGru | PaperGru | SimpleRnn
FileNetwork = WaveUnet | StackedHourglass | Unet
FileNetworkConfig = WaveUnetConfig | HourglassConfig | UnetConfig
NetworkConfig = BandGruConfig | PaperGruConfig | SimpleRnnConfig | WaveUnetConfig | HourglassConfig | UnetConfig
NETWORKS = {"band_gru": BandGruConfig, "complex_band_gru": ComplexBandGruConfig, "paper_gru": PaperGruConfig,
            "simple_rnn": SimpleRnnConfig, "wave_unet": WaveUnetConfig, "hourglass": HourglassConfig,
            "unet": UnetConfig}
"""Configuration of each kind of network, by the name that recipes use."""


def build(config: NetworkConfig, geometry: Geometry, stems: tuple[str, ...], samplerate: int) -> Network:
    """Make the streaming network of a configuration, with random weights."""
    if isinstance(config, SimpleRnnConfig):
        return SimpleRnn(config, geometry, stems, samplerate)
    if isinstance(config, PaperGruConfig):
        return PaperGru(config, geometry, stems, samplerate)
    if isinstance(config, ComplexBandGruConfig):
        return ComplexBandGru(config, geometry, stems, samplerate)
    return BandGru(config, geometry, stems, samplerate)


def build_file_network(config: FileNetworkConfig, geometry: Geometry, stems: tuple[str, ...]) -> FileNetwork:
    """Make the network of a configuration that works on whole segments, with random weights."""
    if isinstance(config, WaveUnetConfig):
        return WaveUnet(config, geometry, stems)
    if isinstance(config, HourglassConfig):
        return StackedHourglass(config, geometry, stems)
    return Unet(config, geometry, stems)
