"""A dry track from one of several sources: samples, synthesis, a sound font, a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rtsep.types import Audio
from training.render.library import Library
from training.render.song import Random, Song

Source = Callable[[Library, Random, Song], Audio]
"""Plays for a song, float32 (song.frames,)."""


def play_one(sources: Sequence[tuple[Source, float]], library: Library, rng: Random, song: Song) -> Audio:
    """Let one of the sources play, and another one if nothing is to be heard.

    Parameters
    ----------
    sources
        Each with its chance; all chances sum to one.
    library
        What there is to play with.
    rng
        Of every choice: the same state gives the same track.
    song
        What the segment is taken from.

    Returns
    -------
    Audio
        Mono, shape (song.frames,), float32.

    Raises
    ------
    ConfigError
        When FluidSynth, its sound font, espeak-ng or recordings that a source plays with are not there.
    """
    while True:
        source, _ = sources[rng.choice(len(sources), p=[chance for _, chance in sources])]
        track = source(library, rng, song)
        if audible(track):
            return track


def audible(audio: Audio) -> bool:
    """Whether a track holds any sound: a peak above -60 dB."""
    return bool(np.abs(audio).max() > 1e-3)
