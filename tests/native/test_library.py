"""The library of native code: it is there, it is the one of these sources, and it says what it holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from rtsep.native import library
from rtsep.native.library import STRUCTURES, best_variant, variants
from tests.native.conftest import needs_native, require_native

pytestmark = needs_native


def test_native_code_was_built() -> None:
    require_native()
    assert list(variants())[-1] == "scalar"
    assert best_variant() is next(iter(variants().values()))


def test_structures_have_no_padding() -> None:
    for name, fields in STRUCTURES.items():
        aligned = np.dtype(library.structure(name).descr, align=True)
        assert aligned.itemsize == library.structure(name).itemsize, name
        assert len(fields) == len(set(fields))


@pytest.fixture(scope="module")
def elf() -> Callable[[str], str]:
    """Give what readelf says of the library."""
    program = shutil.which("readelf")
    if program is None or not sys.platform.startswith("linux"):
        pytest.skip("no readelf here, or no such files")
    return lambda option: subprocess.run([program, option, "--wide", str(library.library_file())], check=True,
                                         capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout


def test_only_the_calls_of_the_header_are_visible(elf: Callable[[str], str]) -> None:
    rows = [line.split() for line in elf("--dyn-syms").splitlines() if " GLOBAL " in line or " WEAK " in line]
    visible = {row[7] for row in rows if row[6] != "UND"}
    header = "\n".join(path.read_text("utf-8") for path in (library.library_file().parent / "src").glob("*.h"))
    assert visible == set(re.findall(r"^RTSEP_API\s.*?(\w+)\(", header, re.MULTILINE))


def test_the_library_is_hardened(elf: Callable[[str], str]) -> None:
    segments, dynamic, symbols = elf("--segments"), elf("--dynamic"), elf("--dyn-syms")
    assert "GNU_RELRO" in segments
    assert re.search(r"\(FLAGS.*\bNOW\b", dynamic), "RELRO is full only if all symbols are bound at once"
    assert re.search(r"GNU_STACK .* RW ", segments)
    assert "__stack_chk_fail" in symbols
    assert "TEXTREL" not in dynamic
