"""The card beside a model: the document of its file in numbers for people, its use, its limits, what it has heard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import yaml

from training.corpora.sources import heard_sources

DIGITS = 4


class _CardDumper(yaml.SafeDumper):
    """Writes a list of numbers in one line."""


def _write_list(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.SequenceNode:
    numbers = all(isinstance(value, int | float) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=numbers)


_CardDumper.add_representer(list, _write_list)


def round_numbers(value: Any) -> Any:
    """Round all fractions of a document to four digits, so that a number says no more than was measured."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: round_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [round_numbers(inner) for inner in value]
    return value


def write_card(model: Path) -> Path:
    """Write the card of a model file beside it.

    It says what the document inside the file says, and: what the model is for, its limits, where the sounds that it
    heard come from, and size and SHA-256 of the file.

    Returns
    -------
    path
        Of the card.
    """
    content = model.read_bytes()
    properties = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    document = round_numbers(json.loads(properties["rtsep"]))
    heard = [{"kind": source.kind, "name": source.name, "licence": source.licence, "address": source.address}
             for source in heard_sources(document["credits"])]
    card = {"file": {"name": model.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
            "intended_use": _intended_use(document), "limits": list(_limits(document)), **document,
            "training_data": heard}
    path = model.with_suffix(".yaml")
    path.write_text(yaml.dump(card, Dumper=_CardDumper, sort_keys=False, allow_unicode=True, width=100))
    return path


def _intended_use(document: dict[str, Any]) -> str:
    where = "in files" if "kind" in document else "in music while it plays, and in files"
    return (f"To hear, remove or rebalance {', '.join(document['stems'])} {where}: to play along, to practise, to mix. "
            f"For rock, pop and their kin with a drum kit and electric guitars.")


def _limits(document: dict[str, Any]) -> Iterator[str]:
    """Say where the model ends, by its stems and by what was measured."""
    quality = document["quality"]
    yield "Masks share the mixture out: much of every instrument stays in the others. No stem is a clean recording."
    if "other" in document["stems"]:
        missing = ("keys, strings, winds" if "vocals" in document["stems"] else "bass, singers, keys, strings, winds")
        yield f"Acoustic guitars, {missing} and electronic sounds are all `other`."
    full = quality.get("full_mixes", {})
    if "guitar" in full.get("songs", {}) and "guitar" in full.get("instrumental", {}):
        yield (f"Electric guitar on full mixes: {full['songs']['guitar']:.1f} dB SDR with a singer, "
               f"{full['instrumental']['guitar']:.1f} dB without.")
    if "vocals" not in document["stems"]:
        yield "It does not know singers: a voice is shared between guitar and `other`."
    if document["training"].get("selection"):
        yield f"Measured on few songs, in English-language rock styles; {document['training']['selection']}."
    yield "Trained on rendered and free recordings only: classical, jazz and electronic music were not measured."
