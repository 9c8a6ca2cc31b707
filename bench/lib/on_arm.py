"""Instructions of a hop on an ARM core, counted by qemu: the library and a program of tests are compiled across."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rtsep import RtsepError
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.native import bindings
from rtsep.native.flat import flatten
from scripts.build_native import build

COMPILER, EMULATOR, SYSTEM = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"
PROCESSOR = "cortex-a76"  # of a Raspberry Pi 5
CLOCK_HZ = 2.4e9
PLUGIN = Path(__file__).with_name("instructions.c")
PROGRAM = Path(__file__).parents[2] / "tests" / "native" / "elsewhere.c"
FEW, MANY = 8, 40  # hops: what both counts share is taken out by their difference
TIMEOUT_S = 600.0


def instructions_on_arm(model: str, folder: Path) -> int | None:
    """Count the instructions of a whole stereo hop of a shipped model; None without compiler or emulator.

    Raises
    ------
    RtsepError
        When something cannot be compiled or run.
    """
    if not all(map(shutil.which, (COMPILER, EMULATOR, "cc"))):
        return None
    native, file = Path(bindings.__file__).parent, read_step(find_model(model))
    (folder / "model.rtsep").write_bytes(flatten(file))
    with _compiling_across():
        built = build(native, folder / "librtsep.so")
    if not built:
        raise RtsepError(f"{COMPILER} cannot compile the native code; the reason is above")
    _run(COMPILER, "-O2", f"-I{native / 'src'}", str(PROGRAM), str(built[0]), "-o", str(folder / "program"))
    _run("cc", "-O2", "-shared", "-fPIC", str(PLUGIN), "-o", str(folder / "count.so"))
    counts = [_counted(folder, hops * file.card.geometry.hop) for hops in (FEW, MANY)]
    return (counts[1] - counts[0]) // (MANY - FEW)


def _counted(folder: Path, frames: int) -> int:
    """Instructions of the whole program for so many frames."""
    (0.1 * np.random.default_rng(1).standard_normal((frames, 2))).astype(np.float32).tofile(folder / "sound")
    told = _run(EMULATOR, "-L", SYSTEM, "-cpu", PROCESSOR, "-E", f"LD_LIBRARY_PATH={folder}", "-plugin",
                str(folder / "count.so"), *(str(folder / name) for name in ("program", "model.rtsep", "sound", "stem")))
    found = re.search(r"^instructions (\d+)$", told, re.MULTILINE)
    if not found:
        raise RtsepError(f"{EMULATOR} did not count: {told[-300:]}")
    return int(found[1])


def _run(*command: str) -> str:
    """Run a program; what it told."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        raise RtsepError(f"{Path(command[0]).name} failed: {done.stderr[-300:]}")
    return done.stderr


@contextmanager
def _compiling_across() -> Iterator[None]:
    """Let `build` compile for ARM."""
    before = os.environ.get("CC")
    os.environ["CC"] = COMPILER
    try:
        yield
    finally:
        if before is None:
            del os.environ["CC"]
        else:
            os.environ["CC"] = before
