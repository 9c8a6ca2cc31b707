"""`python -m training train`: a recipe on a folder of stems."""

from __future__ import annotations

import argparse
from pathlib import Path

from rtsep.cli.numbers import whole
from rtsep.errors import ConfigError
from training.cli.machine import add_machine, mixes_if_any, songs_if_any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("train", help="train a recipe on a folder of stems")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("stems", type=Path, help="folder of stems")
    parser.add_argument("run", type=Path, help="folder for checkpoints and log.csv")
    parser.add_argument("--validate-every", type=whole(1, 10 ** 9), default=150, metavar="STEPS")
    parser.add_argument("--held-out", type=Path, metavar="FOLDER",
                        help="folder of stems that are not trained on; mixtures of them are scored beside the songs")
    parser.add_argument("--render", type=whole(0, 256), default=0, metavar="PROCESSES",
                        help="render meanwhile, and replace the oldest rendered sounds, so that they do not come again")
    add_machine(parser)
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", type=Path, metavar="CHECKPOINT", help="go on with a run exactly where it stopped")
    begin.add_argument("--from", dest="start", default="", metavar="MODEL",
                       help="begin with the weights of a checkpoint (.pt), of a step model (.onnx) or a shipped model")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    import torch

    from training.evaluation.renderings import rendered_mixes
    from training.file_models.networks import FileNetworkConfig
    from training.file_models.trainer import ClipTrainer
    from training.recipes.recipe import find_recipe
    from training.render.beside import rendering
    from training.run.devices import world
    from training.run.run import Run
    from training.run.trainer import Trainer
    torch.set_num_threads(options.threads)
    recipe, songs, mixes = find_recipe(options.recipe), songs_if_any(options.data), mixes_if_any(options.data)
    rendered = list(rendered_mixes(options.held_out, recipe.mixtures)) if options.held_out else []
    with world(options.device) as here:
        if isinstance(recipe.network, FileNetworkConfig):
            if options.start or here.size > 1:
                raise ConfigError(f"a {recipe.network.kind} is trained by one process and from the start: leave out "
                                  f"--from and torchrun; --resume goes on")
            trainer: Run = ClipTrainer(recipe, options.stems, songs, options.run, here, mixes, rendered)
        else:
            trainer = Trainer(recipe, options.stems, songs, options.run, here, options.start, mixes, rendered)
        if options.resume:
            trainer.resume(options.resume)
        options.run.mkdir(parents=True, exist_ok=True)
        with rendering(options.data, options.stems, options.render if here.leads else 0):
            trainer.train(options.validate_every, options.workers)
