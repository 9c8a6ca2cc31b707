"""A multitrack song as the stems the project speaks of, and how any corpus of them is read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from rtsep.audio.files import AudioReader
from rtsep.errors import AudioFileError, ConfigError, RtsepError
from rtsep.types import Audio
from training import SAMPLERATE

SUFFIXES = (".wav", ".flac")
SOFTEST = 10.0 ** (-70.0 / 20.0)  # peak of a stem that plays; the hiss of a silent track stays below


@dataclass(frozen=True)
class Song:
    """A multitrack, mono at 44.1 kHz.

    Parameters
    ----------
    name
        Unique within its corpus.
    stems
        `drums`, `guitar` (electric), `bass`, `vocals`, `other`, or `unknown` where the corpus does not say what plays;
        each (frames,), all of one length. Stems that do not play may be left out.
    bleed
        Whether other instruments are heard in the stems.
    """

    name: str
    stems: Mapping[str, Audio]
    bleed: bool = False

    @property
    def frames(self) -> int:
        """Length of every stem."""
        return int(next(iter(self.stems.values())).size)

    def stem(self, name: str) -> Audio:
        """Sound of a stem, silence where it does not play; (frames,)."""
        return self.stems[name] if name in self.stems else np.zeros(self.frames, np.float32)

    def plays(self, name: str) -> bool:
        """Whether a stem is there and neither silent nor mere hiss."""
        return bool(np.any(np.abs(self.stem(name)) > SOFTEST))

    def accompaniment(self, target: str, without: str = "") -> Audio:
        """Sum of all stems but the target and, where named, another one; (frames,)."""
        silence = np.zeros(self.frames, np.float32)
        return sum((audio for name, audio in self.stems.items() if name not in (target, without)), silence)


class Corpus(Protocol):
    """Songs on disk.

    Attributes
    ----------
    splits
        Names of the songs of each part of the corpus: `train` and `test` where it has them, else `all`.
    has_guitar_stems
        Whether electric guitars have a stem of their own.
    """

    splits: dict[str, list[str]]
    has_guitar_stems: bool

    def stems_of(self, name: str) -> set[str]:
        """Stems of a song, without reading its sound."""

    def read(self, name: str) -> Song:
        """Read a song.

        Raises
        ------
        ConfigError
            When a file is missing; the message says which.
        AudioFileError
            When a file cannot be decoded.
        """


def read_songs(corpus: Corpus, names: Iterable[str], skipped: dict[str, str]) -> Iterator[Song]:
    """Read songs one after another; name on stderr those that cannot be read, and go on.

    Parameters
    ----------
    skipped
        Takes up the reason for every song that is left out.
    """
    for name in names:
        try:
            song = corpus.read(name)
        except RtsepError as error:
            _skip(name, error, skipped)
        else:
            yield song


def stems_of(corpus: Corpus, name: str, skipped: dict[str, str]) -> set[str]:
    """Stems of a song without reading its sound; none where that fails, which is named on stderr."""
    try:
        return corpus.stems_of(name)
    except RtsepError as error:
        _skip(name, error, skipped)
        return set()


def _skip(name: str, error: RtsepError, skipped: dict[str, str]) -> None:
    skipped[name] = str(error)
    print(f"skipped {name}: {error}", file=sys.stderr)


def read_mono(path: Path) -> Audio:
    """Read an audio file as the mean of its channels at 44.1 kHz, (frames,); errors as of `read_stereo`."""
    return np.asarray(_read(path).mean(axis=0))


def read_stereo(path: Path) -> Audio:
    """Read an audio file at 44.1 kHz, (2, frames), one channel as two equal ones.

    Raises
    ------
    AudioFileError
        When it cannot be decoded, or not all of it, or holds samples that are no numbers.
    """
    audio = _read(path)
    return audio[:2] if len(audio) > 1 else np.repeat(audio, 2, axis=0)


def _read(path: Path) -> Audio:
    with AudioReader(path) as reader:
        blocks = list(reader.blocks(SAMPLERATE))
    if reader.notes:
        raise AudioFileError(f"{path}: {reader.notes[0]}; songs to learn from are whole")
    if reader.bad_frames:
        raise AudioFileError(f"{path} holds {reader.bad_frames} samples that are no sound (NaN, infinite or far above "
                             f"full scale): write the file again")
    return np.concatenate(blocks, axis=1).astype(np.float32, copy=False)


def find_audio(path: Path) -> Path:
    """Path of a track, with the suffix that it has on disk: wav or flac, in small letters or capitals.

    Raises
    ------
    ConfigError
        When there is none.
    """
    for suffix in SUFFIXES:
        for spelling in (suffix, suffix.upper(), suffix.capitalize()):
            if path.with_suffix(spelling).is_file():
                return path.with_suffix(spelling)
    raise ConfigError(f"no track {path.with_suffix('')} (looked for {' and '.join(SUFFIXES)})")


def sum_tracks(tracks: Iterable[tuple[str, Audio]]) -> dict[str, Audio]:
    """Sum tracks by stem; shorter ones are followed by silence up to the longest.

    Raises
    ------
    AudioFileError
        When a track is shorter than 0.1 s in a song of more than a second: what is left of a broken copy.
    """
    tracks = list(tracks)
    frames = max(audio.size for _, audio in tracks)
    for stem, audio in tracks:
        if audio.size < SAMPLERATE // 10 and frames > SAMPLERATE:
            raise AudioFileError(f"a track of {stem} lasts {audio.size} samples in a song of {frames / SAMPLERATE:.1f} "
                                 f"s: copy the song again")
    stems: dict[str, Audio] = {}
    for stem, audio in tracks:
        stems.setdefault(stem, np.zeros(frames, np.float32))[:audio.size] += audio
    return stems
