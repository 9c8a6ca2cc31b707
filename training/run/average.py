"""The mean of the weights of several runs that began alike: one network of the same cost that generalises better.

Runs that share their beginning end in one basin of the loss, where each has gone its own way in directions that
renderings do not fix. The mean takes that back (Izmailov et al., "Averaging weights leads to wider optima and
better generalization", 2018; Wortsman et al., "Model soups", 2022). Runs with other first weights must not be
averaged: their units do not mean the same.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from pathlib import Path

import torch

from rtsep.errors import ConfigError
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.journal import Curve
from training.run.start import Past


def average_checkpoints(sources: Sequence[Path], out: Path) -> None:
    """Write a checkpoint with the mean of the averaged weights; what else it says is of the first one.

    It can be exported, evaluated and begun from (`--from`), not resumed. Its steps and hours are those of all
    runs together; what several runs began from counts once, another source included.

    Parameters
    ----------
    sources
        Checkpoints of one network; those in one folder are of one run if their logs name one.
    out
        Where it goes.

    Raises
    ------
    ConfigError
        When the networks differ, a file cannot be used, or there is one where the mean goes.
    """
    if os.path.lexists(out):
        raise ConfigError(f"{out} is there, and is kept: give another name for the mean")
    contents = [read_checkpoint(path) for path in sources]
    first = contents[0]
    for path, content in zip(sources, contents, strict=True):
        if content["recipe"]["network"] != first["recipe"]["network"]:
            raise ConfigError(f"{path} holds another network than {sources[0]}: only one network has a mean")
    mean = {name: torch.stack([content["ema"][name] for content in contents]).double().mean(dim=0).to(value.dtype)
            for name, value in first["ema"].items()}  # some networks count batches in whole numbers
    pasts = [Past(**content.get("past", {})) for content in contents]
    hours = [content["log"]["audio_hours"] - past.hours for content, past in zip(contents, pasts, strict=True)]
    wholes = {tuple(sorted(content["curves"])) for content, own in zip(contents, hours, strict=True) if own > 0.0}
    began = {names: past.hours for past in pasts  # from which runs went on that are no sources themselves
             if (names := tuple(sorted(past.curves))) not in wholes}
    runs = [(path.parent, *sorted(set(content["curves"]) - set(past.curves)))
            for path, content, past in zip(sources, contents, pasts, strict=True)]
    log = first["log"] | {"step": _of_all(runs, [content["log"]["step"] for content in contents]),
                          "audio_hours": round(_of_all(runs, hours) + sum(began.values()), 3)}
    curves: dict[str, Curve] = {}
    for content in sorted(contents, key=lambda content: int(content["log"]["step"])):  # of one run the longest
        curves |= content["curves"]
    write_checkpoint([out], {"recipe": first["recipe"], "net": mean, "ema": mean, "log": log, "curves": curves})


def _of_all(runs: Sequence[Hashable], values: Sequence[float]) -> float:
    """Sum over the runs of the largest value of each."""
    largest: dict[Hashable, float] = {}
    for run, value in zip(runs, values, strict=True):
        largest[run] = max(value, largest.get(run, 0))
    return sum(largest.values())
