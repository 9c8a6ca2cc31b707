"""Folders of rendered or recorded stems on disk."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.errors import ConfigError

Audio = NDArray[np.float32]
KINDS = {"drums": "drums", "guitar": "guitar", "bass": "other", "band": "other", "voice": "other", "other": "other"}
"""Names of folders that hold sounds, and the stem that each belongs to."""
SUFFIXES = (".wav", ".flac")
REFRESH_SECONDS = 30.0


class StemFolder:
    """Sounds by kind: `ROOT/drums/*.wav`, `ROOT/guitar/*.wav` and at least one kind of accompaniment.

    Parameters
    ----------
    root
        Folder with one sub-folder a kind.

    Raises
    ------
    ConfigError
        When drums, guitar or any accompaniment is missing; the message says which names it looked for.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, list[Path]] = {}
        self.refresh()

    @property
    def kinds(self) -> list[str]:
        """Kinds that have sounds."""
        return [kind for kind, files in self._files.items() if files]

    def refresh(self) -> None:
        """Look again: a renderer may have added or removed files."""
        self._looked = time.monotonic()
        self._files = {kind: sorted(p for p in (self.root / kind).glob("*.*") if p.suffix in SUFFIXES)
                       for kind in KINDS}
        missing = {"drums", "guitar", "other"} - {KINDS[kind] for kind in self.kinds}
        if missing:
            others = ", ".join(kind for kind, stem in KINDS.items() if stem == "other")
            raise ConfigError(f"{self.root} has no sounds for {', '.join(sorted(missing))}: looked for .wav and .flac "
                              f"in drums, guitar and {others} (these make other)")

    def draw(self, kind: str, rng: np.random.Generator, frames: int) -> Audio:
        """Cut a random stretch out of a random file, repeated where the file is shorter; shape (frames,).

        Raises
        ------
        FileNotFoundError
            When the file has just been replaced by a running renderer: refresh and draw again.
        """
        if time.monotonic() - self._looked > REFRESH_SECONDS:
            self.refresh()
        path = self._files[kind][rng.integers(len(self._files[kind]))]
        try:
            with soundfile.SoundFile(path) as file:
                start = int(rng.integers(max(file.frames - frames, 0) + 1))
                file.seek(start)
                audio = file.read(frames, dtype="float32", always_2d=True).mean(axis=1)
        except soundfile.LibsndfileError:
            raise FileNotFoundError(path) from None
        return np.resize(audio, frames) if audio.size else np.zeros(frames, np.float32)
