"""The latency bench: it measures what it is given, at the pace it is given, and says all it promises."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.latency import main, model_is_late
from bench.lib.machine import memory_bandwidth, weight_bytes
from bench.lib.paced import Loop, back_to_back, busy_neighbour, in_turns, paced, statistics
from rtsep import Separator
from rtsep.live.realtime import ENVIRONMENT

KEYS = {"model", "provider", "threads", "paced", "hop_ms", "deadline_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms",
        "max_ms", "misses", "hops", "load_percent", "weight_bytes", "bandwidth_limit_ms", "ratio_to_limit"}


def test_pace_and_durations_are_the_works_own() -> None:
    turns: list[float] = []

    def work() -> None:
        turns.append(time.perf_counter())
        time.sleep(0.004)

    begin = time.perf_counter()
    times = paced(Loop(work, 0.02), 0.6).times
    assert times.size == len(turns) == 30
    assert times.min() >= 0.004
    early = begin + 0.02 * np.arange(1, 31) - np.array(turns)
    assert early.max() <= 0.0, "no turn may come before its time"


def test_work_alone_counts_from_where_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.lib.paced.time", Clock())
    assert paced(Loop(lambda: None, 0.02), 0.06).times == pytest.approx([0.003] * 3)
    assert paced(Loop(lambda: None, 0.02, alone=True), 0.06).times == pytest.approx([0.0] * 3)


class Clock:
    """A time that passes only in sleep, which lasts 3 ms too long."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + 0.003


def test_back_to_back_times_every_turn() -> None:
    times = back_to_back(lambda: time.sleep(0.002), 5).times
    assert times.size == 5
    assert times.min() >= 0.002


def test_back_to_back_rests_and_does_not_count_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.lib.paced.UNBROKEN_S", 0.01)
    monkeypatch.setattr("bench.lib.paced.REST_S", 0.1)
    turns: list[float] = []

    def work() -> None:
        turns.append(time.perf_counter())
        time.sleep(0.004)

    times = back_to_back(work, 12).times
    gaps = np.diff(turns)
    rests = int(np.sum(gaps > 0.1))
    assert rests >= 2, "after every third turn"
    assert len(turns) == 12 + rests + 1, "the first turn after a rest, and the first of all, is not timed"
    assert np.median(times) < 0.05


@pytest.mark.parametrize("at_pace", [True, False])
def test_loops_take_turns(monkeypatch: pytest.MonkeyPatch, at_pace: bool) -> None:
    monkeypatch.setattr("bench.lib.paced.TURN_S", 0.05)
    order: list[str] = []
    one, two = in_turns([Loop(lambda: order.append("a"), 0.01), Loop(lambda: order.append("b"), 0.025)], 0.1, at_pace)
    assert (one.times.size, two.times.size) == (one.due.size, two.due.size) == (10, 4)
    assert "".join(name for name, _ in groupby(order)) == "ab" * 3, "to warm up, and two turns"


def test_statistics_of_known_times() -> None:
    times = np.array([0.001] * 98 + [0.010, 0.020])
    found = statistics(times, 0.005)
    assert found["p50_ms"] == pytest.approx(1.0)
    assert found["max_ms"] == pytest.approx(20.0)
    assert (found["misses"], found["hops"]) == (2, 100)
    assert found["load_percent"] == pytest.approx(100 * (98 * 0.001 + 0.03) / 100 / 0.005)


def test_report_has_every_key_and_the_picture_is_drawn(tiny_model: Path, tmp_path: Path,
                                                       capsys: pytest.CaptureFixture[str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.latency.model_is_late", lambda report: report["results"][0]["hops"] > 0)
    code = main(["--model", str(tiny_model), "--seconds", "0.3", "--json", str(tmp_path / "report.json"),
                 "--picture", str(tmp_path / "times.png")])
    report = json.loads((tmp_path / "report.json").read_text())
    assert {"machine", "versions", "results", "noise_floor"} <= set(report)
    assert 0 < report["outside_model_p50_ms"][str(tiny_model)]
    assert set(report["noise_floor"]) == {"p50_ms", "p99_ms", "max_ms", "misses", "misses_in_stalls"}
    assert all(set(row) >= KEYS for row in report["results"])
    assert [(row["paced"], row["neighbour"]) for row in report["results"]] == [
        (True, False), (False, False), (True, True)]
    row = report["results"][0]
    assert row["hop_ms"] == pytest.approx(256 / 44.1)
    assert row["hops"] == round(0.3 * 44100 / 256)
    assert row["ratio_to_limit"] == pytest.approx(row["p50_ms"] / row["bandwidth_limit_ms"])
    assert row["step_ratio_to_limit"] == pytest.approx(row["step_p50_ms"] / row["bandwidth_limit_ms"])
    assert row["ratio_to_read"] == pytest.approx(row["step_p50_ms"] / row["read_p50_ms"])
    assert row["executor"] == Separator(tiny_model).executor
    assert 0 < row["p50_ms"] <= row["max_ms"]
    assert code == 1
    assert "bare loop" in capsys.readouterr().out
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(os.name != "posix", reason="a program cannot take the place of itself")
def test_the_command_runs_in_the_environment_of_a_live_run(tiny_model: Path, tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT} | {"OPENBLAS_NUM_THREADS": "2"}
    report = tmp_path / "report.json"
    subprocess.run([sys.executable, "-m", "bench.latency", "--model", str(tiny_model), "--seconds", "0.1",
                    "--json", str(report)], env=own, capture_output=True, timeout=120, check=False)
    found = json.loads(report.read_text())["machine"]["environment"]
    assert found == ENVIRONMENT | {"OPENBLAS_NUM_THREADS": "2"}, "what the user has set stays"


@pytest.mark.parametrize(("row", "floors", "late"), [
    ({"paced": True, "neighbour": False, "misses": 1}, ((0, 0), (0, 0)), True),
    ({"paced": True, "neighbour": False, "misses": 1}, ((1, 0), (0, 0)), False),
    ({"paced": True, "neighbour": False, "misses": 1}, ((1, 1), (0, 0)), True),
    ({"paced": True, "neighbour": False, "misses": 1, "misses_in_stalls": 1}, ((0, 0), (0, 0)), False),
    ({"paced": True, "neighbour": False, "misses": 2, "misses_in_stalls": 1}, ((0, 0), (0, 0)), True),
    ({"paced": True, "neighbour": True, "misses": 1}, ((1, 0), (0, 0)), True),
    ({"paced": False, "neighbour": False, "misses": 9}, ((0, 0), (0, 0)), False),
    ({"paced": True, "neighbour": False, "misses": 0}, ((0, 0), (0, 0)), False),
])
def test_a_model_is_late_where_the_bare_loop_is_not(row: dict[str, bool], floors: tuple[tuple[int, int], ...],
                                                    late: bool) -> None:
    quiet, neighbour = ({"misses": misses, "misses_in_stalls": in_stalls} for misses, in_stalls in floors)
    assert model_is_late({"results": [{"misses_in_stalls": 0} | row], "noise_floor": quiet,
                          "noise_floor_neighbour": neighbour}) is late


def test_the_exit_code_says_whether_a_model_is_late(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.latency.measure", lambda subjects, seconds: ({"results": []}, {}))
    monkeypatch.setattr("bench.latency.show", lambda report: None)
    for late in (True, False):
        monkeypatch.setattr("bench.latency.model_is_late", lambda report, late=late: late)
        assert main(["--model", str(tiny_model)]) == int(late)


def test_the_neighbour_is_busy_ordinary_and_ends() -> None:
    before = children()
    with busy_neighbour():
        (neighbour,) = children() - before
        spent = [cpu_ticks(neighbour)]
        assert os.sched_getscheduler(neighbour) == os.SCHED_OTHER
        deadline = time.monotonic() + 30.0
        while cpu_ticks(neighbour) <= spent[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cpu_ticks(neighbour) > spent[0]
    assert neighbour not in children()


ORPHAN = """
import os, signal, sys
from pathlib import Path
from bench.lib.paced import busy_neighbour
from tests.bench.test_latency import children
if __name__ == "__main__":
    with busy_neighbour():
        Path(sys.argv[1]).write_text(*map(str, children()))
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_neighbour_ends_with_a_bench_that_is_killed(tmp_path: Path) -> None:
    program, note = tmp_path / "orphan.py", tmp_path / "neighbour"
    program.write_text(ORPHAN)
    subprocess.run([sys.executable, str(program), str(note)], env=os.environ | {"PYTHONPATH": os.getcwd()},
                   timeout=120, check=False)
    neighbour, deadline = int(note.read_text()), time.monotonic() + 30.0
    try:
        while lives(neighbour):
            assert time.monotonic() < deadline, "it goes on by itself"
            time.sleep(0.05)
    finally:
        if lives(neighbour):
            os.kill(neighbour, signal.SIGKILL)


def lives(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


def children() -> set[int]:
    """List the processes that this one started to measure beside."""
    return {child.pid for child in multiprocessing.active_children() if child.pid}


def cpu_ticks(process: int) -> int:
    """Read the processor time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_weights_are_counted_and_memory_streams(tmp_path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, size))
              for name, size in (("magnitude", 30), ("estimates", 7))]
    graph = helper.make_graph([helper.make_node("MatMul", ["magnitude", "w"], ["estimates"])], "product", values[:1],
                              values[1:], [numpy_helper.from_array(np.ones((30, 7), np.float32), "w")])
    onnx.save(helper.make_model(graph), tmp_path / "product.onnx")
    assert weight_bytes(tmp_path / "product.onnx") == 30 * 7 * 4
    assert 1e8 < memory_bandwidth() < 1e13


def test_an_unknown_model_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "banjo"]) == 2
    assert "no model 'banjo'" in capsys.readouterr().err
