"""Reference vectors: inputs of some hops and what came out at last, stored in a model file to check any build by it."""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtsep.errors import ModelError
from rtsep.types import Audio

MOST_HOPS = 1024
KEY = "rtsep-reference"


@dataclass(frozen=True)
class Reference:
    """What a file says that it does.

    Attributes
    ----------
    inputs
        float32 (hops, bins), by the name of the graph's input.
    estimates
        After the last hop, float32 (stems, bins).
    """

    inputs: dict[str, Audio]
    estimates: Audio


def write_reference(reference: Reference) -> str:
    """Return the vectors as text for the metadata; inputs in half precision."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {name: values.astype(np.float16) for name, values in reference.inputs.items()}
    np.savez_compressed(buffer, allow_pickle=False, **arrays, estimates=reference.estimates)
    return base64.b64encode(buffer.getvalue()).decode()


def read_reference(text: str, inputs: dict[str, tuple[int, ...]], estimates: tuple[int, ...], source: str) -> Reference:
    """Read vectors.

    Parameters
    ----------
    text
        Of the metadata.
    inputs, estimates
        Shapes of the graph's inputs and of its result, (1, ...).
    source
        Where it comes from, for messages.

    Raises
    ------
    ModelError
        When they are damaged, or of other shapes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(text, validate=True))) as archive:
            found = {name: _array(archive, name, shape[1:]) for name, shape in inputs.items()}
            last = _array(archive, "estimates", estimates[1:])
    except Exception as error:  # archives and arrays that are damaged raise a dozen kinds
        raise ModelError(f"{source}: its reference vectors cannot be read ({str(error)[:80]!r}); "
                         f"export the model again") from None
    if len({len(values) for values in found.values()}) != 1 or last.shape != estimates[1:]:
        raise ModelError(f"{source}: its reference vectors have other shapes than its graph; export the model again")
    return Reference(found, last)


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> Audio:
    """Read an array, once its header says that it has the shape, or hops of it."""
    with archive.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        said, order, dtype = np.lib.format.read_array_header_1_0(file)
        hops = said[:len(said) - len(shape)]
        if said[len(hops):] != shape or order or dtype not in (np.float16, np.float32) or len(hops) > 1 or not all(
                0 < count <= MOST_HOPS for count in hops):
            raise ValueError(f"{name} of shape {said}")
        size = int(np.prod(said)) * dtype.itemsize
        values = np.frombuffer(file.read(size), dtype).reshape(said).astype(np.float32)
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{name} is not finite")
    return values
