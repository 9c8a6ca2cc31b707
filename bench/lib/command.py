"""What all benches share: options, errors as sentences, the report as JSON, exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtsep import RtsepError
from rtsep.audio.outputs import prepare_file
from rtsep.cli.numbers import number, whole

SECONDS = number(0.01, 36_000)  # of a measurement
PERIOD = whole(16, 8192)  # frames
TURNS = whole(1, 10 ** 6)
USAGE = 2  # exit code of what cannot be measured; 1 is a measurement that fails, 0 one that passes


def parser_of(name: str, doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a bench; every bench writes its report with `--json`.

    Parameters
    ----------
    name
        Of the module, below `bench`.
    doc
        Of the module; the first line says what it measures.
    """
    parser = argparse.ArgumentParser(f"python -m bench.{name}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    return parser


def run_bench(parser: argparse.ArgumentParser, options: argparse.Namespace, measure: Callable[[], Any],
              show: Callable[[Any], None], fails: Callable[[Any], bool] = lambda report: False) -> int:
    """Measure, print, write the report.

    Parameters
    ----------
    parser, options
        Of `parser_of`, and what it read.
    measure
        Returns the report, which JSON can hold.
    show
        Prints it.
    fails
        Whether a report says that what is measured is not good enough.

    Returns
    -------
    code
        Exit code: 0, 1 where the report fails, 2 where nothing can be measured, with a sentence on standard error.
    """
    try:
        if options.json:
            prepare_file(options.json)
        report = measure()
        show(report)
        if options.json:
            options.json.write_text(json.dumps(report, indent=1))
    except (RtsepError, OSError) as error:
        print(f"{parser.prog.removeprefix('python -m ')}: {error}", file=sys.stderr)
        return USAGE
    return int(fails(report))
