"""`python -m training render`: stems of drums, guitar, bass, band and voice."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("render", help="make stems of drums, guitar, bass, band and voice")
    parser.add_argument("out", type=Path, help="folder of stems")
    parser.add_argument("--hours", type=float, default=4.0, help="sound of all kinds together")
    parser.add_argument("--seconds", type=float, default=16.0, help="length of a segment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first segment of each kind")
    parser.add_argument("--endless", action="store_true", help="go on, replacing the oldest segments")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.render.pool import PoolConfig, render_pool
    config = PoolConfig(options.seconds, options.hours, options.seed, options.first, options.endless)
    print(f"{render_pool(options.data, options.out, config, options.processes)} segments in {options.out}")
