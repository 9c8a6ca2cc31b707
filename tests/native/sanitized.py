"""What runs under sanitizers: every variant, mutated models; each array on its own, so that what leaves one is seen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.backends import NumpyBackend, ReferenceStep
from rtsep.backends.native import NativeBackend, NativeStep
from rtsep.dsp.mask import mask_weights, wanted_sets
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.native import library
from rtsep.native.arena import Memory
from tests.native import model_fuzzer


class Scattered(Memory):
    """Gives every array memory of its own."""

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
        """Return zeros."""
        self._chunks = [*self._chunks, np.zeros(0, np.uint8)]
        array = np.zeros(shape, dtype)
        self._kept = [*getattr(self, "_kept", []), array]
        begin = library.address(array)
        at = int(np.searchsorted(self._begins, begin))
        self._begins.insert(at, begin)
        self._ends.insert(at, begin + array.nbytes)
        return array


def hops(path: Path, variant: library.Variant, channels: int, counts: Sequence[int]) -> None:
    """Compare some hops of a model with the reference."""
    model = read_step(path)
    requested = wanted_sets(model.card.stems, (model.card.stems[0], "rest"))
    native = NativeBackend(NativeStep(model, variant), model.card, channels, requested)
    reference = NumpyBackend(ReferenceStep(model), model.card, channels, requested)
    rng = np.random.default_rng(1)
    for count in counts:
        block = (0.1 * rng.standard_normal((channels, count * model.card.geometry.hop))).astype(np.float32)
        found, expected = (backend.push(block, mask_weights(requested)) for backend in (native, reference))
        np.testing.assert_allclose(found, expected, atol=1e-2)


def main(built: Path, folder: Path) -> None:
    """Run it all by the library that was built with sanitizers."""
    library.library_file = lambda: built  # type: ignore[assignment]
    Memory.array = Scattered.array  # type: ignore[method-assign]
    base = folder / "base.onnx"
    base.write_bytes(model_fuzzer.base_model().SerializeToString())
    found = library.load(built)
    for variant in found.values():
        for channels in (1, 2, 3):
            hops(base, variant, channels, (1, 1, 40, 3))  # more than a history has room for
        hops(find_model("stage"), variant, 2, (2,))
    print(*found, model_fuzzer.run(range(1000, 1040), folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
