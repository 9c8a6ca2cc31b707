"""`python -m training import`: a corpus as a folder of stems that the trainer reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.machine import SEED


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("import", help="turn MedleyDB, MUSDB18 or a folder of songs into a folder of stems")
    parser.add_argument("corpus", type=Path, help="folder of the corpus")
    parser.add_argument("out", type=Path, help="folder of stems; may hold others already")
    parser.add_argument("--split", choices=("train", "test", "all"), default="train",
                        help="part of MUSDB18; of MedleyDB the paper's 8 and 4 songs, by --seed (default: %(default)s)")
    parser.add_argument("--seed", type=SEED, default=1, help="chooses the paper's songs of MedleyDB")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.corpora.import_stems import import_corpus
    report = import_corpus(options.corpus, options.out, options.split, options.seed, options.data / "medleydb")
    print(report)
