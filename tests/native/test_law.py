"""The law of blocks, ramps and controls, which C and numpy each have: held to each other by plans drawn at random.

Weights of the shipped models are taken in float32 here: products in 8 bit round inputs that differ in the last bit to
another step, and would hide what the law does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.lib.loads import without_network
from rtsep import Separator, backends
from rtsep.controls.table import values
from rtsep.dsp.windows import Geometry
from rtsep.model.gate import StepFile, read_step
from rtsep.native.flat import flatten
from rtsep.types import Audio
from tests.native.c_separator import CSeparator
from tests.native.conftest import needs_native, require_native
from tests.native.test_separator import CLOSE_DB, SHIPPED, error_db
from tests.rigs.models import STEMS as TINY_STEMS
from tests.rigs.models import TINY, in_float32

STEMS = (None, ("guitar",), ("rest", "drums"), ("guitar", "rest"))
RATES = (40_000, 44_100, 48_000, 50_000)
SIZES = st.one_of(st.sampled_from((0, 1, 64, 256, 512)), st.integers(1, 1500))
SOUND = (0.1 * np.random.default_rng(11).standard_normal((3, 1 << 15))).astype(np.float32)

pytestmark = needs_native


@dataclass(frozen=True)
class Move:
    """A control set to a part of its range before a block, for one of the stems where each has one."""

    block: int
    control: int
    part: float
    stem: int


@dataclass(frozen=True)
class Plan:
    """What is played: blocks, where the separator starts as new between them, and which controls move."""

    channels: int
    samplerate: int
    stems: tuple[str, ...] | None
    multiple: int  # frames that are promised, 0 for none
    sizes: tuple[int, ...]
    moves: tuple[Move, ...]
    reset: int  # block before which it starts as new


PLANS = st.builds(
    Plan, st.integers(1, 3), st.sampled_from(RATES), st.sampled_from(STEMS), st.sampled_from((0, 0, 1, 48, 64, 256)),
    st.lists(SIZES, min_size=4, max_size=14).map(tuple),
    st.lists(st.builds(Move, st.integers(0, 13), st.integers(0, 5), st.sampled_from((0.0, 0.1, 0.5, 1.0)),
                       st.integers(0, 4)), max_size=12).map(tuple), st.integers(0, 40))


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    require_native()


@cache
def tiny() -> tuple[StepFile, bytes]:
    model = read_step(TINY)
    return model, flatten(model)


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> tuple[StepFile, bytes]:
    """Make a model without a network that masks what is five hops old."""
    geometry = Geometry(256, 128, 64, 5)
    document = {"format": 3, "name": "ahead", "samplerate": 44100, **asdict(geometry), "stems": TINY_STEMS,
                "contexts": [512], "licence": "CC0-1.0", "credits": [], "training": {}, "quality": {}}
    shares = np.random.default_rng(1).random((len(TINY_STEMS), geometry.bins)).astype(np.float32)
    model = read_step(without_network(document, tmp_path_factory.mktemp("ahead") / "ahead.onnx", shares))
    return model, flatten(model)


def play(plan: Plan, separator: Separator | CSeparator) -> Audio:
    """Play a plan; all that came out, side by side."""
    out, at, rows = [], 0, tuple(values())
    for index, size in enumerate(plan.sizes):
        if index == plan.reset:
            separator.reset()
        for move in (move for move in plan.moves if move.block == index):
            row = rows[move.control]
            stem = separator.stems[move.stem % len(separator.stems)] if row.per_stem else None
            value = float(np.float32(move.part * row.highest)) if row.highest > 1.0 else round(move.part)
            (separator.controls if isinstance(separator, Separator) else separator).set(row.name, value, stem)
        frames = size - size % plan.multiple if plan.multiple else size
        out.append(separator.process(SOUND[:plan.channels, at:at + frames]))
        at += frames
    return np.concatenate(out, axis=2)


def compare(plan: Plan, model: StepFile, flat: bytes) -> None:
    """Hold C and Python on native code to numpy alone."""
    options: dict[str, Any] = {"blocksize": plan.multiple or None, "stems": plan.stems, "samplerate": plan.samplerate}
    reference = Separator(model, plan.channels, provider="numpy", **options)
    native = Separator(model, plan.channels, **options)
    core = CSeparator(flat, plan.channels, plan.multiple, plan.stems, plan.samplerate)
    assert (core.latency, core.stems) == (reference.latency, reference.stems)
    assert reference.executor == "numpy reference" != native.executor
    wanted = play(plan, reference)
    for found in (play(plan, core), play(plan, native)):
        assert found.shape == wanted.shape
        if wanted.any():
            assert error_db(found, wanted) < CLOSE_DB
        else:
            assert not found.any()


@settings(max_examples=8)
@given(plan=PLANS)
def test_any_plan_is_played_alike(plan: Plan) -> None:
    compare(plan, *tiny())


@settings(max_examples=8)
@given(plan=PLANS)
def test_so_it_is_with_a_look_ahead(ahead: tuple[StepFile, bytes], plan: Plan) -> None:
    compare(plan, *ahead)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_play_a_plan_alike(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "check", lambda step, model: None)  # a trial takes longer than the plan
    model = read_step(in_float32(name, tmp_path / f"{name}.onnx"))
    moves = tuple(Move(block, control, part, control) for block, control, part in (
        (2, 3, 0.5), (3, 0, 0.003), (4, 1, 0.1), (5, 5, 1.0), (6, 4, 1.0), (7, 5, 0.0), (8, 2, 1.0), (9, 2, 0.0)))
    sizes = (4096, 300, 1, 480, 512, 64, 65, 300, 256, 441, 300)
    compare(Plan(2, 48_000, None, 0, sizes, moves, 40), model, flatten(model))
