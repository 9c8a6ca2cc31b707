"""The library of native code: it is there, it is the one of these sources, and it says what it holds."""

from __future__ import annotations

import numpy as np

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
