"""The command line: finds the command, runs it, turns errors into sentences and exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from rtsep import __version__
from rtsep.errors import RtsepError

COMMANDS = ("live", "separate", "devices", "doctor", "models", "midi")
"""Modules of this package with `add_parser(subparsers)`, which sets `run(args) -> exit code`."""

_INTERRUPTED = 130  # what shells expect after Ctrl-C


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every command's own."""
    parser = argparse.ArgumentParser(prog="rtsep", description="Take the guitar or the drums out of a mix, live or "
                                     "from a file.", epilog="rtsep COMMAND --help explains a command.")
    parser.add_argument("--version", action="version", version=f"rtsep {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"rtsep.cli.{name}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        Arguments without the program's name; default those of the process.

    Returns
    -------
    code
        0 success, 1 failure, 130 interrupted; wrong usage exits with 2.
    """
    try:
        args = build_parser().parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except RtsepError as error:
        print_error(error)
        return 1
    except KeyboardInterrupt:
        with suppress(OSError):
            print("rtsep: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as in `rtsep models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def print_error(error: RtsepError) -> None:
    """Print an error as one line on stderr."""
    print(f"rtsep: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
