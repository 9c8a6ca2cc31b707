"""Start a new run from the weights of another one: of a checkpoint, or read back from a step model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from onnx import numpy_helper

from rtsep.errors import ConfigError
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from training.export.parity import parity_db
from training.export.quantise import read_weight
from training.nets import Network
from training.run.checkpoint import read_checkpoint
from training.run.journal import Curve

MAX_ERROR_DB = -10.0  # far above what 8 bit costs, far below what a wrong weight does


@dataclass(frozen=True)
class Past:
    """What weights went through before a run.

    Parameters
    ----------
    hours
        Audio that they have heard.
    curves
        Log of each run, by the name of its folder.
    """

    hours: float = 0.0
    curves: dict[str, Curve] = field(default_factory=dict)


def start_from(net: Network, source: str) -> Past:
    """Give a network the weights of a checkpoint (.pt), a step model (.onnx, 8-bit or float32) or a shipped model.

    Returns
    -------
    past
        Of these weights.

    Raises
    ------
    ConfigError
        When the source holds another network; nothing is known to fit then but the recipe it was trained with.
    ModelError
        When there is no such model.
    """
    try:
        if source.lower().endswith(".pt"):
            content = read_checkpoint(Path(source))
            net.load_state_dict(content["ema"])
            return Past(content["log"]["audio_hours"], content["curves"])
        path = find_model(source)
        _read_back(net, path)
        training = read_step(path).card.training
        return Past(float(training.get("audio_hours", 0.0)), training.get("curves", {}))
    except (KeyError, RuntimeError) as error:
        reason = str(error).strip().rpartition("\n")[2].strip()
        raise ConfigError(f"{source} holds another network than the recipe describes ({reason}): start from it with "
                          "the recipe that it was trained with") from None


def _read_back(net: Network, path: Path) -> None:
    """Copy every weight of a step model to the parameter that it came from, and prove it by running both."""
    stored = {weight.name: numpy_helper.to_array(weight) for weight in read_step(path).model.graph.initializer}
    origins = net.step_graph().origins
    if {id(origin.parameter) for origin in origins.values()} != {id(parameter) for parameter in net.parameters()}:
        raise ConfigError(f"weights of a {net.config.kind} cannot be read back from a step model: give a .pt file")
    with torch.no_grad():
        for name, origin in origins.items():
            weight = read_weight(stored, name, tuple(origin.parameter.shape))
            origin.parameter.copy_(torch.from_numpy(origin.restored(weight)))
    error = parity_db(net, path)
    if error > MAX_ERROR_DB:
        raise RuntimeError(f"its output and that of the weights read back differ by {error:.0f} dB")

