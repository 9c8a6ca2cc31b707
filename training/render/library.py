"""The recorded instruments, performances and responses that the renderer plays with, decoded on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.readable import read_table, reading
from training.corpora.sources import INDEX, INDEX_COLUMNS
from training.corpora.visible import visible

HAND_DRUMS = ("mridangam", "bendir", "tamborim", "tabla")
"""In the names of the phrases of `other` that are drums here: percussion without a pitch."""
HELD_OUT = ("kathleen", "erithacus")
"""In the names of the phrases of a speaker and a singer whom no weights hear: they show what generalises."""


@dataclass(frozen=True)
class Sample:
    """One recorded note or hit of an instrument, as `samples/index.csv` describes it."""

    instrument: str
    name: str
    path: Path
    seconds: float
    peak: float
    rms_db: float
    midi: float | None  # from the file's name, see `data/README.md` for the offset of each instrument


@lru_cache(maxsize=3000)
def read_audio(path: Path) -> Audio:
    """Decode a file to mono float32 at 44.1 kHz, shape (frames,); cached, so do not write into it."""
    with reading(path, "sound"):
        data, samplerate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = data.mean(axis=1)
    if samplerate != SAMPLERATE:
        mono = soxr.resample(mono, samplerate, SAMPLERATE)
    mono = np.ascontiguousarray(mono, dtype=np.float32)
    mono.flags.writeable = False
    return mono


def read_index(root: Path) -> dict[str, list[Sample]]:
    """Read `samples/index.csv` of a data folder, keeping the rows whose file is here, grouped by instrument.

    Raises
    ------
    ConfigError
        When it cannot be read.
    """
    found: dict[str, list[Sample]] = {}
    index = root / INDEX
    for row in read_table(index, INDEX_COLUMNS):
        folder = root / "samples" / row["inst"]
        paths = [folder / f"{row['file']}.{ending}" for ending in ("flac", "opus")]
        path = next((p for p in paths if p.exists()), None)
        if path is None:
            continue
        with reading(index, f"numbers of {row['file']}"):
            sample = Sample(row["inst"], row["file"], path, float(row["dur_s"]), float(row["peak"]),
                            float(row["rms300ms_db"]), _number(row["midi_from_name"]))
        found.setdefault(row["inst"], []).append(sample)
    return found


class Library:
    """Index of the data folder: `samples/`, `phrases/`, `midi/`, `amps/` and `irs/`.

    Parameters
    ----------
    root
        Folder that holds the five sub-folders.

    Raises
    ------
    ConfigError
        When a sub-folder is missing; the message names it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("samples", "phrases", "midi", "amps", "irs"):
            if not (root / name).is_dir():
                raise ConfigError(f"no folder {name}/ in {root}: point --data at the folder that holds it")
        self.samples = read_index(root)

    def phrases(self, kind: str) -> list[Path]:
        """Played phrases of one class folder (`voice`, `drums`, `keys`, ...) that training may hear, by name."""
        return [path for path in visible((self.root / "phrases" / kind).glob("*.*")) if is_heard(path.name)]

    def performances(self, collection: str) -> list[Path]:
        """MIDI files of `groove` or `freedoom`, sorted by path."""
        return visible((self.root / "midi" / collection).rglob("*.mid"))

    def impulse_responses(self, pattern: str) -> list[Path]:
        """Files under `irs/` whose relative path matches a glob pattern, sorted."""
        return visible((self.root / "irs").glob(pattern))


def is_heard(name: str) -> bool:
    """Whether training may hear a phrase of this name: nobody who is held out."""
    return not any(person in name for person in HELD_OUT)


def _number(text: str) -> float | None:
    return float(text) if text.strip() else None
