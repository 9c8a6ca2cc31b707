"""8-bit weights in the order in which the native code reads them: one stream from the first byte to the last.

A tile is 16 outputs. Some tiles take turns, as many as are summed at once: for each block of 64 inputs come, for each
four of them, the weights of one tile after the other, [16 outputs][4 inputs] bytes, then the 16 scales of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE, BLOCK = 16, 64  # outputs of a tile; inputs that share a scale
_BYTES = 4 * TILE  # of a tile's weights for four inputs, and of its scales


@dataclass(frozen=True)
class Packing:
    """How packed weights lie.

    Attributes
    ----------
    together
        Tiles that take turns; those left over come one by one.
    zero_point
        Byte that stands for a weight of 0: 128, or 0 where the native code takes signed bytes.
    most_inputs
        Inputs of a product at most.
    """

    together: int
    zero_point: int
    most_inputs: int


PLAIN = Packing(1, 0, 8192)
"""How they lie in a flat file: tile after tile; who opens it lays them out for its processor."""


def packed(weights: NDArray[np.uint8], scales: NDArray[np.float32], packing: Packing) -> NDArray[np.uint8]:
    """Lay weights out anew.

    Parameters
    ----------
    weights
        Of MatMulNBits, uint8 (outputs, blocks, 64), 128 more than they are.
    scales
        float32, outputs x blocks.
    packing
        How they will lie.

    Returns
    -------
    stream
        uint8; for whole tiles, where outputs that do not exist are zero.
    """
    outputs, blocks, _ = weights.shape
    missing = -outputs % TILE
    tiles = (outputs + missing) // TILE
    weights = np.pad(weights, ((0, missing), (0, 0), (0, 0)), constant_values=128)
    weights = weights + np.uint8(128 - packing.zero_point)  # modulo 256
    weights = weights.reshape(tiles, TILE, blocks, BLOCK // 4, 4).transpose(0, 2, 3, 1, 4)
    scales = np.pad(scales.reshape(outputs, blocks), ((0, missing), (0, 0))).reshape(tiles, TILE, blocks)
    parts: NDArray[Any] = np.concatenate(  # (tiles, blocks, parts, bytes): sixteen fours, then the scales
        [weights.reshape(tiles, blocks, -1, _BYTES),
         np.ascontiguousarray(scales.transpose(0, 2, 1)).view(np.uint8)[:, :, np.newaxis]], axis=2)
    whole = tiles // packing.together * packing.together
    begins = [*range(0, whole, packing.together), *range(whole, tiles)]
    return np.concatenate([group.transpose(1, 2, 0, 3).ravel() for group in np.split(parts, begins[1:])])
