"""Time of one hop, paced as a device paces it, beside a bare paced loop: python -m bench.latency.

Back to back, caches stay warm and a hop looks two to four times faster than it is on stage; so the rows that count
are paced, where every hop waits for its turn. The bare loop does nothing at each turn: what it misses is the
machine's fault, and so is what a model misses while a core stands still. The step alone stands beside a loop that
reads as many bytes as it has weights, which no step can beat. All are measured in turns of a second, since the speed
of a machine changes, and again beside a busy neighbour process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.table import Table

from bench.lib.charts import draw_histograms
from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.loads import document_of, reading, step_alone, without_network
from bench.lib.machine import (
    against_limit,
    against_reading,
    identity,
    print_identified,
    start_like_live,
    versions,
    weight_bytes,
)
from bench.lib.paced import Loop, Times, Turns, busy_neighbour, in_turns, statistics
from bench.lib.stalls import Stall, missed_in_stalls, watch_stalls
from rtsep import Separator
from rtsep.backends import open_step
from rtsep.backends.native import NativeStep
from rtsep.cli.numbers import whole
from rtsep.model.catalogue import find_model, installed_models
from rtsep.model.gate import read_step

QUIET, NEIGHBOUR, BACK_TO_BACK = "paced", "paced, busy neighbour", "back to back"
BARE = "bare loop"
FLOOR_KEYS = ("p50_ms", "p99_ms", "max_ms", "misses", "misses_in_stalls")


@dataclass(frozen=True)
class Subject:
    """A model that is measured: its whole hop, the step alone, the rest, the same bytes only read, and its facts."""

    name: str
    path: Path
    provider: str
    executor: str
    hop_s: float
    weight_bytes: int
    hop: Callable[[], object]
    step: Callable[[], object]
    rest: Callable[[], object]
    read: Callable[[], object]


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 1 when a model misses a deadline that the bare loop keeps, 2 for wrong usage."""
    parser = parser_of("latency", __doc__)
    parser.add_argument("--model", action="append", metavar="NAME", help="default: every shipped model")
    parser.add_argument("--seconds", type=SECONDS, default=20.0, help="length of each measurement")
    parser.add_argument("--channels", type=whole(1, 64), default=2)
    parser.add_argument("--provider", choices=("cpu", "onnxruntime", "cuda"), default="cpu")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="histograms of all measurements")
    options = parser.parse_args(arguments)
    if not options.seconds > 0.0:
        parser.error(f"--seconds is {options.seconds:g}: give more than 0")

    def report() -> dict[str, Any]:
        subjects = [subject(name, options.channels, options.provider) for name in options.model or installed_models()]
        found, times = measure(subjects, options.seconds)
        if options.picture:
            draw(options.picture, found, times, options.channels)
        return found

    return run_bench(parser, options, report, show, model_is_late)


def draw(path: Path, report: dict[str, Any], times: dict[str, Times], channels: int) -> None:
    """Draw the times of all measurements."""
    deadlines = {f"{row['model']}, {condition_of(row)}": row["deadline_ms"] for row in report["results"]}
    bare = dict.fromkeys(times, min(deadlines.values()))
    draw_histograms(path, times, bare | deadlines, f"{report['machine']['processor']}, {channels} channels")


def subject(name: str, channels: int, provider: str) -> Subject:
    """Load a model, alone and in a separator, and another separator around no network at all."""
    model = read_step(find_model(name))
    hop, step = model.card.geometry.hop, open_step(model, provider=provider)
    whole = Separator(name, channels, blocksize=hop, provider=provider)
    with TemporaryDirectory() as folder:
        rest = Separator(without_network(document_of(model.path), Path(folder) / "none.onnx"), channels, blocksize=hop,
                         provider=provider)
    rng = np.random.default_rng(1)
    blocks = cycle([0.1 * rng.standard_normal((channels, hop)).astype(np.float32) for _ in range(64)])
    size = step.weight_bytes if isinstance(step, NativeStep) else weight_bytes(model.path)
    return Subject(name, model.path, provider, step.name, hop / whole.samplerate, size,
                   lambda: whole.process(next(blocks)), step_alone(step), lambda: rest.process(next(blocks)),
                   reading(size))


def measure(subjects: Sequence[Subject], seconds: float) -> tuple[dict[str, Any], dict[str, Times]]:
    """Measure models and the bare loop at the shortest of their hops in turns, alone and disturbed.

    Returns
    -------
    report
        As written by `--json`.
    times
        Of every hop in seconds, by model and condition.
    """
    machine = identity()
    shortest = min(subject.hop_s for subject in subjects)
    times: dict[str, Times] = {}
    floors: dict[str, dict[str, Any]] = {}

    def round_of(condition: str) -> list[dict[str, Any]]:
        """Measure every model, its weights read and the bare loop under one condition."""
        loops = [loop for one in subjects for loop in (
            Loop(one.hop, one.hop_s), Loop(one.step, one.hop_s, alone=True), Loop(one.read, one.hop_s, alone=True))]
        *found, bare = in_turns([*loops, Loop(lambda: None, shortest)], seconds, at_pace=condition != BACK_TO_BACK)
        hops, steps, reads = found[::3], found[1::3], found[2::3]
        times.update((f"{one.name}, {condition}", some.times) for one, some in zip(subjects, hops, strict=True))
        stalls = watch.stalls()
        if condition != BACK_TO_BACK:
            times[f"{BARE}, {condition}"] = bare.times
            floors[condition] = numbers(bare, shortest, stalls)
        return [result(one, condition, numbers(some, one.hop_s, stalls), step, read, machine["memory_bandwidth_gb_s"])
                for one, some, step, read in zip(subjects, hops, steps, reads, strict=True)]

    with watch_stalls() as watch:
        results = round_of(QUIET) + round_of(BACK_TO_BACK)
        rests = in_turns([Loop(one.rest, one.hop_s) for one in subjects], seconds, at_pace=False)
        with busy_neighbour():
            results += round_of(NEIGHBOUR)
    report = {"machine": machine, "versions": versions(subject.path for subject in subjects), "results": results,
              "outside_model_p50_ms": {one.name: median_ms(some) for one, some in zip(subjects, rests, strict=True)},
              "noise_floor": {key: floors[QUIET][key] for key in FLOOR_KEYS},
              "noise_floor_neighbour": {key: floors[NEIGHBOUR][key] for key in FLOOR_KEYS}}
    return report, times


def numbers(turns: Turns, hop_s: float, stalls: Sequence[Stall]) -> dict[str, Any]:
    """Statistics of turns, and how many were missed while the machine stood still."""
    return statistics(turns.times, hop_s) | {"misses_in_stalls": missed_in_stalls(turns, hop_s, stalls)}


def median_ms(turns: Turns) -> float:
    """Middle time in ms."""
    return float(1000 * np.median(turns.times))


def result(one: Subject, condition: str, hop: dict[str, Any], steps: Turns, reads: Turns, bandwidth_gb_s: float
           ) -> dict[str, Any]:
    """One row of the report."""
    step_ms, read_ms = median_ms(steps), median_ms(reads)
    limit = against_limit(one.weight_bytes, hop["p50_ms"], bandwidth_gb_s)
    return {"model": one.name, "provider": one.provider, "executor": one.executor, "threads": 1,
            "paced": condition != BACK_TO_BACK, "neighbour": condition == NEIGHBOUR, "hop_ms": 1000 * one.hop_s,
            **hop, **limit, "step_p50_ms": step_ms, "step_ratio_to_limit": step_ms / limit["bandwidth_limit_ms"],
            **against_reading(step_ms, read_ms)}


def model_is_late(report: dict[str, Any]) -> bool:
    """Whether any paced model missed a deadline that a bare loop would have kept, machine and all.

    That is one during which the machine did not stand still, under a condition in which the bare loop kept all such.
    """
    kept = {neighbour: not _late_by_itself(report[floor])
            for neighbour, floor in ((False, "noise_floor"), (True, "noise_floor_neighbour"))}
    return any(_late_by_itself(row) and kept[row["neighbour"]] for row in report["results"] if row["paced"])


def _late_by_itself(row: dict[str, Any]) -> bool:
    """Whether any deadline was missed while the machine ran."""
    return bool(row["misses"] > row["misses_in_stalls"])


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("model", "condition", "deadline", "p50", "p95", "p99", "p99.9", "max", "misses (in stalls)", "load",
                  "step", "x limit", "x read", title="time of a hop and p50 of its step alone, ms; x limit: step "
                  "against the time in which memory delivers its weights at best; x read: against a mere reading of "
                  "them in the same condition")
    for row in report["results"]:
        table.add_row(row["model"], condition_of(row), *(f"{row[name]:.2f}" for name in (
            "deadline_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")), misses_of(row),
            f"{row['load_percent']:.1f} %", f"{row['step_p50_ms']:.3f}", f"{row['step_ratio_to_limit']:.1f}",
            f"{row['ratio_to_read']:.1f}")
    for name, median in report["outside_model_p50_ms"].items():
        table.add_row(name, f"{BACK_TO_BACK}, without the model", "", f"{median:.3f}")
    for condition, key in ((QUIET, "noise_floor"), (NEIGHBOUR, "noise_floor_neighbour")):
        floor = report[key]
        table.add_row(BARE, condition, "", f"{floor['p50_ms']:.2f}", "", f"{floor['p99_ms']:.2f}", "",
                      f"{floor['max_ms']:.2f}", misses_of(floor))
    print_identified(report, table)


def condition_of(row: dict[str, Any]) -> str:
    """Name the condition of a row."""
    return NEIGHBOUR if row["neighbour"] else QUIET if row["paced"] else BACK_TO_BACK


def misses_of(row: dict[str, Any]) -> str:
    """Say how many hops were missed, and where it is any, how many of them in stalls."""
    return f"{row['misses']} ({row['misses_in_stalls']})" if row["misses"] else "0"


if __name__ == "__main__":
    start_like_live()
    sys.exit(main())
