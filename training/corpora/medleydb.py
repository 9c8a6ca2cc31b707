"""Songs in MedleyDB's own layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training.corpora.songs import Song, find_audio, read_mono, sum_tracks

CARD = "_METADATA.yaml"
INSTRUMENTS = {
    "drums": ("drum set", "kick drum", "bass drum", "snare drum", "toms", "high hat", "cymbal", "drum machine", "gong",
              "auxiliary percussion", "bongo", "conga", "darbuka", "doumbek", "tabla", "tambourine", "shaker",
              "maracas", "cabasa", "rattle", "guiro", "castanet", "claps", "cowbell", "gu", "triangle", "sleigh bells"),
    "guitar": ("clean electric guitar", "distorted electric guitar"),
    "bass": ("electric bass", "double bass"),
    "unknown": ("Main System", "Unlabeled"),
}
"""Names of MedleyDB's taxonomy by stem; voices are known by their endings, everything else is `other`.

Percussion without a pitch is drums, as what the renderer plays is; mallets, bells and timpani are `other`.
"""
VOICES = ("singer", "vocalists", "speaker", "rapper", "screamer", "choir", "beatboxing", "crowd")


class MedleyDb:
    """A MedleyDB folder: `Metadata/<track>_METADATA.yaml` and `Audio/<track>/` with stems or raw tracks.

    Stems are read where they are, since their sum is the record's own balance, else raw tracks.

    Raises
    ------
    ConfigError
        When there is no song.
    """

    has_guitar_stems = True

    def __init__(self, root: Path) -> None:
        self.root = root
        cards = {path.name.removesuffix(CARD) for path in (root / "Metadata").glob(f"*{CARD}")}
        names = sorted(name for name in cards if (root / "Audio" / name).is_dir())
        if not names:
            raise ConfigError(f"no songs in {root}: expected Metadata/<track>{CARD} ({len(cards)} are there) beside "
                              f"Audio/<track>/ of the same track; MedleyDB's metadata come apart from its sound, in "
                              f"medleydb/data/Metadata of its repository")
        self.splits = {"all": names}

    def stems_of(self, name: str) -> set[str]:
        """Stems of a song, by its metadata."""
        return {stem_of(stem["instrument"]) for stem in self._card(name)["stems"].values()}

    def read(self, name: str) -> Song:
        """Read a song; see `Corpus.read`."""
        return Song(name, sum_tracks(self.tracks(name)), bleed=self._card(name).get("has_bleed") == "yes")

    def tracks(self, name: str) -> list[tuple[str, Audio]]:
        """Read every track of a song, mono, with the stem that it belongs to; errors as of `Corpus.read`."""
        card = self._card(name)
        folder = self.root / "Audio" / name
        if (folder / card["stem_dir"]).is_dir():
            tracks = [(stem_of(stem["instrument"]), folder / card["stem_dir"] / stem["filename"])
                      for stem in card["stems"].values()]
        elif (folder / card["raw_dir"]).is_dir():
            tracks = [(stem_of(stem["instrument"]), folder / card["raw_dir"] / raw["filename"])
                      for stem in card["stems"].values() for raw in stem["raw"].values()]
        else:
            raise ConfigError(f"no sound of {name}: expected {folder / card['stem_dir']} or {folder / card['raw_dir']}")
        return [(stem, read_mono(find_audio(path))) for stem, path in tracks]

    def _card(self, name: str) -> dict[str, Any]:
        """Metadata of a song, with all fields that are used here."""
        path = self.root / "Metadata" / f"{name}{CARD}"
        if not path.is_file():
            raise ConfigError(f"no song {name} in {self.root}: expected {path}")
        try:
            card: dict[str, Any] = yaml.safe_load(path.read_text())
            tracks = [track for stem in card["stems"].values() for track in (stem, *stem["raw"].values())]
            if not tracks or any(not isinstance(track["filename"], str) or not track["instrument"] for track in tracks):
                raise ValueError("a track without a file name or an instrument")
            bleed = "yes" if card.get("has_bleed") in ("yes", True) else "no"  # YAML reads a bare yes as true
            return {"stem_dir": f"{name}_STEMS", "raw_dir": f"{name}_RAW"} | card | {"has_bleed": bleed}
        except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path} is no metadata of MedleyDB ({' '.join(str(error).split())})") from None


def stem_of(instrument: str | list[str]) -> str:
    """Stem that an instrument, or several that were recorded together, belong to."""
    if not isinstance(instrument, str):
        stems = {stem_of(one) for one in instrument}
        return stems.pop() if len(stems) == 1 else "unknown"
    for stem, names in INSTRUMENTS.items():
        if instrument in names:
            return stem
    return "vocals" if instrument.endswith(VOICES) else "other"
