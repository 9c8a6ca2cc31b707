"""The native code under AddressSanitizer and UndefinedBehaviorSanitizer, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.native.conftest import needs_native
from tests.rigs import sanitizers
from tests.rigs.sanitizers import run

pytestmark = needs_native


@pytest.fixture(scope="module")
def built(sanitizer_runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the native code with sanitizers."""
    return sanitizers.build(tmp_path_factory.mktemp("built") / "sanitized.native")


def test_nothing_leaves_its_memory(sanitizer_runtime: str, built: Path, tmp_path: Path) -> None:
    done = run(sanitizer_runtime, "-m", "tests.native.sanitized", str(built), str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "scalar" in done.stdout


def test_a_write_outside_would_be_seen(sanitizer_runtime: str, built: Path) -> None:
    code = ("import ctypes, sys, numpy as np; from rtsep.native.bindings import NODE, KINDS, load, address; "
            "from pathlib import Path; variant = list(load(Path(sys.argv[1])).values())[-1]; "
            "value = np.zeros(8, np.float32); node = np.zeros(1, NODE); "
            "node['kind'], node['rows'], node['columns'] = KINDS.index('copy'), 1, 9; node['a_column'] = 1; "
            "node['out'] = node['a'] = address(value); variant.code.rtsep_step(variant.handle, address(node), 1)")
    done = run(sanitizer_runtime, "-c", code, str(built))
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stderr
