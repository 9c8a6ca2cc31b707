"""What runs under sanitizers: every variant of the native code, and the first seeds of the fuzzers that reach it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from rtsep.backends import NumpyBackend, ReferenceStep
from rtsep.backends.native import NativeBackend, NativeStep
from rtsep.dsp.mask import mask_weights, requested_sets
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.native import bindings
from tests.fuzz import harness, models
from tests.fuzz.kinds import KINDS, NATIVE
from tests.rigs import sanitizers

SEEDS = {"models": 30, "flat": 400, "geometries": 30, "blocks": 30}


def hops(path: Path, variant: bindings.Variant, channels: int, counts: Sequence[int]) -> None:
    """Compare some hops of a model with the reference."""
    model = read_step(path)
    requested = requested_sets(model.card.stems, (model.card.stems[0], "rest"))
    native = NativeBackend(NativeStep(model, variant), model.card, channels, requested)
    reference = NumpyBackend(ReferenceStep(model), model.card, channels, requested)
    rng = np.random.default_rng(1)
    for count in counts:
        block = (0.1 * rng.standard_normal((channels, count * model.card.geometry.hop))).astype(np.float32)
        found, expected = (backend.push(block, mask_weights(requested)) for backend in (native, reference))
        np.testing.assert_allclose(found, expected, atol=1e-2)


def main(built: Path, folder: Path) -> None:
    """Run it all by the library that was built with sanitizers."""
    sanitizers.use(built)
    harness.LIMIT_S *= 4.0  # all takes longer
    base = folder / "base.onnx"
    onnx.save(models.base_model(), base)
    found = bindings.load(built)
    for variant in found.values():
        for channels in (1, 2, 3):
            hops(base, variant, channels, (1, 1, 40, 3))  # more than a history has room for
        hops(find_model("stage"), variant, 2, (2,))
    print(*found)
    for kind in NATIVE:
        print(kind, dict(harness.run(KINDS[kind], range(1000, 1000 + SEEDS[kind]), folder)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
