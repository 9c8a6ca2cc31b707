"""What several commands of the trainer ask of the machine and of the data folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.cli.numbers import whole

if TYPE_CHECKING:
    from training.corpora.full_mixes import FullMix
    from training.corpora.songs import Song

WORKERS, THREADS = whole(0, 256), whole(1, 256)
SEED = whole(0, 2 ** 32 - 1)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Declare what a run may use of the machine."""
    parser.add_argument("--workers", type=WORKERS, default=1, help="processes that mix")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads that train on a CPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def songs_if_any(data: Path) -> list[Song]:
    """Songs of `medleydb/` in a data folder; none, and a word about it, where there is no such folder."""
    from training.corpora.detect import validation_songs
    if (data / "medleydb").is_dir():
        return validation_songs(data)
    print(f"no folder {data / 'medleydb'}: no scores on real songs", file=sys.stderr)
    return []


def mixes_if_any(data: Path) -> list[FullMix]:
    """Full mixes of `medleydb/` in a data folder; none where it lacks `mixes.yaml`."""
    from training.corpora.full_mixes import read_full_mixes
    from training.corpora.mix_plan import FILE
    return list(read_full_mixes(data / "medleydb")) if (data / "medleydb" / FILE).is_file() else []
