"""Render segments of every kind to a folder of stems, in parallel, endlessly if wanted.

Segment `n` of a kind depends on the seed and `n` only, however many processes work.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from training.render.band import render_band
from training.render.bass import render_bass
from training.render.drums import render_drums
from training.render.guitar import render_guitar
from training.render.library import SAMPLERATE, Audio, Library
from training.render.voice import render_voice

Renderer = Callable[[Library, np.random.Generator, float], Audio]
RENDERERS: dict[str, Renderer] = {"drums": render_drums, "guitar": render_guitar, "bass": render_bass,
                                  "band": render_band, "voice": render_voice}
SHARES = {"drums": 4, "guitar": 4, "bass": 2, "band": 4, "voice": 2}
"""Segments of each kind in one round."""


@dataclass(frozen=True)
class PoolConfig:
    """What to render.

    Parameters
    ----------
    seconds
        Length of a segment.
    hours
        Sound of all kinds together in the folder.
    seed
        Beginning of all random choices.
    first
        Number of the first segment of each kind.
    endless
        Go on after `hours`, replacing the oldest segments.
    """

    seconds: float = 16.0
    hours: float = 4.0
    seed: int = 1
    first: int = 0
    endless: bool = False


def render_pool(data: Path, out: Path, config: PoolConfig, processes: int) -> int:
    """Render into `out/<kind>/<number>.wav`; return the number of segments written.

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
    wanted = int(config.hours * 3600 / config.seconds)
    jobs = _jobs(config.first)
    done = 0
    count = TextColumn("{task.completed}/{task.total}")
    bar = Progress(TextColumn("render"), BarColumn(), count, TimeRemainingColumn())
    with bar, ProcessPoolExecutor(processes) as pool:
        task = bar.add_task("render", total=wanted)
        running: set[Future[Path]] = set()
        started = 0
        while running or started < wanted or config.endless:
            while len(running) < 2 * processes and (started < wanted or config.endless):
                running.add(pool.submit(render_segment, data, out, config, *next(jobs)))
                started += 1
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                path = future.result()
                done += 1
                bar.update(task, completed=min(done, wanted))
                if done > wanted:
                    _drop_oldest(path.parent)
    return done


def render_segment(data: Path, out: Path, config: PoolConfig, kind: str, number: int) -> Path:
    """Render one segment to its file, whole or not at all; return its path."""
    path = out / kind / f"{number:06d}.wav"
    rng = np.random.default_rng([config.seed, list(RENDERERS).index(kind), number])
    audio = RENDERERS[kind](_library(data), rng, config.seconds)
    draft = path.with_suffix(".draft")
    soundfile.write(draft, audio * (0.9 / max(float(np.max(np.abs(audio))), 1e-3)), SAMPLERATE, "PCM_16", format="WAV")
    os.replace(draft, path)
    return path


def _jobs(first: int) -> Iterator[tuple[str, int]]:
    """Kinds and numbers in rounds, so that a folder is balanced at any moment."""
    for turn in itertools.count():
        for kind, share in SHARES.items():
            for index in range(share):
                yield kind, first + turn * share + index


def _drop_oldest(folder: Path) -> None:
    oldest = min(folder.glob("*.wav"), key=lambda path: path.stat().st_mtime)
    oldest.unlink()





@lru_cache(maxsize=1)
def _library(data: Path) -> Library:
    """Library of this process, made once; decoding is cached too."""
    return Library(data)
