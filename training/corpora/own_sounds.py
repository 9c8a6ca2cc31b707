"""A player's own guitar and backing tracks as sounds that the trainer mixes.

Backing tracks are whole bands without the guitar. The shipped `stage` takes the drums out: what it gets wrong there is
still no guitar, which is what there is to learn from them. Its drums are worse than rendered ones, and kept only where
there are no others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rtsep import separate
from rtsep.errors import ConfigError, RtsepError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.import_stems import write_pieces
from training.corpora.musdb import title_key
from training.corpora.songs import read_mono
from training.corpora.visible import visible

SPLITTER = "stage"
NO_DRUMS = 0.003  # of a backing track's energy: -25 dB; drums that are softer are none


def import_own(out: Path, guitar: Path | None, backing: Path | None) -> str:
    """Write own sounds in pieces: `OUT/own/`, and of backing tracks `OUT/other/` and, where it is empty, `OUT/drums/`.

    Parameters
    ----------
    out
        Folder of stems; other sounds in it stay.
    guitar
        Folder of recordings of the guitar alone, as it sounds in the mixture.
    backing
        Folder of songs without guitar.

    Returns
    -------
    report
        What was written and skipped, in words.

    Raises
    ------
    ConfigError
        When a folder holds no sound that can be read.
    AudioFileError
        When a piece cannot be written, for example on a full disk.
    """
    drummers = any((out / "drums").glob("*.*"))
    seconds = dict.fromkeys(("own", "drums", "other"), 0.0)
    skipped: list[Path] = []
    for name, audio in _sounds(guitar, skipped):
        seconds["own"] += write_pieces(audio, out / "own", name)
    for name, audio in _sounds(backing, skipped):
        drums, rest = _without_drums(audio)
        seconds["drums"] += 0.0 if drummers else write_pieces(drums, out / "drums", name)
        seconds["other"] += write_pieces(rest, out / "other", name)
    minutes = ", ".join(f"{kind} {total / 60:.1f} min" for kind, total in seconds.items() if total)
    return f"{minutes} in {out}" + (f"; {len(skipped)} files skipped" if skipped else "")


def _sounds(folder: Path | None, skipped: list[Path]) -> Iterator[tuple[str, Audio]]:
    """Read all sounds below a folder, each with a name of its own; name on stderr those that cannot be read."""
    if folder is None:
        return
    files = [path for path in visible(folder.rglob("*")) if path.is_file()]
    read = 0
    for index, path in enumerate(files):
        try:
            audio = read_mono(path)
        except RtsepError as error:
            skipped.append(path)
            print(f"skipped {path}: {error}", file=sys.stderr)
        else:
            read += 1
            yield f"own-{title_key(path.stem)}-{index}", audio
    if not read:
        raise ConfigError(f"{folder} has no sound that can be read, of {len(files)} files: give a folder of recordings "
                          "(wav, flac, mp3, ogg)")


def _without_drums(song: Audio) -> tuple[Audio, Audio]:
    """Take a song apart into drums, silence where it has none, and everything else; each (frames,)."""
    drums = separate(song, SAMPLERATE, SPLITTER)["drums"]
    if np.mean(np.square(drums)) < NO_DRUMS * np.mean(np.square(song)):
        drums = np.zeros_like(song)
    return drums, song - drums
