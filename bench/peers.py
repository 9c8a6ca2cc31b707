"""What a user would run instead, on the same machine in the same run: python -m bench.peers.

Peers whose weights cannot be had here are built from their published sizes with random weights, which take the same
time, and run by ONNX Runtime as it is without options. Each runs in a process of its own, so that its memory can be
told. Only the network is timed: transforms are left out of all of them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx
from rich.table import Table

from bench.machine import identity, print_identified, resident_bytes, versions, weight_bytes
from bench.paced import back_to_back, paced, statistics, warm_up
from bench.peer_graphs import PEERS
from bench.steps import FusedGraph, runtime_step
from rtsep import RtsepError
from rtsep.audio.clock import ask_for_realtime
from rtsep.model import StepModel, find_model
from training.nets import build
from training.recipe import find_recipe


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = argparse.ArgumentParser("python -m bench.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="stage", help="shipped model, or .onnx file, to stand beside the peers")
    parser.add_argument("--recipe", default="stage", help="network of the naive export")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = measure(options.model, options.recipe, Path(folder), options.seconds)
    except RtsepError as error:
        print(f"bench.peers: {error}", file=sys.stderr)
        return 2
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    return 0


def measure(model: str, recipe: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Run our model, its naive export and the peers one after the other."""
    machine, path = identity(), find_model(model)
    info = StepModel(path).info
    own = {"samplerate": info.samplerate, "hop": info.geometry.hop, "latency": info.geometry.synthesis}
    jobs = [({"name": f"rtsep {info.name}", "source": "shipped weights", **own}, path, False)]
    found = find_recipe(recipe)
    net = build(found.network, found.geometry, found.stems, info.samplerate)
    own = {"samplerate": info.samplerate, "hop": found.geometry.hop, "latency": found.geometry.synthesis}
    naive = save(net.step_graph(FusedGraph).model(), folder / "naive.onnx")
    jobs.append(({"name": f"naive export of {found.name}", "source": "random weights", **own}, naive, True))
    for index, peer in enumerate(PEERS):
        card = {"name": peer.name, "source": f"random weights; sizes: {peer.source}", "samplerate": peer.samplerate,
                "hop": peer.hop, "latency": peer.latency}
        jobs.append((card, save(peer.graph().model(), folder / f"peer{index}.onnx"), True))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rows = [pool.apply(run, (*job, seconds)) for job in jobs]
    return {"machine": machine, "versions": versions([path]), "results": rows}


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Write a graph."""
    onnx.save(model, path)
    return path


def run(card: dict[str, Any], path: Path, naive: bool, seconds: float) -> dict[str, Any]:
    """Time one network in this process, which does nothing else."""
    ask_for_realtime()
    before = resident_bytes()
    step = runtime_step(path, naive)
    warm_up(step)
    hop_s = card["hop"] / card["samplerate"]
    warm = back_to_back(step, max(1, round(seconds / hop_s)))
    return {**card, "latency_ms": 1000 * card["latency"] / card["samplerate"], "weight_bytes": weight_bytes(path),
            "memory_bytes": resident_bytes() - before, "ms_a_second": float(1000 * warm.mean() / hop_s),
            "paced": statistics(paced(step, hop_s, seconds), hop_s)}


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("network", "weights", "latency", "memory", "a second of sound", "hop", "paced p50", "p99", "misses",
                  title="networks alone, ms; a second of sound: computed back to back")
    for row in report["results"]:
        timing = row["paced"]
        table.add_row(f"{row['name']}\n  {row['source']}", f"{row['weight_bytes'] / 1e6:.1f} MB",
                      f"{row['latency_ms']:.1f}", f"{row['memory_bytes'] / 1e6:.0f} MB", f"{row['ms_a_second']:.0f}",
                      f"{timing['deadline_ms']:.1f}", f"{timing['p50_ms']:.2f}", f"{timing['p99_ms']:.2f}",
                      f"{timing['misses']} of {timing['hops']}")
    print_identified(report, table)


if __name__ == "__main__":
    sys.exit(main())
