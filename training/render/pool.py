"""Render segments of every kind to a folder of stems, in parallel, endlessly on request.

Segment `n` of a kind depends on the seed and `n` only, however many processes work. The segments of one round are of
one song: one tempo, key and harmony. A folder is gone on with: what is rendered there counts, and new segments get new
numbers.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.band import render_band
from training.render.bass import render_bass
from training.render.drums import render_drums
from training.render.guitar import render_guitar
from training.render.library import Library
from training.render.song import Random, Song, random_song
from training.render.voice import render_voice

Renderer = Callable[[Library, Random, Song], Audio]
RENDERERS: dict[str, Renderer] = {"drums": render_drums, "guitar": render_guitar, "bass": render_bass,
                                  "band": render_band, "voice": render_voice}
SHARES = {"drums": 4, "guitar": 4, "bass": 2, "band": 4, "voice": 2}
"""Segments of each kind in one round."""
NUMBERED = "[0-9]" * 6 + ".wav"


@dataclass(frozen=True)
class PoolConfig:
    """What to render.

    Parameters
    ----------
    seconds
        Length of a segment.
    hours
        Rendered sound of all kinds together in the folder.
    seed
        Beginning of all random choices.
    endless
        Go on after `hours`, replacing the oldest segments.
    """

    seconds: float = 16.0
    hours: float = 4.0
    seed: int = 1
    endless: bool = False


def rendered(out: Path) -> list[Path]:
    """List the rendered segments of a folder of stems; other sounds in it are left alone."""
    return [path for kind in RENDERERS for path in (out / kind).glob(NUMBERED)]


def render_pool(data: Path, out: Path, config: PoolConfig, processes: int,
                requested: Callable[[], bool] | None = None) -> int:
    """Render into `out/<kind>/<number>.wav`; return the number of segments written.

    Parameters
    ----------
    requested
        Asked before every segment; False ends the rendering. Where it is given there is no progress bar.

    Raises
    ------
    ConfigError
        When the data folder lacks a part.
    OSError
        When the disk is full; whole files stay, no half ones.
    """
    Library(data)  # complains now rather than in every process
    for kind in RENDERERS:
        (out / kind).mkdir(parents=True, exist_ok=True)
    full, there = round(config.hours * 3600 / config.seconds), len(rendered(out))
    all_jobs = itertools.islice(_jobs(out), None if config.endless else max(full - there, 0))
    jobs = itertools.takewhile(lambda _: requested is None or requested(), all_jobs)
    written = 0
    with _progress(requested is None) as bar, ProcessPoolExecutor(processes) as pool:
        task = bar.add_task("render", total=full, completed=min(there, full))
        running = {pool.submit(render_segment, data, out, config, *job)
                   for job in itertools.islice(jobs, 2 * processes)}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(render_segment, data, out, config, *job)
                        for job in itertools.islice(jobs, len(finished))}
            for path in (future.result() for future in finished):
                written += 1
                bar.update(task, completed=min(there + written, full))
                if there + written > full:
                    _drop_oldest(path.parent)
    return written


def _progress(visible: bool) -> Progress:
    count = TextColumn("{task.completed}/{task.total}")
    return Progress(TextColumn("render"), BarColumn(), count, TimeRemainingColumn(), disable=not visible)


def render_segment(data: Path, out: Path, config: PoolConfig, kind: str, number: int) -> Path:
    """Render one segment to its file, whole or not at all; return its path."""
    path = out / kind / f"{number:06d}.wav"
    rng = np.random.default_rng([config.seed, list(RENDERERS).index(kind), number])
    audio = RENDERERS[kind](_library(data), rng, song_of(config, kind, number))
    draft = path.with_suffix(".draft")
    soundfile.write(draft, audio * (0.9 / max(float(np.max(np.abs(audio))), 1e-3)), SAMPLERATE, "PCM_16", format="WAV")
    os.replace(draft, path)
    return path


def song_of(config: PoolConfig, kind: str, number: int) -> Song:
    """Song of a segment: what is rendered in one round shares it."""
    return random_song(np.random.default_rng([config.seed, len(RENDERERS), number // SHARES[kind]]), config.seconds)


def _jobs(out: Path) -> Iterator[tuple[str, int]]:
    """Kinds and numbers after those that are there, in rounds, so that a folder is balanced at any moment."""
    following = dict.fromkeys(SHARES, 0)
    for path in rendered(out):
        following[path.parent.name] = max(following[path.parent.name], int(path.stem) + 1)
    while True:
        for kind, share in SHARES.items():
            for _ in range(share):
                yield kind, following[kind]
                following[kind] += 1


def _drop_oldest(folder: Path) -> None:
    oldest = min(folder.glob(NUMBERED), key=lambda path: path.stat().st_mtime)
    oldest.unlink()


@lru_cache(maxsize=1)
def _library(data: Path) -> Library:
    """Library of this process, made once; decoding is cached too."""
    return Library(data)
