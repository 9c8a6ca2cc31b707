"""What shells and `man` are told of rtsep is what its parser says."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import pytest

from rtsep import __version__
from rtsep.cli.main import build_parser

FOLDER = Path(__file__).parents[2] / "completions"
REMEDY = "make docs, or python scripts/write_completions.py"


def options() -> set[str]:
    """Every long option of every command."""
    (commands,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return {name for parser in commands.choices.values() for action in parser._actions
            for name in action.option_strings if name.startswith("--")}


@pytest.mark.parametrize("name", ["rtsep.bash", "_rtsep", "rtsep.1"])
def test_every_option_stands_in_the_files(name: str) -> None:
    text = (FOLDER / name).read_text().replace("\\-", "-")
    assert len(options()) > 30
    assert sorted(option for option in options() if option not in text) == [], REMEDY


def test_the_manual_page_is_of_this_version() -> None:
    assert f'"rtsep {__version__}"' in (FOLDER / "rtsep.1").read_text().partition("\n")[0], REMEDY


def test_bash_completes() -> None:
    script = (f"source {FOLDER / 'rtsep.bash'}; COMP_WORDS=(rtsep live --remo); COMP_CWORD=2; _shtab_rtsep; "
              'echo "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["--remove"]
