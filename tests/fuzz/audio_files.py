"""Damaged audio files of every format, and what the readers make of them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep import RtsepError
from rtsep.audio.files import RATES, AudioReader
from rtsep.files.tags import read_tags
from tests.fuzz.harness import damaged, refused

FORMATS = (("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAV", "MS_ADPCM"),
           ("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"),
           ("CAF", "PCM_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
           ("MP3", "MPEG_LAYER_III"))
FRAMES = 12_000
MOST_FRAMES = 50 * FRAMES
"""What a damaged file may still become: a header cannot make minutes of a few kilobytes."""


def attempt(seed: int, folder: Path) -> str:
    """Read the file of a seed, in blocks of two sizes: both hear the same, unless a part is told to be damaged."""
    rng = np.random.default_rng(seed)
    kind = int(rng.integers(len(FORMATS)))
    content = _original(kind, int(rng.integers(1, 3)))
    if rng.random() < 0.1:
        content += _original(int(rng.integers(len(FORMATS))), int(rng.integers(1, 3)))
    content = damaged(content, rng, int(rng.integers(1, 6)), int(rng.choice([16, 128, 4096])))
    path = folder / f"damaged.{FORMATS[kind][0].lower()}"
    path.write_bytes(content)
    read_tags(path)
    try:
        (one, notes), (other, _) = _read(path, 10_000), _read(path, 777)
    except RtsepError as error:
        return refused(error)
    if notes:
        return "read in part"
    np.testing.assert_array_equal(one, other)
    return "read"


@cache
def _original(kind: int, channels: int) -> bytes:
    """Make a file of a format."""
    rng, file = np.random.default_rng(kind), io.BytesIO()
    sound = 0.3 * np.sin(np.cumsum(rng.uniform(0.01, 0.1, (FRAMES, channels)), axis=0))
    name, subtype = FORMATS[kind]
    soundfile.write(file, sound, 48000 if subtype == "OPUS" else 44100, format=name, subtype=subtype)
    return file.getvalue()


def _read(path: Path, blocksize: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    blocks, frames = [], 0
    with AudioReader(path) as reader:
        assert reader.samplerate in RATES
        assert reader.channels >= 1
        assert reader.frames is None or reader.frames > 0
        while (block := reader.read(blocksize)).shape[1]:
            assert block.dtype == np.float32
            assert block.shape[0] == reader.channels
            assert np.isfinite(block).all()
            assert np.abs(block).max() <= 1e6
            frames += block.shape[1]
            assert frames <= MOST_FRAMES, "it does not end"
            blocks.append(block)
        assert all(note.isprintable() and len(note) < 300 for note in reader.notes), reader.notes
        assert reader.position == frames
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((0, 0), np.float32), reader.notes
