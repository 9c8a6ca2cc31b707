"""A model file and its card: the document, common to all models, and both files written whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import onnx
import yaml

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from training.export.card import round_numbers, write_card
from training.recipes.recipe import Recipe


class Described(Protocol):
    """What a document says of every network."""

    geometry: Geometry
    stems: tuple[str, ...]


def common_fields(net: Described, name: str, samplerate: int) -> dict[str, Any]:
    """Give the fields of a document that every model has, but licence, credits, training and quality."""
    geometry = net.geometry
    return {"name": name, "samplerate": samplerate, "analysis": geometry.analysis, "synthesis": geometry.synthesis,
            "hop": geometry.hop, **({"look_ahead": geometry.look_ahead} if geometry.look_ahead else {}),
            "stems": list(net.stems)}


def training_fields(content: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Say what a card says of the training of a checkpoint."""
    log = content["log"]
    return {"audio_hours": log["audio_hours"], "steps": log["step"], "data": "rendered, randomly remixed",
            "selection": "the checkpoint was chosen on the songs that it is measured on, so scores are optimistic",
            "curves": content["curves"], "loss": recipe.loss, "parameters_of_recipe": asdict(recipe.network)}


def save(model: onnx.ModelProto, document: dict[str, Any], path: Path, more: Mapping[str, str] = MappingProxyType({})
         ) -> None:
    """Write a graph with its document, and the card beside it.

    Parameters
    ----------
    more
        Texts of the metadata beside the document.

    Raises
    ------
    ConfigError
        When the card would replace a file that is none.
    """
    check_card(path)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(round_numbers(document)), **more})
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft.onnx")
    onnx.save(model, draft)
    os.replace(draft, path)
    write_card(path)


def check_card(path: Path) -> None:
    """Refuse a name whose `.yaml` is no model card: the card would replace it.

    Raises
    ------
    ConfigError
        When it is a recipe, or anything else.
    """
    card = path.with_suffix(".yaml")
    if not card.exists():
        return
    try:
        content = yaml.safe_load(card.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        content = None
    if not (isinstance(content, dict) and {"format", "analysis", "licence"} <= content.keys()):
        raise ConfigError(f"{card} is no model card, and the card of {path.name} would replace it: give another "
                          f"name or folder")
