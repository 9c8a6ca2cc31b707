"""Folders of rendered or recorded stems on disk."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.songs import SUFFIXES
from training.corpora.visible import visible

STEMS = ("drums", "bass", "guitar", "vocals", "other")
"""What mixtures are made of; a network may estimate sums of them."""
KINDS = {"drums": "drums", "guitar": "guitar", "bass": "bass", "band": "other", "voice": "vocals", "other": "other",
         "own": "guitar"}
"""Names of folders that hold sounds, and the stem that each belongs to; `own` is the player's own guitar."""
NEEDED = {"drums": ("drums",), "guitar": ("guitar", "own"), "accompaniment": ("bass", "band", "voice", "other")}
"""What every folder of stems has, and the kinds that count as it."""
REFRESH_SECONDS = 30.0


def stem_sets(stems: Sequence[str]) -> NDArray[np.float32]:
    """Which of `STEMS` each stem of a network is made of; `other` takes in all that the network does not name.

    Returns
    -------
    sets
        float32 of zeros and ones, (stems of the network, len(STEMS)).
    """
    def belongs(stem: str, part: str) -> bool:
        return stem == part or (stem == "other" and part not in stems)
    return np.array([[belongs(stem, part) for part in STEMS] for stem in stems], np.float32)


class StemFolder:
    """Sounds by kind: `ROOT/drums/*.wav`, `ROOT/guitar/*.wav` and at least one kind of accompaniment.

    Files that cannot be read are named on stderr, once, and left out from then on.

    Parameters
    ----------
    root
        Folder with one sub-folder a kind.

    Attributes
    ----------
    broken
        Files that were left out.

    Raises
    ------
    ConfigError
        When drums, guitar or any accompaniment is missing; the message says which names it looked for.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.broken: set[Path] = set()
        self._checked: set[Path] = set()
        self._files: dict[str, list[Path]] = {}
        self.refresh()

    @property
    def kinds(self) -> list[str]:
        """Kinds that have sounds."""
        return [kind for kind, files in self._files.items() if files]

    def refresh(self) -> None:
        """Look again: a renderer may have added or removed files."""
        self._looked = time.monotonic()
        self._files = {kind: [path for path in visible((self.root / kind).glob("*.*")) if self._usable(path)]
                       for kind in KINDS}
        missing = [part for part, kinds in NEEDED.items() if not set(kinds) & set(self.kinds)]
        if missing:
            others = ", ".join(NEEDED["accompaniment"])
            broken = f"; {len(self.broken)} files there cannot be read" if self.broken else ""
            raise ConfigError(f"{self.root} has no sounds for {' and '.join(missing)}: looked for .wav and .flac in "
                              f"drums, guitar and {others} (any of these accompany){broken}")

    def draw(self, kind: str, rng: np.random.Generator, frames: int) -> Audio:
        """Cut a random stretch out of a random file, repeated where the file is shorter; shape (frames,).

        Files at other sample rates are resampled to 44.1 kHz.

        Raises
        ------
        FileNotFoundError
            When the file has just been replaced by a running renderer, or is broken: refresh and draw again.
        """
        if time.monotonic() - self._looked > REFRESH_SECONDS:
            self.refresh()
        path = self._files[kind][rng.integers(len(self._files[kind]))]
        try:
            audio = _stretch(path, rng, frames)
        except soundfile.LibsndfileError as error:
            if path.is_file():
                self._leave_out(path, error.error_string)
            raise FileNotFoundError(path) from None
        if not np.all(np.isfinite(audio)):
            self._leave_out(path, "it holds samples that are no numbers (NaN or infinite)")
            raise FileNotFoundError(path)
        return np.resize(audio, frames) if audio.size else np.zeros(frames, np.float32)

    def _usable(self, path: Path) -> bool:
        """Whether a file is a sound; each one's header is read once."""
        if path.suffix.lower() not in SUFFIXES or path in self.broken:
            return False
        if path not in self._checked:
            try:
                soundfile.info(path)
            except soundfile.LibsndfileError as error:
                if path.is_file():  # or a running renderer has just removed it
                    self._leave_out(path, error.error_string)
                return False
            self._checked.add(path)
        return True

    def _leave_out(self, path: Path, reason: str) -> None:
        self.broken.add(path)
        print(f"skipped {path}: {reason}", file=sys.stderr)


def _stretch(path: Path, rng: np.random.Generator, frames: int) -> Audio:
    """Read a random stretch of a file as mono at 44.1 kHz, at most (frames,)."""
    with soundfile.SoundFile(path) as file:
        needed = math.ceil(frames * file.samplerate / SAMPLERATE)
        file.seek(int(rng.integers(max(file.frames - needed, 0) + 1)))
        audio = file.read(needed, dtype="float32", always_2d=True).mean(axis=1)
    if file.samplerate == SAMPLERATE:
        return np.asarray(audio)
    return np.asarray(soxr.resample(audio, file.samplerate, SAMPLERATE)[:frames])
