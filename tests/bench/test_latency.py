"""The latency bench: it measures what it is given, at the pace it is given, and says all it promises."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from bench.latency import main, paced, statistics


def test_pace_and_durations_are_the_works_own() -> None:
    turns: list[float] = []

    def work() -> None:
        turns.append(time.perf_counter())
        time.sleep(0.004)

    begin = time.perf_counter()
    times = paced(work, 0.02, 0.6)
    assert times.size == len(turns) == 30
    assert times.min() >= 0.004
    early = begin + 0.02 * np.arange(1, 31) - np.array(turns)
    assert early.max() <= 0.0, "no turn may come before its time"


def test_statistics_of_known_times() -> None:
    times = np.array([0.001] * 98 + [0.010, 0.020])
    found = statistics(times, 0.005)
    assert found["p50_ms"] == pytest.approx(1.0)
    assert found["max_ms"] == pytest.approx(20.0)
    assert (found["misses"], found["hops"]) == (2, 100)
    assert found["load_percent"] == pytest.approx(100 * (98 * 0.001 + 0.03) / 100 / 0.005)


def test_report_has_every_key(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--model", str(tiny_model), "--seconds", "0.5", "--json", str(tmp_path / "report.json")])
    report = json.loads((tmp_path / "report.json").read_text())
    assert {"machine", "versions", "results", "noise_floor"} <= set(report)
    (row,) = report["results"]
    assert {"model", "provider", "threads", "paced", "hop_ms", "deadline_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms",
            "max_ms", "misses", "hops", "load_percent"} <= set(row)
    assert row["hop_ms"] == pytest.approx(256 / 44.1)
    assert row["hops"] == round(0.5 * 44100 / 256)
    assert 0 < row["p50_ms"] <= row["max_ms"]
    assert code == int(row["misses"] > 0 and report["noise_floor"]["misses"] == 0)
    assert "bare loop" in capsys.readouterr().out


def test_an_unknown_model_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "banjo"]) == 2
    assert "no model 'banjo'" in capsys.readouterr().err
