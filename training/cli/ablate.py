"""`python -m training ablate`: a table of what single changes of a recipe are worth."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.machine import add_machine, mixes_if_any, songs_if_any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("ablate", help="train a recipe with single changes and write a table of scores")
    parser.add_argument("table", type=Path, help="YAML: base, overrides, seeds, rows (see training/recipes/ablations)")
    parser.add_argument("stems", type=Path, help="folder of stems")
    parser.add_argument("out", type=Path, help="folder for the runs and table.md; finished runs in it are kept")
    add_machine(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    import torch

    from training.run.ablate import ablate, read_ablation
    from training.run.devices import world
    torch.set_num_threads(options.threads)
    ablation, songs = read_ablation(options.table), songs_if_any(options.data)
    with world(options.device) as here:
        path = ablate(ablation, options.stems, songs, options.out, options.workers, here, mixes_if_any(options.data))
        if here.leads:
            print(path.read_text(), end="")
