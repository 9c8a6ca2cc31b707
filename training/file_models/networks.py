"""Networks for files, which see a whole segment at once."""

from __future__ import annotations

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.file_models.hourglass import HourglassConfig, StackedHourglass
from training.file_models.network import FileNetwork as FileNetwork
from training.file_models.unet import Unet, UnetConfig
from training.file_models.wave_unet import WaveUnet, WaveUnetConfig

FileNetworkConfig = HourglassConfig | UnetConfig | WaveUnetConfig
FILE_CONFIGS = (HourglassConfig, UnetConfig, WaveUnetConfig)
"""Configurations, one a kind of network."""


def build_file_network(config: object, geometry: Geometry, stems: tuple[str, ...]) -> FileNetwork:
    """Make the network of a configuration, with random weights.

    Raises
    ------
    ConfigError
        When the configuration is of a network that streams.
    """
    if isinstance(config, WaveUnetConfig):
        return WaveUnet(config, geometry, stems)
    if isinstance(config, HourglassConfig):
        return StackedHourglass(config, geometry, stems)
    if isinstance(config, UnetConfig):
        return Unet(config, geometry, stems)
    raise ConfigError(f"a {getattr(config, 'kind', config)} streams and has no segments: choose one of "
                      f"{', '.join(kind.kind for kind in FILE_CONFIGS)}")
