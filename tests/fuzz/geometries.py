"""Models of random geometry: lengths, longer windows, bands, stems, channels; some that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx

from rtsep import ConfigError, ModelError
from rtsep.dsp.mask import requested_sets
from rtsep.dsp.windows import Geometry
from rtsep.model.gate import read_step
from tests.fuzz.graphs import Plan, step_model
from tests.fuzz.harness import NUMBERS, Rng, refused
from tests.fuzz.sounds import compare

NAMES = ("drums", "bass", "guitar", "vocals", "other", *(f"stem {number}" for number in range(11)))


def attempt(seed: int, folder: Path) -> str:
    """Try the model of a seed."""
    rng, path = np.random.default_rng(seed), folder / "random.onnx"
    plan = random_plan(rng)
    model = step_model(plan)
    if rng.random() < 0.2:
        _disagree(model, plan, rng)
    onnx.save(model, path)
    try:
        file = read_step(path)
        names = rng.permutation(file.card.stems)[:rng.integers(1, len(file.card.stems) + 1)].tolist()
        names += ["rest"] * (len(names) < len(file.card.stems) and rng.random() < 0.5)
        return compare(file, int(rng.choice([1, 2, 3, 5])), requested_sets(file.card.stems, names), rng, calls=3)
    except ModelError as error:
        return refused(error)


def random_plan(rng: Rng) -> Plan:
    """Make a plan that can be."""
    while True:
        hop = int(rng.choice([1, 2, 3, 8, 16, 25, 32, 64, 100, 128]))
        synthesis = hop * 2 * int(rng.choice([1, 1, 2, 3, 4]))
        powers = [length for length in (64, 128, 256, 512, 1024) if length >= synthesis]
        analysis = int(rng.choice([*powers, *powers, synthesis + 2 * int(rng.integers(60))]))
        stereo = bool(rng.random() < 0.5)
        try:
            geometry = Geometry(analysis, synthesis, hop, int(rng.choice([0, 1, 2, 9])) if stereo else 0)
        except ConfigError:
            continue
        contexts = tuple(analysis * int(rng.choice([1, 2, 4])) if rng.random() < 0.8
                         else analysis + 2 * int(rng.integers(500)) for _ in range(rng.integers(0, 4)))
        return Plan(geometry, contexts, NAMES[:rng.integers(1, 17)], stereo, int(rng.integers(1, 60)),
                    int(rng.integers(1, 40)), int(rng.choice([0, 1, 9, 1 << 16])), int(rng.integers(1 << 30)))


def _disagree(model: onnx.ModelProto, plan: Plan, rng: Rng) -> None:
    """Let the document say something else than the graph has."""
    name = str(rng.choice(["analysis", "synthesis", "hop", "look_ahead", "contexts", "format", "stems"]))
    value: object = int(rng.choice([*NUMBERS, plan.geometry.hop, 2 * plan.geometry.hop, 1024]))
    value = [value] * int(rng.integers(6)) if name == "contexts" else list(plan.stems[1:]) if name == "stems" else value
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(plan.document | {name: value})})
