"""Songs in MUSDB18's layouts: `.stem.mp4` files, or one folder of stems a song."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np

from rtsep.errors import AudioFileError, ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.songs import SUFFIXES, Song, read_mono, sum_tracks
from training.corpora.visible import visible

STREAMS = {"drums": 1, "bass": 2, "other": 3, "vocals": 4}
"""Audio streams of a `.stem.mp4`; stream 0 is the mixture."""
STEMS = ("drums", "guitar", "bass", "other", "vocals")
CONTAINER = ".stem.mp4"
SECONDS_TO_DECODE = 300


class SongFolders:
    """Songs of MUSDB18, or one's own: `[train|test]/SONG.stem.mp4`, or `[train|test]/SONG/drums.wav` and its like.

    A folder of one's own may hold `guitar` beside `drums`, `bass`, `other` and `vocals`, as wav or flac.

    Raises
    ------
    ConfigError
        When there is no song, or ffmpeg is needed and missing.
    """

    def __init__(self, root: Path) -> None:
        found = {split: _songs_in(root / split) for split in ("train", "test")}
        if not any(found.values()):
            found = {"all": _songs_in(root)}
        self._paths = {name: path for songs in found.values() for name, path in songs.items()}
        if not self._paths:
            raise ConfigError(f"no songs in {root}: looked for *{CONTAINER} and for folders with "
                              f"{', '.join(STEMS)} as {' or '.join(SUFFIXES)}, there and in train/ and test/; "
                              f"and for MedleyDB's Metadata/ and Audio/")
        self.splits = {split: sorted(songs) for split, songs in found.items() if songs}
        self.has_guitar_stems = any("guitar" in self.stems_of(name) for name in self._paths)
        if any(path.is_file() for path in self._paths.values()) and shutil.which("ffmpeg") is None:
            raise ConfigError(f"{root} holds {CONTAINER} files, which are decoded by ffmpeg, and there is no ffmpeg: "
                              f"install it, or use the WAV edition, MUSDB18-HQ")

    def stems_of(self, name: str) -> set[str]:
        """Stems of a song, by the files that it has."""
        path = self._paths[name]
        return set(STREAMS) if path.is_file() else set(_stem_files(path))

    def read(self, name: str) -> Song:
        """Read a song; see `Corpus.read`."""
        path = self._paths[name]
        if path.is_file():
            return Song(name, sum_tracks([(stem, _decode(path, stream)) for stem, stream in STREAMS.items()]))
        files = _stem_files(path)
        missing = {"drums", "other"} - set(files)
        if missing:
            raise ConfigError(f"{path} has no {' and no '.join(sorted(missing))} as {' or '.join(SUFFIXES)}; "
                              f"it has {', '.join(files)}")
        return Song(name, sum_tracks([(stem, read_mono(file)) for stem, file in files.items()]))


def title_key(name: str) -> str:
    """Write a title in a form that is the same in MedleyDB and MUSDB18, which share 46 songs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _songs_in(folder: Path) -> dict[str, Path]:
    """Songs directly in a folder, by name."""
    if not folder.is_dir():
        return {}
    files = {path.name[:-len(CONTAINER)]: path for path in visible(folder.iterdir())
             if path.name.lower().endswith(CONTAINER)}
    return files | {path.name: path for path in visible(folder.iterdir()) if path.is_dir() and _stem_files(path)}


def _stem_files(folder: Path) -> dict[str, Path]:
    """Files of a song's stems, by stem."""
    files = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    return {stem: files[stem + suffix] for stem in STEMS for suffix in SUFFIXES if stem + suffix in files}


def _decode(path: Path, stream: int) -> Audio:
    """Decode one stream of a container as mono; the channels' mean is taken here, ffmpeg's own is 3 dB louder."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", str(path), "-map", f"0:a:{stream}",
               "-ac", "2", "-ar", str(SAMPLERATE), "-f", "f32le", "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_TO_DECODE)
    except subprocess.TimeoutExpired:
        raise AudioFileError(f"{path}: ffmpeg did not decode stream {stream} within {SECONDS_TO_DECODE} s") from None
    if done.returncode or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no sound in it"]
        raise AudioFileError(f"{path}: ffmpeg cannot decode stream {stream} of 0 to 4 ({reason[-1]})")
    return np.asarray(np.frombuffer(done.stdout, "<f4").reshape(-1, 2).mean(axis=1))
