"""Formats that rtsep writes: container, sample format, bit rate, and the rates and channels that each allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtsep.errors import ConfigError

SUBTYPES = {
    "wav": {"default": "FLOAT", "float32": "FLOAT", "int24": "PCM_24", "int16": "PCM_16"},
    "flac": {"default": "PCM_24", "int24": "PCM_24", "int16": "PCM_16"},
    "mp3": {"default": "MPEG_LAYER_III"},
    "ogg": {"default": "VORBIS"},
    "opus": {"default": "OPUS"},
}
"""Subtypes of libsndfile by format and depth."""
FORMATS = tuple(SUBTYPES)
CLIPS = ("rescale", "clamp", "none")
_CONTAINERS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG", "opus": "OGG"}
_KBPS = {"mp3": (32, 320), "ogg": (64, 500), "opus": (12, 510)}
"""Bit rates from and to, in kbit/s for two channels."""
_RATES = {"mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
          "opus": (8000, 12000, 16000, 24000, 48000)}
_CHANNELS = {"flac": 8, "mp3": 2, "ogg": 8, "opus": 8, "wav": 64}
_FLAC_HIGHEST_HZ = 655_350
_VORBIS_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)
"""Nominal bit rates of Vorbis at the qualities 0 to 10, for two channels."""
_LEAST_LEVEL = 0.99  # libsndfile refuses 1 for mp3


@dataclass(frozen=True)
class Encoding:
    """A format with its settings.

    Parameters
    ----------
    format
        One of `FORMATS`.
    depth
        `float32`, `int24` or `int16` where the format has it; `default` for the best of it.
    kbps
        Bit rate of lossy formats in kbit/s; None for a quality that is hard to tell from the source.

    Raises
    ------
    ConfigError
        When the format does not have them.
    """

    format: str = "wav"
    depth: str = "default"
    kbps: float | None = None

    def __post_init__(self) -> None:
        if self.format not in SUBTYPES:
            raise ConfigError(f"no format {self.format!r}: give {', '.join(FORMATS)}")
        if self.depth not in SUBTYPES[self.format]:
            known = ", ".join(depth for depth in SUBTYPES[self.format] if depth != "default") or "no depth"
            raise ConfigError(f"{self.format} does not store {self.depth}: it has {known}")
        if self.kbps is not None:
            if self.format not in _KBPS:
                raise ConfigError(f"{self.format} has no bit rate: it loses nothing; leave --bitrate out")
            low, high = _KBPS[self.format]
            if not low <= self.kbps <= high:
                raise ConfigError(f"a bit rate of {self.kbps:g} kbit/s: {self.format} takes {low} to {high}")

    @property
    def subtype(self) -> str:
        """Name of the sample format in libsndfile."""
        return SUBTYPES[self.format][self.depth]

    @property
    def holds_any_level(self) -> bool:
        """Whether samples above full scale stay as they are."""
        return self.subtype == "FLOAT"

    def samplerate(self, samplerate: int) -> int:
        """Return the rate in Hz that a file gets: its own, or the next one up (else the highest) of the format."""
        rates = _RATES.get(self.format)
        if rates is None:
            return min(samplerate, _FLAC_HIGHEST_HZ) if self.format == "flac" else samplerate
        return next((rate for rate in rates if rate >= samplerate), rates[-1])

    def check_channels(self, channels: int) -> None:
        """Refuse more channels than the format has.

        Raises
        ------
        ConfigError
            When there are.
        """
        if channels > _CHANNELS[self.format]:
            raise ConfigError(f"{channels} channels do not fit into {self.format}, which has {_CHANNELS[self.format]}: "
                              f"give --format wav")

    def options(self, long: bool) -> dict[str, Any]:
        """Return arguments of `soundfile.SoundFile`; `long` for WAV of 4 GB and more."""
        container = "RF64" if self.format == "wav" and long else _CONTAINERS[self.format]
        options: dict[str, Any] = {"format": container, "subtype": self.subtype}
        if self.format == "mp3":
            options["bitrate_mode"] = "VARIABLE" if self.kbps is None else "CONSTANT"
            options["compression_level"] = 0.0 if self.kbps is None else _level(self.kbps, "mp3")
        elif self.format in _KBPS:
            options["compression_level"] = _level(self.kbps or 192.0, self.format)
        return options


def encoding_of(path: Path) -> Encoding:
    """Return the encoding that a file name asks for; WAV of 32-bit floats where it says nothing."""
    suffix = path.suffix.lower().lstrip(".")
    return Encoding(suffix if suffix in FORMATS else "wav")


def _level(kbps: float, name: str) -> float:
    """Compression level of libsndfile, 0 for the highest bit rate of the format to 1 for the lowest."""
    if name == "ogg":
        level = 1.0 - float(np.interp(kbps, _VORBIS_KBPS, np.linspace(0.0, 1.0, len(_VORBIS_KBPS))))
    else:
        low, high = _KBPS[name]
        level = (high - kbps) / (high - low)
    return min(_LEAST_LEVEL, max(0.0, level))
