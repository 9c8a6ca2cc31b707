"""Seconds of audio that a second of training hears, for each recipe: python -m bench.training.

Mixing alone is what the loader delivers when nothing is trained, and waiting the part of the time in which training
waits for it: the loader is no bottleneck where the one is well above the training's figure and the other nought.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from rich.console import Console
from rich.table import Table

from bench.lib.command import TURNS, parser_of, run_bench
from training import SAMPLERATE
from training.cli.machine import THREADS, WORKERS
from training.file_models.networks import FileNetworkConfig
from training.mixing.loader import PREFETCH
from training.recipes.recipe import Recipe, find_recipe, recipe_names
from training.run.devices import World, world
from training.run.trainer import Trainer

WARM_UP_STEPS = 2


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("training", __doc__)
    parser.add_argument("--recipe", action="append", metavar="NAME", help="default: every streaming network's")
    parser.add_argument("--stems", type=Path, metavar="DIR", help="folder of stems (default: noise, made for this)")
    parser.add_argument("--steps", type=TURNS, default=8, help="timed steps of each recipe")
    parser.add_argument("--workers", type=WORKERS, default=1, help="processes that mix")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads that train on a CPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)

    def report() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder, world(options.device) as here:
            stems = options.stems or make_stems(Path(folder))
            rows = [measure(recipe, stems, options.steps, options.workers, here) for recipe in chosen(options.recipe)]
        device = torch.cuda.get_device_name() if here.device.type == "cuda" else f"CPU, {options.threads} threads"
        return {"device": device, "workers": options.workers, "torch": torch.__version__,
                "system": platform.platform(), "results": rows}

    return run_bench(parser, options, report,
               lambda found: show(found["results"], f"{found['device']}, {options.workers} processes mixing"))


def chosen(names: list[str] | None) -> list[Recipe]:
    """Read the recipes of these names, or all that come along; those of streaming networks only."""
    recipes = [find_recipe(name) for name in names or recipe_names()]
    return [recipe for recipe in recipes if not isinstance(recipe.network, FileNetworkConfig)]


def measure(recipe: Recipe, stems: Path, steps: int, workers: int, here: World) -> dict[str, Any]:
    """Time whole steps of a recipe, and how much of them is waiting for a batch."""
    config = recipe.optimiser
    trainer = Trainer(recipe, stems, [], Path(), here)  # saves nothing: only `train` writes
    batches = trainer.batches(workers)
    waited = 0.0
    for step in range(WARM_UP_STEPS + steps):
        if step == WARM_UP_STEPS:
            began, waited = time.perf_counter(), 0.0
        turn = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - turn
        trainer.update(*batch)  # reads the loss, so a GPU has finished when it returns
    seconds = time.perf_counter() - began
    del batches  # ends its processes
    heard = steps * config.lanes * config.chunk_seconds
    parameters = sum(parameter.numel() for parameter in trainer.net.parameters())
    return {"recipe": recipe.name, "parameters": parameters, "lanes": config.lanes,
            "chunk_seconds": config.chunk_seconds, "step_seconds": seconds / steps,
            "audio_seconds_per_second": heard / seconds, "loader_share": waited / seconds,
            "loader_audio_seconds_per_second": heard / _mixing_seconds(trainer, steps, workers)}


def _mixing_seconds(trainer: Trainer, steps: int, workers: int) -> float:
    """Time the batches of so many steps without training on them."""
    batches = trainer.batches(workers)
    for _ in range(PREFETCH + 1):  # what lies ready when the first batch is there
        next(batches)
    began = time.perf_counter()
    for _ in range(steps):
        next(batches)
    return time.perf_counter() - began


def make_stems(root: Path) -> Path:
    """Write sounds to mix; what they sound like does not change how long a step takes."""
    rng = np.random.default_rng(1)
    for kind in ("drums", "guitar", "bass", "band", "voice"):
        (root / kind).mkdir()
        for index in range(4):
            soundfile.write(root / kind / f"{index}.wav", 0.1 * rng.standard_normal(16 * SAMPLERATE), SAMPLERATE)
    return root


def show(rows: list[dict[str, Any]], title: str) -> None:
    """Print the table."""
    table = Table("recipe", "parameters", "lanes x seconds", "step, s", "audio s/s", "mixing alone", "waiting",
                  title=title)
    for row in rows:
        table.add_row(row["recipe"], f"{row['parameters'] / 1e6:.1f} M", f"{row['lanes']} x {row['chunk_seconds']:g}",
                      f"{row['step_seconds']:.2f}", f"{row['audio_seconds_per_second']:.1f}",
                      f"{row['loader_audio_seconds_per_second']:.0f}", f"{100 * row['loader_share']:.0f} %")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
