"""Every fuzzer by a fixed list of seeds, and the seeds that once failed; `make fuzz` for longer."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from tests.fuzz.harness import REFUSED, hunt, run
from tests.fuzz.kinds import KINDS
from tests.fuzz.models import base_model, verdict
from tests.native.conftest import needs_native

SEEDS = {"models": 250, "file-models": 250, "flat": 600, "geometries": 60, "blocks": 60, "audio": 100, "yaml": 500,
         "midi": 400}
ONCE_FAILED = {
    "models": (558, 1890, 2930, 4221, 200015), "flat": (748,), "blocks": (201231,), "audio": (17, 265),
    "yaml": (1554, 1583, 2525, 2733, 3501, 10382)}
"""Seeds by kind that showed a mistake; it was mended."""


@needs_native
def test_the_model_that_is_mutated_runs_in_native_code(tmp_path: Path) -> None:
    path = tmp_path / "base.onnx"
    onnx.save(base_model(), path)
    assert verdict(path).startswith("native code")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_refused_and_what_plays_is_right(kind: str, tmp_path: Path) -> None:
    counts = run(KINDS[kind], range(SEEDS[kind]), tmp_path)
    accepted = sum(count for word, count in counts.items() if word != REFUSED)
    assert accepted >= SEEDS[kind] // 10
    assert counts[REFUSED] >= (0 if kind == "midi" else SEEDS[kind] // 50)


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind, seeds in ONCE_FAILED.items() for seed in seeds])
def test_seeds_that_once_failed(kind: str, seed: int, tmp_path: Path) -> None:
    run(KINDS[kind], [seed], tmp_path)


def test_a_seed_that_fails_is_named_and_the_hunt_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def attempt(seed: int, _: Path) -> str:
        assert seed % 50 != 3, "it is odd"
        if seed == 60:
            raise KeyboardInterrupt
        return REFUSED

    with pytest.raises(AssertionError, match="seed 3: AssertionError: it is odd"):
        run(attempt, range(10), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        hunt("odd", attempt, 1, 600.0, tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        "odd: seed 3 FAILED", "odd: seed 53 FAILED", "odd: from seed 1: {'refused': 57}, failed: [3, 53]"]
    assert (tmp_path / "seed").read_text() == "odd 60\n"
