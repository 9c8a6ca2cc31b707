"""One network's step as different graphs and by different executors, in one run: python -m bench.executors.

The step alone is timed, without transforms, paced and back to back. With weights (`--from stage`) and songs, the price
of each kind of weights in dB SDR stands beside its time. The error is that of the sound of all stems against the
network in float32, after hundreds of recurrent steps.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from rich.table import Table

from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.loads import Work, reading, step_alone
from bench.lib.machine import (
    against_limit,
    against_reading,
    identity,
    print_identified,
    start_like_live,
    versions,
    weight_bytes,
)
from bench.lib.paced import Loop, in_turns, statistics
from bench.lib.steps import FusedGraph, dynamic_int8, openvino_step, runtime_step
from rtsep.backends.native import NativeStep
from rtsep.model.gate import read_step
from rtsep.native.bindings import variants
from training import SAMPLERATE
from training.corpora.medleydb import MedleyDb
from training.corpora.songs import Song, read_songs
from training.evaluation.separators import runtime_separator
from training.evaluation.validation import quick_scores, targets_of
from training.export.export import metadata, write_model
from training.export.parity import parity_db
from training.export.quantise import in_blocks
from training.nets import Network, build
from training.recipes.recipe import find_recipe
from training.run.start import start_from

RUNTIME = "ONNX Runtime"
FLOAT32 = "MatMul graph, float32"
EIGHT_BIT = "MatMulNBits, 8 bit"
GRAPHS: dict[str, Callable[[Network], onnx.ModelProto]] = {
    "fused GRU, float32": lambda net: net.step_graph(FusedGraph).model(),
    FLOAT32: lambda net: net.step_graph().model(),
    "dynamic int8": lambda net: dynamic_int8(net.step_graph()),
    EIGHT_BIT: lambda net: in_blocks(net.step_graph(), 8),
    "MatMulNBits, 4 bit": lambda net: in_blocks(net.step_graph(), 4),
}
OPENVINO = (FLOAT32, "dynamic int8")
SUMMARY = {"licence": "none", "credits": [], "training": {}, "quality": {}}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("executors", __doc__)
    parser.add_argument("--recipe", default="stage", help="the network")
    parser.add_argument("--from", dest="start", metavar="SOURCE", help="checkpoint, step model or shipped model whose "
                        "weights it gets, of which SDR can be measured; default: random ones")
    parser.add_argument("--songs", type=Path, metavar="DIR", help="MedleyDB folder with songs for the SDR")
    parser.add_argument("--song", action="append", metavar="NAME", help="one song of it; default: all")
    parser.add_argument("--seconds", type=SECONDS, default=20.0, help="length of each measurement")
    options = parser.parse_args(arguments)

    def report() -> dict[str, Any]:
        net, name = network(options.recipe, options.start)
        songs = chosen(options.songs, options.song) if options.start and options.songs else []
        with tempfile.TemporaryDirectory() as folder:
            return measure(net, name, Path(folder), options.seconds, songs)

    return run_bench(parser, options, report, show)


def network(recipe: str, start: str | None) -> tuple[Network, str]:
    """Make the network of a recipe, with random weights or those of another one, and its name."""
    found = find_recipe(recipe)
    net = build(found.network, found.geometry, found.stems, SAMPLERATE)
    if start is None:
        return net, f"{found.name}, random weights"
    start_from(net, start)
    return net.eval(), f"{found.name}, weights of {start}"


def chosen(folder: Path, names: list[str] | None) -> list[Song]:
    """Read songs of a MedleyDB folder."""
    corpus = MedleyDb(folder)
    return list(read_songs(corpus, names or corpus.splits["all"], {}))


def measure(net: Network, name: str, folder: Path, seconds: float, songs: Sequence[Song]) -> dict[str, Any]:
    """Time every graph by every executor, and a mere reading of its weights, in turns."""
    machine = identity()
    paths = {kind: written(net, make(net), folder / f"{index}.onnx")
             for index, (kind, make) in enumerate(GRAPHS.items())}
    steps = [(kind, RUNTIME, runtime_step(path), weight_bytes(path)) for kind, path in paths.items()]
    model = read_step(paths[EIGHT_BIT])
    native = [NativeStep(model, variant) for variant in variants().values()]
    steps += [(EIGHT_BIT, step.name, step_alone(step), step.weight_bytes) for step in native]
    steps += [(kind, "OpenVINO", step, weight_bytes(paths[kind])) for kind in OPENVINO
              if (step := openvino_step(paths[kind]))]
    sizes = [size for *_, size in steps]
    times = timed([step for _, _, step, _ in steps], sizes, net.geometry.hop / SAMPLERATE, seconds)
    providers = {RUNTIME: "onnxruntime", **{step.name: "cpu" for step in native[:1]}}
    rows = []
    for (kind, executor, _, size), numbers in zip(steps, times, strict=True):
        row = {"graph": kind, "executor": executor, **numbers}
        row |= against_limit(size, row["paced"]["p50_ms"], machine["memory_bandwidth_gb_s"])
        if executor in providers:
            row |= {"error_db": parity_db(net, paths[kind], providers[executor]),
                    "sdr": scores(net, paths[kind], songs, providers[executor])}
        rows.append(row)
    return {"network": name, "machine": machine, "versions": versions([]), "results": rows,
            "songs": [song.name for song in songs]}


def written(net: Network, model: onnx.ModelProto, path: Path) -> Path:
    """Write a step model that the runtime loads."""
    write_model(model, metadata(net, "bench", SAMPLERATE, SUMMARY), path)
    return path


def timed(steps: Sequence[Work], sizes: Sequence[int], hop_s: float, seconds: float) -> list[dict[str, Any]]:
    """Time every step, paced and back to back, and at the same pace a reading of as many bytes as it has weights."""
    loops = [Loop(step, hop_s, alone=True) for step in steps]
    found = in_turns(loops + [Loop(reading(size), hop_s, alone=True) for size in sizes], seconds)
    warm = in_turns(loops, seconds, at_pace=False)
    rows = []
    for cold, reads, hot in zip(found[:len(steps)], found[len(steps):], warm, strict=True):
        numbers = statistics(cold.times, hop_s)
        rows.append({"paced": numbers, "back_to_back": statistics(hot.times, hop_s),
                     **against_reading(numbers["p50_ms"], 1000 * float(np.median(reads.times)))})
    return rows


def scores(net: Network, path: Path, songs: Sequence[Song], provider: str) -> dict[str, float]:
    """Mean SDR of each target; empty without songs."""
    return quick_scores(songs, runtime_separator(path, provider), targets_of(net.stems)) if songs else {}


def show(report: dict[str, Any]) -> None:
    """Print the table; the price is the SDR that a graph loses against float32."""
    targets = list(report["results"][0]["sdr"])
    table = Table("graph", "weights", "paced p50", "p99", "max", "x limit", "x read", "back to back p50",
                  "error", *(f"{target} price" for target in targets),
                  title=f"{report['network']}: time of a step in ms")
    needed = next(row["sdr"] for row in report["results"] if row["graph"] == FLOAT32)
    for row in report["results"]:
        prices = [f"{needed[target] - row['sdr'][target]:.2f} dB" for target in targets if "sdr" in row]
        name = row["graph"] if row["executor"] == RUNTIME else f"{row['graph']}, {row['executor']}"
        table.add_row(name, f"{row['weight_bytes'] / 1e6:.2f} MB",
                      *(f"{row['paced'][key]:.3f}" for key in ("p50_ms", "p99_ms", "max_ms")),
                      *(f"{row[key]:.1f}" for key in ("ratio_to_limit", "ratio_to_read")),
                      f"{row['back_to_back']['p50_ms']:.3f}",
                      f"{row['error_db']:.1f} dB" if "error_db" in row else "", *prices)
    print_identified(report, table)


if __name__ == "__main__":
    start_like_live()
    sys.exit(main())
