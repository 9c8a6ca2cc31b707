"""Write what shells and `man` know of rtsep out of its own parser: python scripts/write_completions.py."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import shtab
from argparse_manpage.manpage import Manpage

from rtsep import __version__
from rtsep.cli.main import build_parser

FOLDER = Path(__file__).parents[1] / "completions"
PLACES = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
"""What stands for a path, by the word that the help has for it."""


def documents() -> dict[str, str]:
    """Make the files by their names."""
    os.environ["COLUMNS"] = "80"  # else the width of this terminal decides how usage is wrapped
    parser = build_parser()
    for action in _actions(parser):
        if action.metavar in PLACES:
            action.complete = PLACES[action.metavar]  # type: ignore[attr-defined]
    _, _, page = str(Manpage(parser)).partition("\n.SH SYNOPSIS")
    page = (f'.TH RTSEP 1 "" "rtsep {__version__}" "User Commands"\n.SH NAME\nrtsep \\- live instrument separation\n'
            f".SH SYNOPSIS{page}")
    return {"rtsep.bash": shtab.complete(parser, "bash"), "_rtsep": shtab.complete(parser, "zsh"),
            "rtsep.1": page}


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every action of a parser and of the parsers of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
