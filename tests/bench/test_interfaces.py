"""The bench of interfaces: every way is played, clients are served, and the exit code says who is to blame."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.interfaces import WAYS, fails, main
from tests.rigs.jack_server import missing_parts


def test_every_way_is_played_and_clients_are_served(tiny_model: Path, tmp_path: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    code = main(["--model", str(tiny_model), "--seconds", "2", "--turns", "1", "--json", str(tmp_path / "report.json")])
    report = {row["way"]: row["turns"] for row in json.loads((tmp_path / "report.json").read_text())}
    assert tuple(report) == WAYS
    for turns in report.values():
        assert turns[0]["hops"] > 0
        assert turns[0]["interface_mib"] > 0.0
    assert min(report["clients"][0]["messages_s"]) > 1.0
    assert len(report["clients"][0]["messages_s"]) == 3
    assert "messages a second of each client" in capsys.readouterr().out
    assert code in (0, 1)  # a busy machine misses hops too


@pytest.mark.parametrize(("nothing", "clients", "failed"), [([0, 0], [0, 0], False), ([0, 3], [9, 0], False),
                                                            ([0, 0], [0, 1], True)])
def test_more_turns_with_missed_hops_than_without_are_a_failure(nothing: list[int], clients: list[int],
                                                                failed: bool) -> None:
    rows = {"nothing": nothing, "clients": clients}
    assert fails([{"way": way, "turns": [{"missed_hops": count} for count in found]}
                  for way, found in rows.items()]) is failed
