"""Whether a data folder is complete and readable, folder by folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from rtsep.errors import ConfigError
from training.corpora.sources import read_sources
from training.corpora.visible import visible

SOUNDS, MIDI, CAPTURES = (".flac", ".opus", ".ogg", ".wav"), (".mid", ".midi"), (".nam",)
INDEX, AUTHORS, SONGS = "samples/index.csv", "phrases/CREDITS.tsv", "medleydb"


@dataclass(frozen=True)
class Finding:
    """What a folder holds: files that count, megabytes, and what is wrong with it, a sentence each."""

    folder: str
    files: int
    megabytes: float
    faults: tuple[str, ...]


def check_data(data: Path) -> list[Finding]:
    """Look at every folder of the data folder that training reads.

    Raises
    ------
    ConfigError
        When there is no such folder.
    """
    if not data.is_dir():
        raise ConfigError(f"no folder {data}: give the one that holds samples/, phrases/, midi/, amps/ and irs/")
    folders = dict.fromkeys(source.folder for source in read_sources()
                            if source.folder and (not source.further or (data / source.folder).is_dir()))
    found = [_look(data, folder) for folder in folders]
    found += [Finding(name, 0, 0.0, (f"no file {name}",)) for name in (INDEX, AUTHORS) if not (data / name).is_file()]
    if (data / SONGS).is_dir():  # only scores need it
        found.append(_look(data, SONGS))
    return found


def _look(data: Path, folder: str) -> Finding:
    root = data / folder
    if not root.is_dir():
        return Finding(folder, 0, 0.0, (f"no folder {folder}",))
    files = [path for path in visible(root.rglob("*")) if path.suffix.lower() in (*SOUNDS, *MIDI, *CAPTURES)]
    faults = tuple(_faults(files)) or (() if files else (f"nothing to hear or play in {folder}",))
    return Finding(folder, len(files), sum(path.stat().st_size for path in files) / 1e6, faults)


def _faults(files: list[Path]) -> Iterator[str]:
    """Read what each file says of itself; sounds are not decoded."""
    for path in files:
        try:
            if path.suffix.lower() in SOUNDS and not soundfile.info(path).frames:
                yield f"{path} is empty"
            elif path.suffix.lower() in MIDI and path.open("rb").read(4) != b"MThd":
                yield f"{path} is no MIDI file"
        except (OSError, soundfile.LibsndfileError) as error:
            yield f"{path} cannot be read: {error}"
