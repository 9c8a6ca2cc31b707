"""Songs in MedleyDB's own layout, as the four stems the project speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import yaml
from numpy.typing import NDArray

from rtsep.errors import AudioFileError, ConfigError

Audio = NDArray[np.float32]
GUITARS = ("clean electric guitar", "distorted electric guitar")
VOCALS = ("singer", "vocalist", "vocals", "rapper", "choir")


@dataclass(frozen=True)
class Song:
    """A multitrack, mono at 44.1 kHz; every stem has the same number of frames."""

    name: str
    drums: Audio
    guitar: Audio
    other: Audio
    vocals: Audio

    @property
    def has_guitar(self) -> bool:
        """Whether an electric guitar plays."""
        return bool(np.any(self.guitar))

    def mixture(self, target: str) -> tuple[Audio, Audio]:
        """Make the paper's mixture: the target at 0 dB against everything else but the vocals.

        Returns
        -------
        target, accompaniment
            Each (frames,); their sum is the mixture.
        """
        wanted = {"drums": self.drums, "guitar": self.guitar}[target]
        rest = self.other + (self.guitar if target == "drums" else self.drums)
        gain = np.sqrt(np.sum(np.square(rest)) / np.sum(np.square(wanted)))
        return wanted * np.float32(gain), rest


def stem_of(instrument: str) -> str:
    """Stem that an instrument name of MedleyDB's metadata belongs to."""
    if instrument == "drum set":
        return "drums"
    if instrument in GUITARS:
        return "guitar"
    return "vocals" if instrument.endswith(VOCALS) else "other"


def read_song(root: Path, name: str) -> Song:
    """Read the raw tracks of one song and sum them by stem.

    Raises
    ------
    ConfigError
        When the song or one of its files is missing; the message says which.
    AudioFileError
        When a file cannot be decoded.
    """
    card = root / "Metadata" / f"{name}_METADATA.yaml"
    if not card.is_file():
        raise ConfigError(f"no song {name} in {root}: expected {card}")
    fields = yaml.safe_load(card.read_text())
    tracks = [(raw["instrument"], root / "Audio" / name / fields["raw_dir"] / raw["filename"])
              for stem in fields["stems"].values() for raw in stem["raw"].values()]
    sums: dict[str, Audio] = {}
    for instrument, path in tracks:
        audio = _read(path)
        stem = stem_of(instrument)
        sums[stem] = sums[stem] + audio if stem in sums else audio
    frames = next(iter(sums.values())).size
    silence = np.zeros(frames, np.float32)
    return Song(name, *(sums.get(stem, silence) for stem in ("drums", "guitar", "other", "vocals")))


def song_names(root: Path) -> list[str]:
    """All songs of a MedleyDB folder, sorted.

    Raises
    ------
    ConfigError
        When there is none.
    """
    names = sorted(path.name.removesuffix("_METADATA.yaml") for path in (root / "Metadata").glob("*_METADATA.yaml"))
    if not names:
        raise ConfigError(f"no songs in {root}: expected Metadata/<track>_METADATA.yaml and Audio/<track>/")
    return names


def _read(path: Path) -> Audio:
    """Read one track as mono, as FLAC where the WAV that the metadata names is not there."""
    found = next((p for p in (path, path.with_suffix(".flac")) if p.is_file()), None)
    if found is None:
        raise ConfigError(f"no track {path} (nor as .flac), though the song's metadata names it")
    try:
        data, _ = soundfile.read(found, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{found} cannot be decoded: {error}") from None
    return np.ascontiguousarray(data.mean(axis=1), np.float32)
