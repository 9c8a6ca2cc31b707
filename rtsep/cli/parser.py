"""The parser of a command: options stand anywhere, and wrong ones are told with the nearest that there is."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rtsep.cli.streams import bounded_line


def named_path(text: str) -> Path:
    """Take a path, as the type of an option; an empty one would be the present folder."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no path: name a file or a folder")
    return Path(text)


class CommandParser(argparse.ArgumentParser):
    """Takes options before, between and after the names of files, and explains wrong ones itself."""

    _nested = False
    _given: Sequence[str] = ()

    def parse_known_args(self, args: Sequence[str] | None = None,  # type: ignore[override]
                         namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse; unknown arguments are an error of this command and not of the whole program."""
        if self._nested or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._nested, self._given = True, args or ()
        try:
            found, unknown = self.parse_known_intermixed_args(_no_options_after_dashes(self._given), namespace)
        finally:
            self._nested = False
        if unknown:
            self.error(self._explain(unknown))
        return found, []

    def error(self, message: str) -> NoReturn:
        """Show the usage and a message of bounded length, and exit with 2."""
        files = [f"; is {word} a file? write ./{word}"
                 for word in self._given if word.startswith("-") and os.path.exists(word)]
        super().error(bounded_line(message + "".join(files)))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is no choice, and name the nearest."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += _nearest(str(value), [str(choice) for choice in action.choices or ()])
            raise

    def _explain(self, unknown: Sequence[str]) -> str:
        known = [option for action in self._actions for option in action.option_strings]
        words = [word + (_nearest(word.partition("=")[0], known) if word.startswith("-") else "") for word in unknown]
        return f"unknown arguments: {' '.join(words)}"


def _no_options_after_dashes(args: Sequence[str]) -> list[str]:
    """Write names behind `--` that begin with a dash as paths, which argparse takes for options where it mixes them."""
    end = args.index("--") if "--" in args else len(args)
    names = (f"./{word}" if len(word) > 1 and word.startswith("-") else word for word in args[end + 1:])
    return [*args[:end + 1], *names]


def _nearest(word: str, known: Sequence[str]) -> str:
    """Name what may have been meant, as an addition to a message; empty where nothing is near."""
    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
