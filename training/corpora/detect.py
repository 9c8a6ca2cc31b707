"""Which corpus a folder holds."""

from __future__ import annotations

from pathlib import Path

from rtsep.errors import ConfigError
from training.corpora.medleydb import MedleyDb
from training.corpora.musdb import SongFolders
from training.corpora.songs import Corpus, Song, read_songs


def open_corpus(root: Path) -> Corpus:
    """Open MedleyDB, MUSDB18 or a folder of songs, by what lies in it.

    Raises
    ------
    ConfigError
        When it is none of them; the message says what was looked for.
    """
    if not root.is_dir():
        raise ConfigError(f"no folder {root}: give the folder of MedleyDB, of MUSDB18, or of songs as folders of stems")
    is_medleydb = any((root / part).is_dir() for part in ("Metadata", "Audio"))
    return MedleyDb(root) if is_medleydb else SongFolders(root)


def validation_songs(data: Path) -> list[Song]:
    """All readable songs of `medleydb/` in a data folder, which measure models and never train them."""
    corpus = open_corpus(data / "medleydb")
    return list(read_songs(corpus, corpus.splits["all"], {}))
