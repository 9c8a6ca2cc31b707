"""`python -m training average`: the mean of the weights of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("average", help="average the weights of runs that began alike")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="of runs from the same first weights")
    parser.add_argument("out", type=Path, help="the .pt file to write")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.run.average import average_checkpoints
    average_checkpoints(options.checkpoints, options.out)
    print(f"{options.out}, the mean of {len(options.checkpoints)}")
