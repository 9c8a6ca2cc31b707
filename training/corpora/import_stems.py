"""A corpus of songs as a folder of stems that the trainer mixes at random.

What may train what: drums, bass and vocals of any corpus. Electric guitar only where it has a stem of its own, so
nothing of MUSDB18, whose `other` holds guitars among the rest: as guitar it would teach keyboards, as accompaniment it
would teach that guitars belong there, so it is left out. So are stems of which the corpus does not say what plays, and
songs in whose stems other instruments are heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rtsep.audio.writer import AudioWriter
from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.detect import open_corpus, paper_split
from training.corpora.musdb import title_key
from training.corpora.songs import Corpus, Song, read_songs

PIECE_SECONDS = 16  # as long as a rendered segment
SILENT = 1e-4  # of a stem's mean power: -40 dB; pieces below are rests
FOLDERS = {"drums": "drums", "guitar": "guitar", "bass": "bass", "vocals": "voice", "other": "band"}
"""Folder of the trainer that each stem goes to; `unknown` has none."""


def import_corpus(root: Path, out: Path, split: str, seed: int, held_out: Path) -> str:
    """Write the stems of a corpus in pieces, `OUT/KIND/SONG-STEM-000.wav`, mono at 44.1 kHz.

    Parameters
    ----------
    root
        Folder of the corpus.
    out
        Folder of stems; other sounds in it stay.
    split
        `train`, `test` or `all`; MedleyDB, which has no parts, is parted as the paper did.
    seed
        Chooses the paper's songs.
    held_out
        Corpus that measures the trained models: songs of these titles are left out, unless it is `root` itself.

    Returns
    -------
    report
        What was written, left out and skipped, in words.

    Raises
    ------
    ConfigError
        When there is no corpus, or nothing in it that may train.
    AudioFileError
        When a piece cannot be written, for example on a full disk.
    """
    corpus = open_corpus(root)
    skipped: dict[str, str] = {}
    names = _names(corpus, split, seed, skipped)
    measured = _titles(held_out) if held_out.is_dir() and not held_out.samefile(root) else set()
    chosen = [name for name in names if title_key(name) not in measured]
    seconds = dict.fromkeys(FOLDERS.values(), 0.0)
    bleeding = 0
    for song in read_songs(corpus, chosen, skipped):
        bleeding += song.bleed
        if not song.bleed:
            _write_song(song, out, seconds, corpus.has_guitar_stems)
    if not any(seconds.values()):
        raise ConfigError(f"nothing of {root} may train: of {len(names)} songs {len(names) - len(chosen)} measure "
                          f"models, {bleeding} have bleed, {len(skipped)} could not be read; choose another --split")
    hours = ", ".join(f"{kind} {total / 3600:.2f} h" for kind, total in seconds.items() if total)
    words = [f"{hours} in {out}", f"{len(names) - len(chosen)} songs left out that measure models",
             f"{bleeding} left out for bleed", f"{len(skipped)} of {len(chosen)} skipped"]
    if not corpus.has_guitar_stems:
        words.append("no guitar: this corpus has none of its own, so add rendered or recorded guitar")
    return "; ".join(words)


def _names(corpus: Corpus, split: str, seed: int, skipped: dict[str, str]) -> list[str]:
    """Choose the songs of a part of a corpus."""
    if split == "all":
        return [name for names in corpus.splits.values() for name in names]
    parts = corpus.splits
    if "all" in parts and corpus.has_guitar_stems:
        parts = paper_split(corpus, skipped, seed)
    if split not in parts:
        raise ConfigError(f"this corpus has no part {split!r}, it has {', '.join(parts)}: choose another --split")
    return parts[split]


def _titles(root: Path) -> set[str]:
    """Titles of all songs of a corpus."""
    return {title_key(name) for names in open_corpus(root).splits.values() for name in names}


def _write_song(song: Song, out: Path, seconds: dict[str, float], guitar_apart: bool) -> None:
    """Write the pieces of one song, and count what they last."""
    for stem, folder in FOLDERS.items():
        if not song.plays(stem) or (stem == "other" and not guitar_apart):
            continue
        seconds[folder] += write_pieces(song.stem(stem), out / folder, f"{title_key(song.name)}-{stem}")


def write_pieces(audio: Audio, folder: Path, name: str) -> float:
    """Write `FOLDER/NAME-000.wav` and its like, mono at 44.1 kHz, without rests; return their length, s.

    Raises
    ------
    AudioFileError
        When a piece cannot be written.
    """
    seconds = 0.0
    for index, piece in _pieces(audio):
        with AudioWriter(folder / f"{name}-{index:03d}.wav", SAMPLERATE, 1, piece.size) as writer:
            writer.write(piece[np.newaxis])
        seconds += piece.size / SAMPLERATE
    return seconds


def _pieces(audio: Audio) -> Iterator[tuple[int, Audio]]:
    """Cut a stem, and leave out rests; a short last piece comes with the one before it."""
    frames = PIECE_SECONDS * SAMPLERATE
    power = float(np.mean(np.square(audio)))
    cuts = range(frames, audio.size - frames // 2, frames)
    for index, piece in enumerate(np.split(audio, cuts)):
        if np.mean(np.square(piece)) > SILENT * power:
            yield index, piece
