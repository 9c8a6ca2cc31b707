"""`python -m training export`: a checkpoint as a step model, or as a file model."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.machine import songs_if_any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("export", help="turn a checkpoint into a model and its card")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="the .onnx file to write")
    parser.add_argument("--float32", action="store_true", help="keep the weights as they are: four times the size")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.checkpoint import read_checkpoint
    from training.export import export
    from training.file_export import export_file_model
    from training.nets import FileNetworkConfig
    from training.recipe import recipe_from
    songs = songs_if_any(options.data)
    recipe = recipe_from(read_checkpoint(options.checkpoint)["recipe"], str(options.checkpoint))
    if isinstance(recipe.network, FileNetworkConfig):
        export_file_model(options.checkpoint, options.out, songs, options.data)
    else:
        export(options.checkpoint, options.out, songs, options.data, options.float32)
    print(f"{options.out} and its card")
