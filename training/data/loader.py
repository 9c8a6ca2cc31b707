"""Batches for training, made in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.data.remix import RemixConfig, Remixer, lane
from training.data.stems import StemFolder


class LaneDataset(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches of consecutive chunks; each worker has its own lanes.

    Parameters
    ----------
    root
        Folder of stems.
    config
        What mixtures look like.
    lanes
        Streams side by side in one batch.
    history, frames
        Frames that come along before a chunk, and frames of a chunk.
    seed
        Beginning of all random choices.
    """

    def __init__(self, root: Path, config: RemixConfig, lanes: int, history: int, frames: int, seed: int) -> None:
        self.root, self.config, self.lanes = root, config, lanes
        self.history, self.frames, self.seed = history, frames, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield stems (lanes, stems, history + frames) and which lanes restart, bool (lanes,)."""
        info = get_worker_info()
        torch.set_num_threads(1)
        folder = StemFolder(self.root)
        streams = [lane(Remixer(folder, self.config, np.random.default_rng([self.seed, info.id if info else 0, index])),
                        self.history, self.frames) for index in range(self.lanes)]
        while True:
            chunks = [next(stream) for stream in streams]
            yield (torch.from_numpy(np.stack([stems for stems, _ in chunks])),
                   torch.tensor([restart for _, restart in chunks]))


def loader(dataset: LaneDataset, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Iterate a data set in `workers` processes, a few batches ahead."""
    return DataLoader(dataset, batch_size=None, num_workers=workers, prefetch_factor=3 if workers else None)
