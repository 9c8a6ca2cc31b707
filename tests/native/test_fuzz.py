"""Mutated models by a fixed list of seeds; `python -m tests.native.model_fuzzer 0 100000 FOLDER` for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.native.conftest import needs_native
from tests.native.model_fuzzer import base_model, run, verdict

pytestmark = needs_native


def test_the_model_that_is_mutated_runs_in_native_code(tmp_path: Path) -> None:
    path = tmp_path / "base.onnx"
    path.write_bytes(base_model().SerializeToString())
    assert verdict(path).startswith("native code")


@pytest.mark.parametrize("begin", range(0, 300, 100))
def test_mutated_models_are_refused_or_right(begin: int, tmp_path: Path) -> None:
    counts = run(range(begin, begin + 100), tmp_path)
    assert counts["refused"] >= 10
    assert sum(count for name, count in counts.items() if name.startswith("native code")) >= 10
