"""What all benches share: a sentence for what cannot be measured, the report as JSON, exit codes."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.lib.command import parser_of, run_bench
from rtsep import RtsepError

BENCHES = sorted(path.stem for path in Path(bench.__path__[0]).glob("*.py") if path.stem != "__init__")


def run(tmp_path: Path, measure: Any, fails: Any = lambda report: False) -> int:
    parser = parser_of("any", "Measures something.\n\nMore.")
    options = parser.parse_args(["--json", str(tmp_path / "report.json")])
    return run_bench(parser, options, measure, lambda report: print("shown", report), fails)


@pytest.mark.parametrize("value", [0, 1])
def test_a_report_is_shown_written_and_judged(tmp_path: Path, value: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, lambda: {"value": value}, lambda report: report["value"] > 0) == value
    assert json.loads((tmp_path / "report.json").read_text()) == {"value": value}
    assert f"shown {{'value': {value}}}" in capsys.readouterr().out


@pytest.mark.parametrize("error", [RtsepError("no model"), FileNotFoundError(2, "No such file")])
def test_what_cannot_be_measured_is_a_sentence(tmp_path: Path, error: Exception,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    def measure() -> None:
        raise error
    assert run(tmp_path, measure) == 2
    assert capsys.readouterr().err == f"bench.any: {error}\n"
    assert not (tmp_path / "report.json").exists()


def test_a_report_that_cannot_be_written_is_told_before_any_work(tmp_path: Path,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    def measure() -> None:
        pytest.fail("measured for nothing")
    (tmp_path / "file").write_text("no folder")
    options = argparse.Namespace(json=tmp_path / "file" / "report.json")
    assert run_bench(parser_of("any", None), options, measure, lambda report: None) == 2
    assert f"{options.json}: {tmp_path / 'file'} is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_is_a_command_with_a_report(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(SystemExit) as done:
        importlib.import_module(f"bench.{name}").main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    assert f"python -m bench.{name}" in said
    assert "--json FILE" in said
