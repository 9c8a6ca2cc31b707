"""Numbers too small for a sound: zero inside a call, and the caller's thread computes as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.backends.native import NativeStep
from tests.native.conftest import needs_native
from tests.rigs.graphs import BEST, bare, graph_of, node, normal

pytestmark = needs_native


DENORMALS = """
import sys
import numpy as np
from rtsep import Separator
def flushes():
    return np.float32(1.2e-38) * np.float32(0.1) == 0.0 or np.float64(5e-324) * 1.0 == 0.0
assert not flushes()
separator = Separator(sys.argv[1], provider=sys.argv[2])
assert not flushes()
separator.process(np.ones((1, 1024), np.float32))
assert not flushes()
"""


@pytest.mark.parametrize("provider", ["cpu", "onnxruntime"])
def test_the_thread_of_the_caller_computes_as_before(provider: str, tiny_model: Path) -> None:
    subprocess.run([sys.executable, "-c", DENORMALS, str(tiny_model), provider], check=True, timeout=60)


def test_a_sound_that_fades_away_makes_no_denormals_in_numpy() -> None:
    fade = (10.0 ** -np.linspace(0.0, 44.0, 200 * 256)).astype(np.float32) * normal(2, 200 * 256)
    separator = Separator("stage", channels=2, provider="onnxruntime")
    with np.errstate(under="raise"):
        sound = np.concatenate([separator.process(part) for part in np.split(fade, 200, axis=1)], axis=2)
    assert not np.any((sound != 0.0) & (np.abs(sound) < np.finfo(np.float32).tiny))


def test_denormals_count_as_zero(tmp_path: Path) -> None:
    path = graph_of([node("Mul", "magnitude", "half")], {"magnitude": (1, 8)}, {"half": np.float32(0.5)},
                    tmp_path / "one.onnx")
    step = NativeStep(bare(path), BEST)
    step.inputs["magnitude"][:] = 1e-38
    step.run()
    assert not step.estimates.any()
