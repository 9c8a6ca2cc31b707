"""Native steps of whole models: the same results as by ONNX Runtime, states of their own, who runs what."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from rtsep.backends import open_step
from rtsep.backends.native import NativeStep
from rtsep.backends.onnx_runtime import RuntimeStep
from rtsep.backends.reference_step import ReferenceStep
from rtsep.backends.step import reference_error_db
from rtsep.model.catalogue import find_model, installed_models
from rtsep.model.gate import read_step
from tests.native.conftest import needs_native
from tests.rigs.graphs import BEST, RNG, VARIANTS, error_db
from tests.rigs.models import with_unknown_node

pytestmark = needs_native


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", sorted(installed_models()))
def test_shipped_models_do_the_same_as_in_the_runtime(name: str, variant: str) -> None:
    model = read_step(find_model(name))
    steps = NativeStep(model, VARIANTS[variant]), RuntimeStep(model)
    assert set(steps[0].inputs) == set(steps[1].inputs)
    errors = []
    for hop in range(200):
        level = 0.0 if 80 <= hop < 100 else 10.0 ** RNG.uniform(-5, 2)
        for key, value in steps[0].inputs.items():
            value[:] = level * RNG.exponential(size=value.shape)
            steps[1].inputs[key][:] = value
        for step in steps:
            step.run()
        assert np.all(np.isfinite(steps[0].estimates))
        if level:
            errors.append(error_db(steps[0].estimates, steps[1].estimates))
    assert max(errors) < -25  # sums in another order now and then round an input to the next of 8 bit
    assert np.median(errors) < -45


@pytest.mark.parametrize("variant", VARIANTS)
def test_float32_weights_are_exact(tiny_model: Path, variant: str) -> None:
    model = read_step(tiny_model)
    steps = NativeStep(model, VARIANTS[variant]), RuntimeStep(model)
    for _ in range(100):
        for key, value in steps[0].inputs.items():
            value[:] = RNG.exponential(size=value.shape)
            steps[1].inputs[key][:] = value
        for step in steps:
            step.run()
    assert error_db(steps[0].estimates, steps[1].estimates) < -110


def test_a_reset_forgets_everything(tiny_model: Path) -> None:
    step = NativeStep(read_step(tiny_model), BEST)
    first = []
    for _ in range(2):
        step.reset()
        for hop in range(5):
            for value in step.inputs.values():
                value[:] = hop + 1.0
            step.run()
        first.append(step.estimates.copy())
    np.testing.assert_array_equal(*first)


def test_separators_in_threads_do_not_meet() -> None:
    model = read_step(find_model("stage"))
    steps = [NativeStep(model, BEST) for _ in range(4)]
    for level, step in enumerate(steps):
        for value in step.inputs.values():
            value[:] = 10.0 ** (level % 2)
    threads = [threading.Thread(target=lambda step=step: [step.run() for _ in range(300)]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(steps[0].estimates, steps[2].estimates)
    np.testing.assert_array_equal(steps[1].estimates, steps[3].estimates)
    assert error_db(steps[0].estimates, steps[1].estimates) > -60


def test_a_model_with_other_nodes_runs_in_the_runtime(tmp_path: Path) -> None:
    model = read_step(with_unknown_node(tmp_path / "unknown.onnx"))
    assert open_step(model).name == "ONNX Runtime"
    for step in (open_step(model), ReferenceStep(model)):
        assert reference_error_db(step, model) < -100


def test_who_runs_a_model(tiny_model: Path) -> None:
    model = read_step(tiny_model)
    assert open_step(model).name == f"native code for {BEST.name}"
    assert open_step(model, provider="onnxruntime").name == "ONNX Runtime"
    assert open_step(model, threads=2).name == "ONNX Runtime"
    assert open_step(model, provider="numpy").name == "numpy reference"
