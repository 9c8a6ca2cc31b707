"""`python -m training export`: a checkpoint as a step model, or as a file model."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.machine import mixes_if_any, songs_if_any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("export", help="turn a checkpoint into a model and its card")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", help="the .onnx file to write, or a new name by which rtsep then knows the model")
    parser.add_argument("--float32", action="store_true", help="keep the weights as they are: four times the size")
    parser.add_argument("--credit", action="append", default=[], metavar="TEXT",
                        help="of a sound that the weights have heard and the data folder does not name; may come again")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.export.export import export
    from training.file_models.export import export_file_model
    from training.file_models.networks import FileNetworkConfig
    from training.recipes.recipe import recipe_from
    from training.run.checkpoint import read_checkpoint
    out = _out(options.out)
    songs, mixes = songs_if_any(options.data), mixes_if_any(options.data)
    recipe = recipe_from(read_checkpoint(options.checkpoint)["recipe"], str(options.checkpoint))
    if isinstance(recipe.network, FileNetworkConfig):
        export_file_model(options.checkpoint, out, songs, options.data, mixes, options.credit)
    else:
        export(options.checkpoint, out, songs, options.data, options.float32, mixes, options.credit)
    print(f"{out} and what belongs to it")


def _out(name: str) -> Path:
    """Path of a model to write: a file as it is given, a plain name in the folder of the models."""
    from rtsep.errors import ConfigError
    from rtsep.model.catalogue import model_folder
    if name.lower().endswith(".onnx"):
        return Path(name)
    path = model_folder() / f"{name}.onnx"
    if Path(name).name != name:
        raise ConfigError(f"{name} is neither a file that ends in .onnx nor a plain name")
    if path.exists():
        raise ConfigError(f"there is a model {name} already: give another name, or {path} to replace it")
    return path
