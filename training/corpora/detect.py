"""Which corpus a folder holds, and which of its songs are for what."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtsep.errors import ConfigError
from training.corpora.medleydb import MedleyDb
from training.corpora.musdb import SongFolders
from training.corpora.songs import Corpus, Song, read_songs, stems_of

PAPER_SONGS = {"test": 4, "train": 8}
"""Songs of each part of a corpus that has none, as the paper took them."""


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


def paper_split(corpus: Corpus, skipped: dict[str, str], seed: int) -> dict[str, list[str]]:
    """Choose 4 songs to test and 8 to train out of all with electric guitar and drums; of few songs, test comes first.

    Raises
    ------
    ConfigError
        When no song has both.
    """
    found = {name: stems_of(corpus, name, skipped) for names in corpus.splits.values() for name in sorted(names)}
    both = [name for name, stems in found.items() if {"guitar", "drums"} <= stems]
    if not both:
        raise ConfigError(f"none of {len(found)} songs has electric guitar and drums, which the paper's protocol needs")
    order = np.random.default_rng(seed).permutation(len(both))
    chosen = [both[index] for index in order]
    tests = PAPER_SONGS["test"]
    return {"test": chosen[:tests], "train": chosen[tests:tests + PAPER_SONGS["train"]]}
