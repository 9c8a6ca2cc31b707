"""The library of native code: it is there, it is the one of these sources and no other is used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rtsep.backends import open_step
from rtsep.model.gate import read_step
from rtsep.native import bindings
from rtsep.native.bindings import STRUCTURES, NativeError, best_variant, load, variants
from rtsep.native.identity import sources_hash
from scripts.build_native import build
from tests.native.conftest import needs_native, require_native
from tests.rigs.graphs import VARIANTS

pytestmark = needs_native


def test_native_code_was_built() -> None:
    require_native()
    assert list(variants())[-1] == "scalar"
    assert best_variant() is next(iter(variants().values()))


def test_structures_have_no_padding() -> None:
    for name, fields in STRUCTURES.items():
        aligned = np.dtype(bindings.structure(name).descr, align=True)
        assert aligned.itemsize == bindings.structure(name).itemsize, name
        assert len(fields) == len(set(fields))


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_without_native_code_the_runtime_runs_a_model(content: bytes | None, tiny_model: Path, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    if content is not None:
        (tmp_path / "other.so").write_bytes(content)
    monkeypatch.setattr(bindings, "library_file", lambda: tmp_path / "other.so")
    assert open_step(read_step(tiny_model)).name == "ONNX Runtime"


def test_native_code_of_other_sources_is_refused(tmp_path: Path) -> None:
    folder = Path(bindings.__file__).parent
    shutil.copytree(folder / "src", tmp_path / "src")
    shutil.copy(folder / "identity.py", tmp_path)
    (same,) = build(tmp_path, tmp_path / "same.so")
    assert set(load(same)) == set(VARIANTS)
    source = tmp_path / "src" / "hop.c"
    source.write_text(source.read_text() + "/* a word more */\n")
    (other,) = build(tmp_path, tmp_path / "other.so")
    with pytest.raises(NativeError, match="built from other sources"):
        load(other)


def test_structures_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(bindings.__file__).parent
    shutil.copytree(folder / "src", tmp_path / "src")
    shutil.copy(folder / "identity.py", tmp_path)
    header = tmp_path / "src" / "program.h"
    header.write_text(header.read_text().replace("float *history; ", "float *more, *history; "))
    (built,) = build(tmp_path, tmp_path / "changed.so")
    monkeypatch.setattr(bindings, "sources_hash", lambda _: sources_hash(tmp_path / "src"))
    with pytest.raises(NativeError, match="structures are others"):
        load(built)


def test_a_failed_compilation_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(bindings.__file__).parent
    shutil.copytree(folder / "src", tmp_path / "src")
    shutil.copy(folder / "identity.py", tmp_path)
    (tmp_path / "src" / "nodes.c").write_text("#error it is broken\n")
    assert build(tmp_path) == []
    assert "it is broken" in capsys.readouterr().err


@pytest.fixture(scope="module")
def elf() -> Callable[[str], str]:
    """Give what readelf says of the library."""
    program = shutil.which("readelf")
    if program is None or not sys.platform.startswith("linux"):
        pytest.skip("no readelf here, or no such files")
    return lambda option: subprocess.run([program, option, "--wide", str(bindings.library_file())], check=True,
                                         capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout


def test_only_the_calls_of_the_header_are_visible(elf: Callable[[str], str]) -> None:
    rows = [line.split() for line in elf("--dyn-syms").splitlines() if " GLOBAL " in line or " WEAK " in line]
    visible = {row[7] for row in rows if row[6] != "UND"}
    header = "\n".join(path.read_text("utf-8") for path in (bindings.library_file().parent / "src").glob("*.h"))
    assert visible == set(re.findall(r"^RTSEP_API\s.*?(\w+)\(", header, re.MULTILINE))


def test_the_library_is_hardened(elf: Callable[[str], str]) -> None:
    segments, dynamic, symbols = elf("--segments"), elf("--dynamic"), elf("--dyn-syms")
    assert "GNU_RELRO" in segments
    assert re.search(r"\(FLAGS.*\bNOW\b", dynamic), "RELRO is full only if all symbols are bound at once"
    assert re.search(r"GNU_STACK .* RW ", segments)
    assert "__stack_chk_fail" in symbols
    assert "TEXTREL" not in dynamic
