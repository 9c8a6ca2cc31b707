"""Options of the trainer and of the benches that are numbers have bounds."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
from training.cli import main

BENCHES = [f"bench.{path.stem}" for path in Path(bench.__file__).parent.glob("*.py") if path.stem != "__init__"]


class CaughtError(Exception):
    """Carries the parser of a program."""


def parser_of(module: str, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """Start a program as far as its parser."""
    def catch(self: argparse.ArgumentParser, _: object = None) -> None:
        raise CaughtError(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", catch)
    with pytest.raises(CaughtError) as caught:
        importlib.import_module(module).main([])
    return caught.value.args[0]


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what a parser and the parsers of its commands take."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from actions(inner)


@pytest.mark.parametrize("module", ["training.cli", *BENCHES])
def test_numbers_have_bounds(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(actions(parser_of(module, monkeypatch)))
    assert len(found) > 1
    assert not [action.option_strings for action in found if action.type in (int, float)]


@pytest.mark.parametrize(("words", "said"), [
    (["render", "out", "--hours", "inf"], "argument --hours: 'inf' is no number from 0 to 10000"),
    (["render", "out", "--processes", "0"], "argument --processes: '0' is no whole number from 1 to 256"),
    (["train", "stage", "stems", "run", "--validate-every", "0"], "'0' is no whole number from 1 to 1000000000"),
    (["train", "stage", "stems", "run", "--workers", "-1"], "argument --workers: '-1' is no whole number from 0"),
    (["train", "stage", "stems", "run", "--threads", "two"], "argument --threads: 'two' is no whole number from 1"),
])
def test_what_lies_outside_is_wrong_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert said in capsys.readouterr().err
