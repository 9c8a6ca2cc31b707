"""Batches for training, made in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from rtsep.errors import ConfigError, RtsepError
from rtsep.signals import signals_blocked, unblock_signals, undivided
from training.corpora.stems import StemFolder
from training.memory import KilledError
from training.mixing.lane import Lane
from training.mixing.remix import RemixConfig

PREFETCH = 4  # batches that each process is ahead
TIMEOUT_S = 600  # for a batch
_LONGEST_FOLDER = 70  # bytes: a socket's path has at most 103, of which multiprocessing takes 33 for its own names
Part = tuple[Tensor, Tensor]
Made = tuple[Tensor, Tensor, frozenset[Path]]


class LaneDataset(IterableDataset[Made | RtsepError]):
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
        When the folder lacks stems, or holds a kind of sound that the configuration says nothing of.
    """

    def __init__(self, root: Path, config: RemixConfig, lanes: range, history: int, frames: int, seed: int,
                 first: int = 0) -> None:
        self.folder, self.config, self.lanes = StemFolder(root), config, lanes
        self.history, self.frames, self.seed, self.first = history, frames, seed, first
        unnamed = set(self.folder.kinds) - set(config.counts)
        if unnamed:
            raise ConfigError(f"{root} holds {', '.join(sorted(unnamed))}, of which this recipe does not say how many "
                              "play in a mixture: name them in mixtures: counts, or take the folders away")

    def __iter__(self) -> Iterator[Made | RtsepError]:
        """Yield stems (lanes, stems, 2, history + frames), which lanes restart, and broken files; last an error."""
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
                       torch.tensor([restart for _, restart in chunks]), frozenset(self.folder.broken))
        except RtsepError as error:  # as a value, or the loader would wrap it in a traceback
            yield error


def batches(dataset: LaneDataset, workers: int) -> Iterator[Part]:
    """Iterate a data set in `workers` processes, a few batches ahead; in this process where `workers` is 0.

    Yields stems (lanes, stems, 2, history + frames) and which lanes restart, bool (lanes,). In the end the number of
    files that could not be read is said on stderr.

    Raises
    ------
    RtsepError
        What a process met.
    """
    workers = min(workers, len(dataset.lanes))
    own = torch.Generator()  # or the loader would move the random state that everything else draws from
    _shorten_sockets()
    with signals_blocked(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # more processes than cores: the user's choice
        parts = iter(DataLoader(dataset, batch_size=None, num_workers=workers, generator=own,
                                prefetch_factor=PREFETCH if workers else None, timeout=TIMEOUT_S if workers else 0,
                                worker_init_fn=_leave_ctrl_c))
    try:
        while True:
            with undivided():  # a process whose part is not taken whole writes a traceback
                whole = [_take(parts) for _ in range(max(workers, 1))]
            dataset.folder.broken.update(*(broken for _, _, broken in whole))
            yield torch.cat([stems for stems, _, _ in whole]), torch.cat([restart for _, restart, _ in whole])
    finally:
        if dataset.folder.broken:
            print(f"{len(dataset.folder.broken)} files of {dataset.folder.root} could not be read and were skipped",
                  file=sys.stderr)


def _shorten_sockets() -> None:
    """Let multiprocessing make its sockets in /tmp where the folder of temporary files has too long a name for them.

    Parts pass through them. Where none can be made, parts are lost, and the trainer would wait for them.
    """
    if os.name != "posix" or len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER:
        return
    before, tempfile.tempdir = tempfile.tempdir, "/tmp"
    try:
        util.get_temp_dir()  # is kept for this process and its children
    finally:
        tempfile.tempdir = before


def _leave_ctrl_c(_: int) -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the one that trains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    unblock_signals()


def _take(parts: Iterator[Made | RtsepError]) -> Made:
    """Take the next part; raise what its process met."""
    try:
        part = next(parts)
    except (EOFError, ConnectionError) as error:  # it died while it handed the part over
        raise KilledError from error
    except RuntimeError as error:
        if "timed out" not in str(error):
            raise
        raise RtsepError(f"the processes that mix have handed nothing over for {TIMEOUT_S} s; go on with fewer "
                         "--workers, or none") from error
    if isinstance(part, RtsepError):
        raise part
    return part


def share(lanes: range, index: int, parts: int) -> range:
    """Cut the lanes of one of several processes out of a row of lanes."""
    return lanes[index * len(lanes) // parts: (index + 1) * len(lanes) // parts]
