"""Whether a data folder is complete and readable, folder by folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from rtsep.errors import ConfigError
from training.corpora.readable import check_midi, read_table
from training.corpora.sources import AUTHOR_COLUMNS, AUTHORS, INDEX, read_sources
from training.corpora.visible import visible
from training.render.amp_captures import read_capture
from training.render.library import read_index

SOUNDS, MIDI, CAPTURES = (".flac", ".opus", ".ogg", ".wav"), (".mid", ".midi"), (".nam",)
TABLES: dict[str, Callable[[Path], object]] = {
    INDEX: read_index, AUTHORS: lambda data: read_table(data / AUTHORS, AUTHOR_COLUMNS, "\t")}
SONGS = "medleydb"


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
    found += [Finding(name, 0, 0.0, faults) for name in TABLES if (faults := tuple(_table_faults(data, name)))]
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


def _table_faults(data: Path, name: str) -> Iterator[str]:
    if not (data / name).is_file():
        yield f"no file {name}"
        return
    try:
        TABLES[name](data)
    except ConfigError as error:
        yield str(error)


def _faults(files: list[Path]) -> Iterator[str]:
    """Read what each file says of itself; sounds are not decoded."""
    for path in files:
        try:
            if path.suffix.lower() in SOUNDS and not soundfile.info(path).frames:
                yield f"{path} is empty"
            elif path.suffix.lower() in MIDI:
                check_midi(path)
            elif path.suffix.lower() in CAPTURES:
                read_capture(path)
        except ConfigError as error:
            yield str(error)
        except (OSError, soundfile.LibsndfileError) as error:
            yield f"{path} cannot be read: {error}"
