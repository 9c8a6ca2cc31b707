"""The command line: finds the command, runs it, turns errors into sentences and exit codes."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rtsep import __version__
from rtsep.cli.parser import CommandParser
from rtsep.cli.streams import (
    bounded_line,
    flush_output,
    leave,
    prepare_streams,
    print_line,
    settle_messages,
    settle_output,
)
from rtsep.errors import RtsepError
from rtsep.signals import STOP_SIGNALS, StoppedError, none_swallowed

COMMANDS = ("live", "separate", "devices", "doctor", "models", "midi", "pipewire")
"""Modules of this package with `add_parser(subparsers)`, which sets `run(args) -> exit code`."""


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the parser with the commands' own ones."""
    parser = CommandParser(prog="rtsep", description="Take the guitar or the drums out of a mix, live or "
                                     "from a file.", epilog="rtsep COMMAND --help explains a command.")
    parser.add_argument("--version", action="version", version=f"rtsep {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=CommandParser)
    for name in commands:
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
        0 success, 1 failure, 128 and the number of a signal that ended it (Ctrl-C: 130); wrong usage exits with 2.
    """
    prepare_streams()
    try:
        with _ended_by_signals():
            try:
                given = sys.argv[1:] if argv is None else argv
                args = build_parser([name for name in COMMANDS if name in given[:1]] or COMMANDS).parse_args(given)
                code: int = args.run(args)
            except StoppedError:
                raise
            except SystemExit:  # --help, --version and wrong usage
                flush_output()
                raise
            flush_output()
            return code
    except RtsepError as error:
        print_error(error)
        return 1
    except KeyboardInterrupt:
        print_line("rtsep: interrupted")
        return 128 + signal.SIGINT
    except StoppedError as ended:
        settle_output()
        print_line(f"rtsep: ended by {signal.Signals(ended.number).name}")
        return 128 + ended.number
    except BrokenPipeError:  # the reader of our output has left, as in `rtsep models | head -1`
        leave(sys.stdout)
        return 1
    except OSError as error:  # every file that rtsep opens has its own sentence; this is the output
        print_error(error)
        leave(sys.stdout)
        return 1
    finally:
        settle_messages()


def print_error(error: Exception, where: Path | None = None) -> None:
    """Print an error as one line on stderr; `where` is the file that one happened to that is no `RtsepError`."""
    text = str(error) if isinstance(error, RtsepError) else _describe(error, where)
    print_line(f"rtsep: {bounded_line(text)}")


def _describe(error: Exception, where: Path | None) -> str:
    """Words for an error that nobody expected."""
    reason = getattr(error, "strerror", None) or str(error) or "no more is known"
    if isinstance(error, MemoryError):
        reason = "the memory of this computer is not enough"
    if where is None:
        return f"cannot go on: {reason}"
    return f"{where} cannot be separated: {reason} ({type(error).__name__})"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end the program unwind it, so that it leaves no half files; as they were afterwards."""
    def end(number: int, _: FrameType | None) -> None:
        raise StoppedError(number)

    before: dict[int, Any] = {}
    try:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup has a closed terminal ignored
                before[number] = signal.signal(number, end)
    except ValueError:  # not the main thread, whose matter signals are
        pass
    try:
        with none_swallowed():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
