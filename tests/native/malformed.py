"""What runs under sanitizers: flat files with wrong bytes and right checksums, opened and, if they can be, played."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from rtsep.native.flat import HEADER, flatten, with_checksum
from tests.native import model_fuzzer
from tests.native.c_separator import CError, CSeparator, core

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF)


def mutated(file: bytes, rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """Give files with some bytes changed: most in the header and the nodes, where the numbers are."""
    header = np.frombuffer(file, HEADER, 1)[0]
    regions = [(16, HEADER.itemsize), (int(header["nodes_at"]), len(file)), (16, len(file))]
    for _ in range(count):
        changed = bytearray(file)
        for _ in range(rng.integers(1, 4)):
            begin, end = regions[rng.integers(3)]
            changed[rng.integers(begin, end)] = NUMBERS[rng.integers(6)] if rng.random() < 0.7 else rng.integers(256)
        yield with_checksum(bytes(changed))


def truncated(file: bytes) -> Iterator[bytes]:
    """Give files that end early, and say so."""
    for size in (*range(0, HEADER.itemsize + 200, 7), *range(HEADER.itemsize, len(file), 997)):
        yield file[:size]
        if size >= HEADER.itemsize:
            header = np.frombuffer(file, HEADER, 1).copy()
            header["size"] = size
            yield with_checksum(header.tobytes() + file[HEADER.itemsize:size])


def main(built: Path, folder: Path) -> None:
    """Open them all by the library that was built with sanitizers, and print how often each error came."""
    code, rng, seen = core(built), np.random.default_rng(1), Counter[str]()
    path = folder / "base.onnx"
    path.write_bytes(model_fuzzer.base_model().SerializeToString())
    small, stage = flatten(read_step(path)), flatten(read_step(find_model("stage")))
    sound = (0.1 * rng.standard_normal((2, 300))).astype(np.float32)
    for file in (small, *truncated(small), *mutated(small, rng, 1500), *mutated(stage, rng, 30)):
        try:
            separator = CSeparator(file, code=code)
            with np.errstate(all="ignore"):
                separator.process(sound)
            seen["opened"] += 1
        except CError as error:
            seen[error.name] += 1
    print(dict(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
