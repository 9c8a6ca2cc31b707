"""Separate a song in a few lines, look at it, and make a version without its guitar.

Run it as a whole (`python examples/separate_a_song.py song.flac`), or cell by cell in an editor that knows `# %%`.
"""

# %% Read a song. soundfile gives (frames, channels); rtsep takes both orders, and the longer axis is the time.
import sys

import numpy as np
import soundfile

import rtsep
from rtsep.report.spectrograms import draw_spectrograms

song, samplerate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)

# %% Separate it. Every stem has the shape of the song and is aligned with it.
stems = rtsep.separate(song, samplerate)
for name, stem in stems.items():
    print(f"{name}: {20 * np.log10(np.sqrt(np.mean(stem**2)) + 1e-9):.1f} dB")

# %% All stems together are the song.
print(f"left over: {np.abs(sum(stems.values()) - song).max():.1e}")

# %% Look at the mixture and its stems.
draw_spectrograms("spectrograms.png", {"mixture": song.T} | {name: stem.T for name, stem in stems.items()}, samplerate)

# %% A version to play along with: the guitar 20 dB lower. `rest` is everything but the stems that are named with it.
parts = rtsep.separate(song, samplerate, stems=["guitar", "rest"])
soundfile.write("play-along.wav", parts["rest"] + 0.1 * parts["guitar"], samplerate, subtype="FLOAT")
