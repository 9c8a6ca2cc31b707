"""The bench of the native code: what it times is what it says, and its report is judged and shown."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import core
from bench.lib import on_arm
from bench.lib.machine import versions
from bench.lib.peak import TIMES, peak_of, product, rates
from rtsep import RtsepError
from rtsep.native.arena import Memory
from rtsep.native.bindings import variants
from tests.native.conftest import needs_native, require_native

MACHINE = {"processor": "any", "cores": 1, "governor": "none", "priority": "ordinary", "sleep": "deep",
           "memory_bandwidth_gb_s": 1.0}
TIMES_OF_A_HOP = {"p50_ms": 1.0, "p99_ms": 2.0, "max_ms": 3.0, "load_percent": 10.0}


@needs_native
def test_products_are_computed_and_no_faster_than_the_peak(tmp_path: Path) -> None:
    require_native()
    name, variant = next(iter(variants().items()))
    memory = Memory()
    peak, size = peak_of(variant, tmp_path)
    assert size > 1_000_000
    work = product(variant, 64, 128, memory)
    found = rates([(peak, size), (work, TIMES * 64 * 128)], 2)
    assert all(rate > 0 for rate in found), name


@needs_native
def test_a_peak_without_a_compiler_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_native()
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RtsepError, match="the peak needs a C compiler"):
        peak_of(next(iter(variants().values())), tmp_path)


@pytest.mark.parametrize(("share", "far"), [(0.59, True), (0.61, False)])
def test_the_best_product_is_held_against_the_peak(share: float, far: bool) -> None:
    rows: list[dict[str, Any]] = [{"shares": {"small": 0.1, "large": share}}, {"shares": {"small": 0.9}}]
    assert core.is_far({"products": rows}) == far


@pytest.mark.parametrize("count", [None, 1_500_000])
def test_a_report_is_shown_with_and_without_the_emulator(count: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"variant": "best", "peak_gmac_s": 100.0, "model_gb_s": 9.0, "shares": dict.fromkeys("abcde", 0.5)}
    core.show({"machine": MACHINE, "versions": versions([]), "model": "stage", "products": [row],
               "hops": {"native code": TIMES_OF_A_HOP}, "arm_instructions_a_hop": count,
               "arm_share_of_deadline": 0.1, "arm_memory_gb_s": 5.0})
    out = capsys.readouterr().out
    assert ("1.50 million" in out) == (count is not None)
    assert ("not counted" in out) == (count is None)


def test_the_plugin_of_the_emulator_counts(tmp_path: Path) -> None:
    missing = [name for name in (on_arm.COMPILER, on_arm.EMULATOR, "cc") if not shutil.which(name)]
    if missing:
        pytest.skip(f"no {', '.join(missing)}")
    (tmp_path / "loop.c").write_text("int main(int count, char **_) { for (volatile int i = 0; i < 1000 * count; i++);"
                                     " (void)_; return 0; }\n")
    program, plugin = tmp_path / "loop", tmp_path / "count.so"
    for command in ([on_arm.COMPILER, "-O1", "-static", str(tmp_path / "loop.c"), "-o", str(program)],
                    ["cc", "-shared", "-fPIC", str(on_arm.PLUGIN), "-o", str(plugin)]):
        subprocess.run(command, check=True, timeout=60)
    counts = [int(subprocess.run([on_arm.EMULATOR, "-plugin", str(plugin), str(program), *more], check=True,
                                 capture_output=True, text=True, timeout=60).stderr.split()[-1])
              for more in ([], ["more"] * 2)]
    turns = np.diff(counts)[0] / 2000
    assert 3 < turns < 9  # instructions of a turn: load, add, store, load, compare, branch
