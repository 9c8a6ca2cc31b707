"""What listeners answered: one JSON file a listener, and the key that says which clip is which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError
from training.listening.build import FORMAT, KEY_SUFFIX

LONGEST_NAME = 200
RATING_SCORES = range(1, 6)
PAIR_SCORES = {"seven": range(-3, 4), "three": range(-1, 2)}


@dataclass(frozen=True)
class Labelled:
    """What a clip is: its item, the requested instrument, and the system that made it."""

    item: str
    target: str
    system: str


@dataclass(frozen=True)
class Key:
    """What a page asks for.

    Parameters
    ----------
    test
        Number of the test.
    scale
        Levels of the comparison, `seven` or `three`.
    trials
        Names of the clips of every trial: one is rated, two are compared.
    clips
        What each name stands for.
    """

    test: str
    scale: str
    trials: frozenset[frozenset[str]]
    clips: dict[str, Labelled]

    def targets(self) -> list[str]:
        """Instruments of the test, sorted."""
        return sorted({clip.target for clip in self.clips.values()})


@dataclass(frozen=True)
class Rating:
    """One sound and its score, 1 to 5."""

    clip: Labelled
    score: int


@dataclass(frozen=True)
class Comparison:
    """Two sounds and how the second was found against the first."""

    first: Labelled
    second: Labelled
    score: int


@dataclass(frozen=True)
class Session:
    """All answers of one listener."""

    listener: str
    seed: int
    ratings: tuple[Rating, ...]
    comparisons: tuple[Comparison, ...]


def read_key(path: Path) -> Key:
    """Read the key that was written beside a page.

    Raises
    ------
    ConfigError
        When it is missing or no key.
    """
    fields = _read_json(path)
    try:
        if fields["format"] != FORMAT:
            raise ConfigError(f"{path} has format {fields['format']}, this rtsep reads {FORMAT}: build the page again")
        return Key(fields["test"], fields["scale"], frozenset(map(frozenset, fields["trials"])),
                   {name: Labelled(**label) for name, label in fields["clips"].items()})
    except (KeyError, TypeError, AttributeError):
        raise ConfigError(f"{path} is no key of a listening test: give the {KEY_SUFFIX} file that was written beside "
                          f"the page") from None


def find_key(folder: Path) -> Path:
    """Find the one key in a folder of results.

    Raises
    ------
    ConfigError
        When there is none, or more than one.
    """
    keys = sorted(folder.glob(f"*{KEY_SUFFIX}"))
    if len(keys) != 1:
        raise ConfigError(f"{len(keys)} keys in {folder}: put the {KEY_SUFFIX} file of the page there, or name it with "
                          f"--key")
    return keys[0]


def read_sessions(folder: Path, key: Key) -> list[Session]:
    """Read the results of all listeners; of a session that was saved more than once the first file by name counts.

    Raises
    ------
    ConfigError
        When there is none, or one belongs to another test, is not complete or is damaged.
    """
    paths = sorted((path for path in folder.glob("*.json") if not path.name.endswith(KEY_SUFFIX)),
                   key=lambda path: path.stem)
    sessions: dict[tuple[str, int], Session] = {}
    for path in paths:
        session = parse_session(_read_json(path), key, str(path))
        sessions.setdefault((session.listener, session.seed), session)
    if not sessions:
        raise ConfigError(f"no results in {folder}: expected one .json file a listener, as the page saves them")
    return list(sessions.values())


def parse_session(fields: Any, key: Key, where: str) -> Session:
    """Check one listener's answers; `where` names their source in errors, as `ConfigError` of `read_sessions`."""
    try:
        if fields["format"] != FORMAT or fields["test"] != key.test:
            raise ConfigError(f"{where} belongs to another test than the key: keep results of each page in a folder")
        if not fields["finished"]:
            raise ConfigError(f"{where} is unfinished: the listener can open the page again and go on")
        if type(fields["seed"]) is not int or not 0 <= fields["seed"] < 2**32:
            raise ValueError("the seed is a whole number of 32 bits")
        if not isinstance(fields["listener"], str) or not 0 < len(fields["listener"]) <= LONGEST_NAME:
            raise ValueError(f"the listener is a name of at most {LONGEST_NAME} characters")
        if len(fields["scores"]) > len(key.trials):
            raise ValueError(f"{len(fields['scores'])} scores for {len(key.trials)} trials")
        answered = {frozenset(entry["clips"]) for entry in fields["scores"]}
        answers = [([key.clips[name] for name in entry["clips"]], entry["score"]) for entry in fields["scores"]]
        ratings = tuple(Rating(clips[0], score) for clips, score in answers if len(clips) == 1)
        pairs = tuple(Comparison(clips[0], clips[1], score) for clips, score in answers if len(clips) == 2)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{where} is no result of this listening test ({error!r:.200}); ask the listener to save it "
                          f"again") from None
    if answered != key.trials or len(answers) != len(key.trials):
        raise ConfigError(f"{where} answers {len(answers)} of {len(key.trials)} trials: ask the listener to save it "
                          f"again")
    for scores, allowed in (([rating.score for rating in ratings], RATING_SCORES),
                            ([pair.score for pair in pairs], PAIR_SCORES[key.scale])):
        for score in scores:
            if type(score) is not int or score not in allowed:
                raise ConfigError(f"{where}: a score is {score!r:.40}, expected {allowed[0]} to {allowed[-1]}")
    return Session(fields["listener"], fields["seed"], ratings, pairs)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON ({error}): copy or save it again") from None
