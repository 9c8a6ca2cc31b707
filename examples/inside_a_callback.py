"""rtsep inside a program that has an audio callback of its own, with blocks of any size.

Run: python examples/inside_a_callback.py song.wav without-drums.wav

The program here reads a file in blocks of changing size and stands for any host: a game, a DSP server, a plugin in
Python. What matters is `Effect`.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np
import soundfile

import rtsep


class Effect:
    """Takes the drums out. Made before the sound starts; `process` is all that the callback calls.

    A separator allocates, compiles and reads its model when it is made, never in `process`. It belongs to one thread;
    its controls may be set from any other.
    """

    def __init__(self, samplerate: int, channels: int) -> None:
        self._separator = rtsep.Separator("stage", channels, stems=["drums", "rest"], samplerate=samplerate)
        self.controls = self._separator.controls
        self.latency = self._separator.latency

    def process(self, block: np.ndarray) -> np.ndarray:
        """Take float32 (frames, channels), as most hosts have it; return as much, `latency` frames late."""
        _drums, rest = self._separator.process(block.T)
        return rest.T


def host(path: str, target: str, make: Callable[[int, int], Effect]) -> None:
    """Run an effect over a file, and take its latency out, as hosts do."""
    with soundfile.SoundFile(path) as source:
        effect = make(source.samplerate, source.channels)
        effect.controls.mask_gain = 1.5
        with soundfile.SoundFile(target, "w", source.samplerate, source.channels, "FLOAT", format="WAV") as result:
            late = effect.latency
            for block in blocks(source, effect.latency):
                sound = effect.process(block)[late:]
                late = max(0, late - len(block))
                result.write(sound)


def blocks(source: soundfile.SoundFile, tail: int) -> Iterator[np.ndarray]:
    """Yield the file in blocks of any size, then silence."""
    sizes = np.random.default_rng(1).integers(1, 2000, 1 << 20)
    for size in sizes:
        block = source.read(size, dtype="float32", always_2d=True)
        if not len(block):
            break
        yield block
    yield np.zeros((tail, source.channels), np.float32)


if __name__ == "__main__":
    host(sys.argv[1], sys.argv[2], Effect)
