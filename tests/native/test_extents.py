"""The last look at a program: a row that leaves its arrays is refused; memory lives as long as its addresses."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from rtsep import ModelError
from rtsep.model.gate import read_step
from rtsep.native.arena import CHUNK, Memory
from rtsep.native.bindings import KINDS, address, best_variant
from rtsep.native.extents import check_rows
from rtsep.native.program import Program
from tests.fuzz.models import base_model
from tests.native.conftest import needs_native

READ = {"columns": {*KINDS} - {"ReduceMean"}, "inputs": {"ReduceMean", "MatMul", "MatMulNBits"}, "out": {*KINDS},
        "a": {*KINDS}, "b": {"Mul", "Add", "Sub", "Div", "MatMulNBits"}, "weights": {"MatMul", "MatMulNBits"},
        "spans": {"MatMul"}}
"""What is read of a row, and of which kinds."""

pytestmark = needs_native


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give a program that has every kind of row."""
    path, variant = tmp_path / "base.onnx", best_variant()
    path.write_bytes(base_model().SerializeToString())
    assert variant is not None
    return Program(read_step(path), variant.packing)


def test_a_program_stays_in_its_memory(program: Program) -> None:
    check_rows(program.nodes, program.memory)
    kinds = {KINDS[row["kind"]] for row in program.nodes}
    assert kinds == {*KINDS}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in READ if kind in READ[field]])
def test_rows_that_leave_their_memory_are_refused(kind: str, field: str, program: Program) -> None:
    row = int(np.flatnonzero(program.nodes["kind"] == KINDS.index(kind))[0])
    program.nodes[field][row] += 1 << 20 if field in ("columns", "inputs") else 1 << 40
    with pytest.raises(ModelError, match=f"a {kind} of .* would leave its memory"):
        check_rows(program.nodes, program.memory)


def test_memory_lives_as_long_as_its_owner() -> None:
    memory = Memory()
    begin = address(memory.copy(np.arange(16, dtype=np.int32)))
    for _ in range(3):
        memory.array((CHUNK,))
    assert memory.holds(begin, 64)
    assert not memory.holds(begin, 65)
    assert list((ctypes.c_int32 * 16).from_address(begin)) == list(range(16))
