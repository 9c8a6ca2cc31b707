"""Batches for training, made in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from rtsep.errors import RtsepError
from training.data.lane import Lane
from training.data.remix import RemixConfig
from training.data.stems import StemFolder

PREFETCH = 4  # batches that each process is ahead
Part = tuple[Tensor, Tensor]


class LaneDataset(IterableDataset[Part | RtsepError]):
    """Endless batches of consecutive chunks; each worker makes its share of the lanes of every batch.

    A batch depends on the seed and its number only: not on the number of processes, and not on which
    batches were made before.

    Parameters
    ----------
    root
        Folder of stems.
    config
        What mixtures look like.
    lanes
        Numbers of the streams that lie side by side in a batch.
    history, frames
        Frames that come along before a chunk, and frames of a chunk.
    seed
        Beginning of all random choices.
    first
        Number of the batch to begin with.

    Raises
    ------
    ConfigError
        When the folder lacks stems.
    """

    def __init__(self, root: Path, config: RemixConfig, lanes: range, history: int, frames: int, seed: int,
                 first: int = 0) -> None:
        self.folder, self.config, self.lanes = StemFolder(root), config, lanes
        self.history, self.frames, self.seed, self.first = history, frames, seed, first

    def __iter__(self) -> Iterator[Part | RtsepError]:
        """Yield stems (lanes, stems, history + frames) and which lanes restart, bool (lanes,); last an error."""
        info = get_worker_info()
        mine = share(self.lanes, info.id, info.num_workers) if info else self.lanes
        lanes = [Lane(self.folder, self.config, (self.seed, number), self.history, self.frames) for number in mine]
        for lane in lanes:
            for _ in range(self.first):
                lane.skip()
        try:
            while True:
                chunks = [lane.chunk() for lane in lanes]
                yield (torch.from_numpy(np.stack([stems for stems, _ in chunks])),
                       torch.tensor([restart for _, restart in chunks]))
        except RtsepError as error:  # as a value, or the loader would wrap it in a traceback
            yield error


def batches(dataset: LaneDataset, workers: int) -> Iterator[Part]:
    """Iterate a data set in `workers` processes, a few batches ahead; in this process where `workers` is 0.

    Raises
    ------
    RtsepError
        What a process met.
    """
    workers = min(workers, len(dataset.lanes))
    own = torch.Generator()  # or the loader would move the random state that everything else draws from
    parts = iter(DataLoader(dataset, batch_size=None, num_workers=workers, generator=own,
                            prefetch_factor=PREFETCH if workers else None))
    while True:
        whole = [next(parts) for _ in range(max(workers, 1))]
        for part in whole:
            if isinstance(part, RtsepError):
                raise part
        yield torch.cat([stems for stems, _ in whole]), torch.cat([restart for _, restart in whole])


def share(lanes: range, index: int, parts: int) -> range:
    """Cut the lanes of one of several processes out of a row of lanes."""
    return lanes[index * len(lanes) // parts: (index + 1) * len(lanes) // parts]
