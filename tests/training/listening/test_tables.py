"""From listeners' files to the tables: intervals against published values, and files that cannot be used."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rtsep.errors import ConfigError
from training.cli import main
from training.listening.sessions import Key, Labelled, Rating, Session, find_key, parse_session, read_key, read_sessions
from training.listening.tables import Estimate, doubtful_listeners, mean_opinion, report, wilson

SYSTEMS = ("reference", "anchor", "gru", "hourglass", "wave")
CLIPS = {f"{target}-{system}": Labelled(f"{target}-01", target, system)
         for target in ("drums", "guitar") for system in SYSTEMS}
PAIRS = [tuple(f"{target}-{system}" for system in pair) for target in ("drums", "guitar")
         for pair in itertools.combinations(SYSTEMS[2:], 2)]
KEY = Key("t1", "seven", frozenset(map(frozenset, [*((name,) for name in CLIPS), *PAIRS])), CLIPS)


def answers(listener: str, changed: dict[tuple[str, ...], int], **fields: Any) -> dict[str, Any]:
    """Write answers as the page does: ratings by system, equal pairs, and what is changed."""
    scores: dict[tuple[str, ...], int] = {(name,): dict(zip(SYSTEMS, (5, 1, 4, 3, 2), strict=True))[clip.system]
                                          for name, clip in CLIPS.items()}
    scores |= dict.fromkeys([pair for pair in PAIRS if pair[::-1] not in changed], 0) | changed
    return {"format": 1, "test": "t1", "listener": listener, "seed": 1, "started": "a", "finished": "b",
            "scores": [{"clips": list(names), "score": score} for names, score in scores.items()]} | fields


def session(listener: str, changed: dict[tuple[str, ...], int]) -> Session:
    return parse_session(answers(listener, changed), KEY, listener)


def test_intervals_are_the_published_ones() -> None:
    low, high = wilson(81, 263)  # Newcombe, Statistics in Medicine 17 (1998), table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert (round(wilson(0, 20)[0], 4), round(wilson(0, 20)[1], 4)) == (0.0, 0.1611)
    estimate = Estimate.of_listeners([3.0, 4.0, 5.0])  # t(0.975, 2) = 4.3027
    assert estimate.value == 4.0
    assert estimate.half == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert str(Estimate.of_listeners([3.5])) == "3.50"


def test_a_listener_counts_once_however_many_clips() -> None:
    clips = {str(number): Labelled(f"guitar-{number}", "guitar", "gru") for number in range(3)}
    sessions = [Session(name, 1, tuple(Rating(clip, score + index) for index, clip in enumerate(clips.values())), ())
                for name, score in (("a", 1), ("b", 3))]
    estimate = mean_opinion(sessions, "guitar", "gru")
    assert estimate.value == 3.0
    assert estimate.half == pytest.approx(12.706, abs=1e-3)  # t(0.975, 1) * sqrt(2) / sqrt(2)


def test_the_tables() -> None:
    changed = {("guitar-gru", "guitar-wave"): -2, ("guitar-hourglass", "guitar-gru"): 3}
    text = report([session("a", changed),
                   session("b", changed | {("guitar-gru", "guitar-wave"): 1, ("guitar-gru",): 5})], KEY)
    for row in ("| system | drums, MOS | guitar, MOS |",
                "| gru | 4.00 ± 0.00 | 4.50 ± 6.35 |", "| hidden reference | 5.00 ± 0.00 | 5.00 ± 0.00 |",
                "| guitar | gru | wave | 50 % (9 to 91) | 0 % (0 to 66) | 50 % (9 to 91) | 0.50 ± 19.06 |",
                "| guitar | gru | hourglass | 100 % (34 to 100) | 0 % (0 to 66) | 0 % (0 to 66) | 3.00 ± 0.00 |",
                "| drums | hourglass | wave | 0 % (0 to 66) | 100 % (34 to 100) | 0 % (0 to 66) | 0.00 ± 0.00 |",
                "2 listeners."):
        assert row in text
    assert "above the low anchor" not in text


def test_listeners_who_do_not_hear_the_reference_are_named() -> None:
    deaf = {(f"{target}-reference",): 1 for target in ("drums", "guitar")}
    assert doubtful_listeners([session("good", {}), session("deaf", deaf)]) == ["deaf"]


def write(folder: Path, name: str, content: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def write_key(folder: Path, name: str = "x.key.json") -> None:
    clips = {name: vars(label) for name, label in KEY.clips.items()}
    write(folder, name, {"format": 1, "test": KEY.test, "scale": KEY.scale, "clips": clips,
                         "trials": [list(trial) for trial in KEY.trials]})


def test_a_session_that_was_saved_twice_counts_once(tmp_path: Path) -> None:
    write_key(tmp_path)
    for name in ("a.json", "a (1).json"):
        write(tmp_path, name, answers("a", {}))
    write(tmp_path, "b.json", answers("b", {}))
    key = read_key(find_key(tmp_path))
    assert key == KEY
    assert [found.listener for found in read_sessions(tmp_path, key)] == ["a", "b"]


@pytest.mark.parametrize(("content", "message"), [
    ("{", "is no JSON"),
    ([1], "is no result of this listening test"),
    (answers("a", {("guitar-piano",): 3}), "is no result of this listening test"),
    (answers("a", {}, test="t2"), "belongs to another test"),
    (answers("a", {}, finished=None), "is unfinished"),
    (answers("a", {}, scores=[{"clips": ["guitar-gru"], "score": 3}]), "answers 1 of 16 trials"),
    (answers("a", {("guitar-gru",): 6}), "a score is 6, expected 1 to 5"),
    (answers("a", {("guitar-gru", "guitar-wave"): -4}), "a score is -4, expected -3 to 3"),
])
def test_results_that_cannot_be_used(tmp_path: Path, content: Any, message: str) -> None:
    write(tmp_path, "a.json", content)
    with pytest.raises(ConfigError, match=message):
        read_sessions(tmp_path, KEY)


def test_folders_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listening-test", "results", str(tmp_path)]) == 1
    assert "0 keys in" in capsys.readouterr().err
    write_key(tmp_path)
    assert main(["listening-test", "results", str(tmp_path)]) == 1
    assert "no results in" in capsys.readouterr().err
    write(tmp_path, "no.key.json", {"format": 1})
    assert main(["listening-test", "results", str(tmp_path)]) == 1
    assert "2 keys in" in capsys.readouterr().err
    assert main(["listening-test", "results", str(tmp_path), "--key", str(tmp_path / "no.key.json")]) == 1
    assert "is no key of a listening test" in capsys.readouterr().err
    assert main(["listening-test", "results", str(tmp_path), "--key", str(tmp_path / "none")]) == 1
    assert "cannot read" in capsys.readouterr().err
