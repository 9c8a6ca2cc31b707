"""Flat model files with wrong bytes and right checksums, opened by the C interface and, if they can be, played."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnx

from rtsep.model.gate import read_step
from rtsep.native import bindings
from rtsep.native.flat import HEADER, flatten, with_checksum
from tests.fuzz.graphs import Plan, step_model
from tests.fuzz.harness import REFUSED, Rng
from tests.fuzz.models import STEREO
from tests.fuzz.sounds import FAR_ABOVE
from tests.native.c_separator import CError, CSeparator, core

BYTES = (0, 1, 2, 0x7F, 0x80, 0xFF)
CHANNELS = 2


def attempt(seed: int, folder: Path) -> str:
    """Open the file of a seed, and play it with blocks of some sizes."""
    rng = np.random.default_rng(seed)
    file = _changed(_original(bool(rng.integers(2)), folder), rng)
    sound = (0.1 * rng.standard_normal((CHANNELS, 600))).astype(np.float32)
    try:
        separator = CSeparator(file, CHANNELS, code=core(bindings.library_file()))
    except CError:
        return REFUSED
    ends = np.cumsum(rng.integers(0, 200, 3))
    found = np.concatenate([separator.process(block) for block in np.split(sound, ends, axis=1)], axis=2)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= FAR_ABOVE * np.abs(sound).max()
    return "played"


@cache
def _original(stereo: bool, folder: Path) -> bytes:
    path = folder / "flat.onnx"
    onnx.save(step_model(STEREO if stereo else Plan()), path)
    return flatten(read_step(path))


def _changed(file: bytes, rng: Rng) -> bytes:
    """Change some bytes, most in the header and the nodes, where the numbers are; or end the file early."""
    header = np.frombuffer(file, HEADER, 1).copy()
    regions = [(16, HEADER.itemsize), (int(header["nodes_at"][0]), len(file)), (16, len(file))]
    if rng.random() < 0.1:
        size = int(rng.integers(len(file)))
        header["size"] = size
        return file[:size] if size < HEADER.itemsize else with_checksum(
            header.tobytes() + file[HEADER.itemsize:size])
    changed = bytearray(file)
    for _ in range(rng.integers(0, 4)):
        begin, end = regions[rng.integers(3)]
        changed[rng.integers(begin, end)] = BYTES[rng.integers(6)] if rng.random() < 0.7 else rng.integers(256)
    return with_checksum(bytes(changed))
