"""A ready set of clips for the listening test: the built-in demo song, whose every stem is known, by any models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from rtsep import separate
from rtsep.demo.song import demo_song
from rtsep.errors import AudioFileError, ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.listening.clips import MIXTURE, REFERENCE

TARGETS = ("guitar", "drums")
EXCERPTS = ((1.0, 7.0), (10.0, 16.0))
"""Begin and end in seconds: verse, chorus."""


def write_demo_clips(folder: Path, models: Sequence[str], excerpts: Sequence[tuple[float, float]] = EXCERPTS) -> None:
    """Write an item a target and excerpt, as `read_clips` expects them; a system is called like its model.

    Parameters
    ----------
    folder
        To be made.
    models
        Names of shipped models, or paths; each has to know all of `TARGETS`.
    excerpts
        Begins and ends in seconds of the song.

    Raises
    ------
    ConfigError
        When the folder is there already, two models have one name, or a model lacks a target.
    ModelError
        When there is no such model.
    AudioFileError
        When a clip cannot be written.
    """
    names = [Path(model).stem for model in models]
    if folder.exists() or len(set(names)) < len(names):
        raise ConfigError(f"{folder} is there already: name a new folder" if folder.exists() else
                          f"models are {', '.join(models)}: names unlike each other are expected")
    truth = demo_song(SAMPLERATE)
    mixture: Audio = np.asarray(np.sum(list(truth.values()), axis=0), np.float32)
    made = {name: separate(mixture, SAMPLERATE, model, TARGETS) for name, model in zip(names, models, strict=True)}
    for target in TARGETS:
        whole = {REFERENCE: truth[target], MIXTURE: mixture} | {name: stems[target] for name, stems in made.items()}
        for number, (begin, end) in enumerate(excerpts, start=1):
            part = slice(round(begin * SAMPLERATE), round(end * SAMPLERATE))
            _write_item(folder / f"{target}-{number:02d}", {name: sound[:, part] for name, sound in whole.items()})


def _write_item(folder: Path, sounds: dict[str, Audio]) -> None:
    try:
        folder.mkdir(parents=True)
        for name, sound in sounds.items():
            soundfile.write(folder / f"{name}.flac", sound.T, SAMPLERATE, subtype="PCM_24")
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioFileError(f"cannot write the clips of {folder}: {error}") from None
