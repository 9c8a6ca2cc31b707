"""Command line of the trainer; each command has a module, which does its work in modules of its own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rtsep.errors import RtsepError
from training.cli import ablate, average, check, evaluate, export, import_corpus, listening_test, render, train
from training.memory import memory_told

DATA = Path(os.environ.get("RTSEP_DATA", "../shared/data"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 failure, 2 usage."""
    parser = argparse.ArgumentParser("python -m training", description="Render stems, train, measure, export.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with samples/, midi/, medleydb/")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (check, render, import_corpus, train, average, ablate, evaluate, export, listening_test):
        module.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        with memory_told():
            options.command(options)
    except RtsepError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package in ("bench", "rtsep", "training"):
            raise
        print(f"training: {package} is not installed: pip install 'rtsep[train]' has all that the trainer needs",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: stopped; the last checkpoint and all finished files are whole", file=sys.stderr)
        return 1
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error
        print(f"training: {said}", file=sys.stderr)
        return 1
    return 0
