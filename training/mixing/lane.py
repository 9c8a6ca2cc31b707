"""A lane: an endless row of mixed segments, cut into chunks, that can be entered at any chunk."""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio
from training.corpora.stems import STEMS, StemFolder
from training.mixing.remix import RemixConfig, Remixer


class Lane:
    """One stream of mixtures; segment n depends on the key and n only, so that skipping costs no mixing.

    Parameters
    ----------
    folder, config
        As of `Remixer`.
    key
        Numbers that tell this lane from all others, the seed of the run among them.
    history, frames
        Frames before each chunk that come along, for windows that reach back, and frames of a chunk.
    """

    def __init__(self, folder: StemFolder, config: RemixConfig, key: tuple[int, ...], history: int,
                 frames: int) -> None:
        self.folder, self.config, self.key = folder, config, key
        self.history, self.frames = history, frames
        self._segments: dict[int, tuple[int, int]] = {}  # where those begin and end that a chunk may still need
        self._mixed: dict[int, Audio] = {}
        self._count = 0  # segments planned so far
        self._end = 0  # frame at which the last of them ends
        self._position = 0  # frame at which the next chunk begins

    def skip(self) -> bool:
        """Move on by one chunk without making it; return whether the network starts anew with it."""
        self._position += self.frames if self._count else 0
        restart = self._count == 0
        while self._end < self._position + self.frames:
            new_song, length = self._remixer(self._count).plan()
            if new_song and not restart:
                self._segments.clear()
                self._position, restart = self._end, True
            self._segments[self._count] = self._end, self._end + length
            self._end += length
            self._count += 1
        self._segments = {number: (begin, end) for number, (begin, end) in self._segments.items()
                          if end > self._position - self.history}
        return restart

    def chunk(self) -> tuple[Audio, bool]:
        """Make the next chunk.

        Returns
        -------
        stems
            float32 (stems, 2, history + frames).
        restart
            True where the network is to begin from its initial state.
        """
        restart = self.skip()
        self._mixed = {number: self._mixed[number] if number in self._mixed else self._mix(number)
                       for number in self._segments}
        chunk = np.zeros((len(STEMS), 2, self.history + self.frames), np.float32)
        for number, (begin, _) in self._segments.items():
            offset = begin - (self._position - self.history)
            part = self._mixed[number][..., max(-offset, 0): chunk.shape[-1] - offset]
            chunk[..., max(offset, 0): max(offset, 0) + part.shape[-1]] = part
        return chunk, restart

    def _remixer(self, number: int) -> Remixer:
        return Remixer(self.folder, self.config, np.random.default_rng([*self.key, number]))

    def _mix(self, number: int) -> Audio:
        remixer = self._remixer(number)
        _, frames = remixer.plan()
        return remixer.segment(frames)
