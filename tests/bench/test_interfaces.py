"""The bench of interfaces: every way is played, clients are served, and the exit code says who is to blame."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.interfaces import WAYS, fails, main
from bench.lib.pairs import Turn, at_least, compared
from tests.rigs.jack_server import missing_parts


def test_every_way_is_played_and_clients_are_served(tiny_model: Path, tmp_path: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    code = main(["--model", str(tiny_model), "--seconds", "1", "--turns", "1", "--pairs", "2", "--pair-seconds", "0.5",
                 "--json", str(tmp_path / "report.json")])
    report = json.loads((tmp_path / "report.json").read_text())
    ways = {row["way"]: row["turns"] for row in report["ways"]}
    assert tuple(ways) == WAYS
    for turns in ways.values():
        assert turns[0]["hops"] > 0
        assert turns[0]["interface_mib"] > 0.0
    assert max(ways["clients"][0]["messages_s"]) > 0.0
    assert len(ways["clients"][0]["messages_s"]) == 3
    assert "messages a second of each client" in capsys.readouterr().out
    pairs = report["pairs"]
    assert sorted(turn["listened"] for turn in pairs["turns"]) == [False, False, True, True]
    assert pairs["messages_s"] > 1.0
    assert min(pairs["with"]["hops"], pairs["without"]["hops"]) > 0
    assert 0.0 < pairs["without"]["cpu"] < 2.0
    assert code in (0, 1)  # a busy machine is late too


def turns(late: list[int], cpu: list[float]) -> list[Turn]:
    """Make turns of a second, with clients and without, late blocks and shares of a core in this order."""
    return [Turn(at % 2 == 0, float(at), at + 1.0, 100, 100, 2 * count, count, share)
            for at, (count, share) in enumerate(zip(late, cpu, strict=True))]


def test_late_blocks_are_counted_in_their_turns_and_those_of_stalls_are_not() -> None:
    found = compared(turns([3, 1, 2, 0], [0.2, 0.1, 0.25, 0.15]), own=[0.5, 0.6, 1.5, 9.0])
    assert (found["with"]["late_blocks"], found["with"]["own_late_blocks"], found["with"]["missed_hops"]) == (5, 2, 10)
    assert (found["without"]["late_blocks"], found["without"]["own_late_blocks"]) == (1, 1)
    assert found["cpu_more"] == pytest.approx(0.1)
    assert found["cpu_more_95"] == (pytest.approx(0.1), pytest.approx(0.1))


@pytest.mark.parametrize(("first", "second", "probability"), [
    (0, 0, 1.0), (0, 5, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (3, 1, 5 / 16)])
def test_chance_is_that_of_a_coin(first: int, second: int, probability: float) -> None:
    assert at_least(first, second) == pytest.approx(probability)


@pytest.mark.parametrize(("late", "failed"), [([0, 0, 0, 0], False), ([1, 0, 1, 0], False), ([4, 0, 4, 1], True),
                                              ([0, 6, 0, 6], False)])
def test_more_late_blocks_than_chance_gives_are_a_failure(late: list[int], failed: bool) -> None:
    own = [at + 0.01 * (count + 1) for at, some in enumerate(late) for count in range(some)]
    assert fails({"pairs": compared(turns(late, [0.1] * 4), own)}) is failed


def test_without_pairs_nothing_is_judged() -> None:
    assert not fails({"pairs": None})
