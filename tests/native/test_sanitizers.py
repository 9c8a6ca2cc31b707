"""The native code under AddressSanitizer and UndefinedBehaviorSanitizer, in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rtsep.native import library
from scripts.build_kernels import build
from tests.native.conftest import needs_native

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g", "-O1", "-Werror")
ROOT = Path(__file__).parents[2]

pytestmark = needs_native


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Paths of the compiler's sanitizer and of the C++ library that it watches, to be loaded before anything else."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    probe = tmp_path_factory.mktemp("probe") / "probe.c"
    probe.write_text("int probe(int x) { return x; }\n")
    made = subprocess.run([*compiler, "-shared", "-fPIC", FLAGS[0], str(probe), "-o", str(probe.with_suffix(".so"))],
                          capture_output=True, text=True, check=False)
    named = [subprocess.run([*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=False
                            ).stdout.strip() for name in ("libasan.so", "libstdc++.so.6")]
    if made.returncode or not all(Path(name).is_absolute() for name in named):
        pytest.skip("this compiler has no sanitizers that can be loaded first: gcc has")
    return " ".join(named)


@pytest.fixture(scope="module")
def built(runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the native code with sanitizers."""
    target = tmp_path_factory.mktemp("built") / "sanitized.native"
    return build(Path(library.__file__).parent, target, FLAGS)[0]


def run(runtime: str, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONPATH": str(ROOT),
                "UBSAN_OPTIONS": "print_stacktrace=1", "PYTHONMALLOC": "malloc"}
    return subprocess.run([sys.executable, *command], env=os.environ | settings, capture_output=True, text=True,
                          check=False, timeout=600, cwd=ROOT)


def test_nothing_leaves_its_memory(runtime: str, built: Path, tmp_path: Path) -> None:
    done = run(runtime, "-m", "tests.native.sanitized", str(built), str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "scalar" in done.stdout


def test_a_write_outside_would_be_seen(runtime: str, built: Path) -> None:
    code = ("import ctypes, sys, numpy as np; from rtsep.native.library import NODE, KINDS, load, address; "
            "from pathlib import Path; variant = list(load(Path(sys.argv[1])).values())[-1]; "
            "value = np.zeros(8, np.float32); node = np.zeros(1, NODE); "
            "node['kind'], node['rows'], node['columns'] = KINDS.index('copy'), 1, 9; node['a_column'] = 1; "
            "node['out'] = node['a'] = address(value); variant.code.rtsep_step(variant.handle, address(node), 1)")
    done = run(runtime, "-c", code, str(built))
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stderr
