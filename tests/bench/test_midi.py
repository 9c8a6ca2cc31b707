"""The MIDI bench: on a real server, it counts what it sent and what arrived, and says all it promises."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.midi import RATE_HZ, main
from tests.rigs.jack_server import missing_parts


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_nothing_is_lost_or_overtaken(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    code = main(["--model", str(tiny_model), "--seconds", "1", "--json", str(tmp_path / "report.json")])
    report = json.loads((tmp_path / "report.json").read_text())
    flood, silence = report["flood"], report["silence"]
    assert flood["messages"] == flood["sent"] > RATE_HZ / 2
    assert (flood["lost"], flood["order_kept"], flood["malformed"]) == (0, True, 0)
    assert silence["messages"] == 0
    assert flood["hops"] > 0
    assert code in (0, 1)  # late hops are the machine's too; see the next test
    assert "flood" in capsys.readouterr().out


@pytest.mark.parametrize(("flood", "silent_late", "code"), [
    ({}, 0, 0), ({"late": 2}, 2, 0), ({"late": 3}, 2, 1), ({"lost": 1}, 0, 1), ({"order_kept": False}, 0, 1)])
def test_the_exit_code_says_what_midi_is_to_blame_for(flood: dict[str, object], silent_late: int, code: int,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    report = {"flood": {"lost": 0, "order_kept": True, "late": 0} | flood, "silence": {"late": silent_late}}
    monkeypatch.setattr("bench.midi.measure", lambda *_: report)
    monkeypatch.setattr("bench.midi.show", lambda _: None)
    assert main([]) == code


def test_an_unknown_model_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    assert main(["--model", "banjo", "--seconds", "1"]) == 2
    assert "no model 'banjo'" in capsys.readouterr().err
