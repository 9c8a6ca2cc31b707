"""The native code under AddressSanitizer and UndefinedBehaviorSanitizer, each array in memory of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.native import bindings
from rtsep.native.arena import Memory
from scripts import build_native

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g", "-O1", "-Werror")
ROOT = Path(__file__).parents[2]


def runtime(folder: Path) -> str | None:
    """Paths of the compiler's sanitizer and of the C++ library that it watches, to be loaded before anything else."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    probe = folder / "probe.c"
    probe.write_text("int probe(int x) { return x; }\n")
    made = subprocess.run([*compiler, "-shared", "-fPIC", FLAGS[0], str(probe), "-o", str(probe.with_suffix(".so"))],
                          capture_output=True, text=True, check=False)
    named = [subprocess.run([*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=False
                            ).stdout.strip() for name in ("libasan.so", "libstdc++.so.6")]
    return None if made.returncode or not all(Path(name).is_absolute() for name in named) else " ".join(named)


def build(target: Path) -> Path:
    """Build the native code with sanitizers."""
    return build_native.build(Path(bindings.__file__).parent, target, FLAGS)[0]


def run(loaded_first: str, *command: str, timeout_s: float | None = 600.0, capture: bool = True
        ) -> subprocess.CompletedProcess[str]:
    """Run Python in a process that the sanitizers watch."""
    settings = {"LD_PRELOAD": loaded_first, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONPATH": str(ROOT),
                "UBSAN_OPTIONS": "print_stacktrace=1", "PYTHONMALLOC": "malloc"}
    return subprocess.run([sys.executable, *command], env=os.environ | settings, capture_output=capture, text=True,
                          check=False, timeout=timeout_s, cwd=ROOT)


class Scattered(Memory):
    """Gives every array memory of its own."""

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
        """Return zeros."""
        self._chunks = [*self._chunks, np.zeros(0, np.uint8)]
        array = np.zeros(shape, dtype)
        self._kept = [*getattr(self, "_kept", []), array]
        begin = bindings.address(array)
        at = int(np.searchsorted(self._begins, begin))
        self._begins.insert(at, begin)
        self._ends.insert(at, begin + array.nbytes)
        return array


def use(built: Path) -> None:
    """Let this process run the library that was built with sanitizers, with scattered arrays."""
    bindings.library_file = lambda: built  # type: ignore[assignment]
    Memory.array = Scattered.array  # type: ignore[method-assign]
