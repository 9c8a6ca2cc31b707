"""Arguments of the trainer's commands; each one does its work in a module of its own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.errors import RtsepError

if TYPE_CHECKING:
    from training.data.medleydb import Song
    from training.recipe import Recipe

DATA = Path(os.environ.get("RTSEP_DATA", "../shared/data"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 failure, 2 usage."""
    parser = argparse.ArgumentParser("python -m training", description="Render stems, train, measure, export.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with samples/, midi/, medleydb/")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_render, _add_train, _add_evaluate, _add_export):
        add(commands)
    options = parser.parse_args(arguments)
    try:
        options.command(options)
    except RtsepError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: stopped; the last checkpoint and all finished files are whole", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _add_render(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("render", help="make stems of drums, guitar, bass, band and voice")
    parser.add_argument("out", type=Path, help="folder of stems")
    parser.add_argument("--hours", type=float, default=4.0, help="sound of all kinds together")
    parser.add_argument("--seconds", type=float, default=16.0, help="length of a segment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first segment of each kind")
    parser.add_argument("--endless", action="store_true", help="go on, replacing the oldest segments")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.set_defaults(command=_render)


def _render(options: argparse.Namespace) -> None:
    from training.render.pool import PoolConfig, render_pool
    config = PoolConfig(options.seconds, options.hours, options.seed, options.first, options.endless)
    print(f"{render_pool(options.data, options.out, config, options.processes)} segments in {options.out}")


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("train", help="train a recipe on a folder of stems")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("stems", type=Path, help="folder of stems")
    parser.add_argument("run", type=Path, help="folder for checkpoints and log.csv")
    parser.add_argument("--validate-every", type=int, default=150, metavar="STEPS")
    parser.add_argument("--workers", type=int, default=1, help="processes that mix")
    parser.add_argument("--threads", type=int, default=1, help="threads that train")
    parser.add_argument("--resume", type=Path, metavar="CHECKPOINT")
    parser.set_defaults(command=_train)


def _train(options: argparse.Namespace) -> None:
    import torch

    from training.trainer import Trainer
    torch.set_num_threads(options.threads)
    options.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(_recipe(options.recipe), options.stems, _songs(options), options.run)
    if options.resume:
        trainer.resume(options.resume)
    trainer.train(options.validate_every, options.workers)


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("evaluate", help="measure a step model on real songs")
    parser.add_argument("model", help="name of a shipped model, or an .onnx file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores of every song")
    parser.set_defaults(command=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    import json

    from rtsep.model import StepModel, find_model
    from training.evaluate import evaluate, runtime_separator, show
    from training.validation import targets_of
    path = find_model(options.model)
    result = evaluate(runtime_separator(path), _songs(options), targets_of(StepModel(path).info.stems))
    show(result, options.model)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("export", help="turn a checkpoint into a step model and its card")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="the .onnx file to write")
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> None:
    from training.export import export
    export(options.checkpoint, options.out, _songs(options), options.data)
    print(f"{options.out} and its card")


def _songs(options: argparse.Namespace) -> list[Song]:
    from training.data.medleydb import read_song, song_names
    root = options.data / "medleydb"
    return [read_song(root, name) for name in song_names(root)]


def _recipe(name: str) -> Recipe:
    from training.recipe import read_recipe
    named = Path(__file__).with_name("recipes") / f"{name}.yaml"
    return read_recipe(named if named.is_file() else Path(name))
