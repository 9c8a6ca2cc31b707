"""Play a song without its guitar on the default output, separated while it plays.

Run: python examples/play_along.py song.flac [STEM]
"""

import sys
import threading

import numpy as np
import sounddevice
import soundfile

import rtsep

BLOCKSIZE = 512


def main(path: str, removed: str = "guitar") -> None:
    """Play until the song is over."""
    finished = threading.Event()
    with soundfile.SoundFile(path) as song:
        separator = rtsep.Separator("stage", song.channels, BLOCKSIZE, [removed, "rest"], samplerate=song.samplerate)
        rest = separator.stems.index("rest")

        def play(outdata: np.ndarray, frames: int, _time: object, _status: sounddevice.CallbackFlags) -> None:
            block = song.read(frames, dtype="float32", always_2d=True, fill_value=0.0)
            outdata[:] = separator.process(block.T)[rest].T
            if song.tell() >= song.frames:
                raise sounddevice.CallbackStop

        with sounddevice.OutputStream(song.samplerate, BLOCKSIZE, channels=song.channels, dtype="float32",
                                      callback=play, finished_callback=finished.set):
            finished.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
