"""`python -m training render`: stems of drums, guitar, bass, band and voice, and a player's own sounds beside them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rtsep.cli.numbers import number, whole
from rtsep.errors import ConfigError
from training.cli.machine import SEED


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("render", help="make stems of drums, guitar, bass, band and voice")
    parser.add_argument("out", type=Path, help="folder of stems")
    parser.add_argument("--hours", type=number(0, 10_000), default=4.0,
                        help="rendered sound of all kinds together in the folder; 0 renders nothing (default: 4)")
    parser.add_argument("--seconds", type=number(0.1, 36_000), default=16.0, help="length of a segment")
    parser.add_argument("--seed", type=SEED, default=1)
    parser.add_argument("--endless", action="store_true", help="go on, replacing the oldest segments")
    parser.add_argument("--processes", type=whole(1, 256), default=os.cpu_count() or 1)
    parser.add_argument("--guitar", type=Path, metavar="DIR", help="recordings of your own guitar")
    parser.add_argument("--backing", type=Path, metavar="DIR", help="songs without guitar, with drums or without")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.corpora.own_sounds import import_own
    from training.render.pool import PoolConfig, render_pool
    own = options.guitar or options.backing
    if own and options.endless:
        raise ConfigError("--endless never comes to --guitar and --backing: give them in a command of their own")
    if options.hours:
        config = PoolConfig(options.seconds, options.hours, options.seed, options.endless)
        print(f"{render_pool(options.data, options.out, config, options.processes)} segments in {options.out}")
    if own:
        print(import_own(options.out, options.guitar, options.backing))
