"""How the time of a hop grows with the model, and how many streams a machine carries: python -m bench.scaling.

Curves are of networks with random weights in the form that is shipped, 8 bit, whole hops with transforms, paced. One
size varies at a time from the middle of the table; each curve is a picture.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from bench.latency import subject
from bench.lib.charts import draw_curves
from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.machine import identity, print_identified, start_like_live, versions
from bench.lib.paced import Loop, back_to_back, in_turns, statistics, warm_up
from bench.lib.streams import most_streams
from rtsep.dsp.windows import PROFILES
from rtsep.model.catalogue import find_model
from training import SAMPLERATE
from training.export.export import metadata, write_model
from training.export.quantise import in_blocks
from training.nets.band_gru import BandGru, BandGruConfig

MIDDLE: dict[str, Any] = {"hidden": 384, "layers": 2, "stems": 3, "channels": 2, "hop": 256}
SWEEPS: dict[str, Sequence[int]] = {
    "hidden": (128, 256, 384, 512, 768, 1024), "layers": (1, 2, 3, 4, 6), "stems": (2, 3, 4, 6, 8),
    "channels": (1, 2, 4, 8), "hop": (128, 256, 512),
}
SUMMARY = {"licence": "none", "credits": [], "training": {}, "quality": {}}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("scaling", __doc__)
    parser.add_argument("--seconds", type=SECONDS, default=10.0, help="length of each measurement")
    parser.add_argument("--only", action="append", choices=(*SWEEPS, "streams"), help="default: all")
    parser.add_argument("--model", default="stage", help="of the streams")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    chosen = options.only or [*SWEEPS, "streams"]

    def report() -> dict[str, Any]:
        found = {"machine": identity(), "versions": versions([find_model(options.model)]),
                 "curves": {size: curve(size, options.seconds) for size in SWEEPS if size in chosen},
                 "streams": streams(options.model, options.seconds) if "streams" in chosen else []}
        if options.pictures:
            draw(found, options.pictures)
        return found

    return run_bench(parser, options, report, show)


def curve(size: str, seconds: float) -> list[dict[str, Any]]:
    """Time a hop at every value of one size."""
    loops = []
    for value in SWEEPS[size]:
        sizes = MIDDLE | {size: value}
        with tempfile.TemporaryDirectory() as folder:
            one = subject(str(network(Path(folder) / "size.onnx", sizes)), sizes["channels"], "cpu")
        loops.append(Loop(one.hop, one.hop_s))
    found = zip(SWEEPS[size], loops, in_turns(loops, seconds), in_turns(loops, seconds, at_pace=False), strict=True)
    return [{size: value, **statistics(cold.times, loop.period_s),
             "back_to_back_p50_ms": float(1000 * np.median(warm.times))} for value, loop, cold, warm in found]


def network(path: Path, sizes: dict[str, Any]) -> Path:
    """Write a network of these sizes with random weights."""
    profile = next(geometry for geometry in PROFILES.values() if geometry.hop == sizes["hop"])
    config = replace(BandGruConfig(), hidden=sizes["hidden"], layers=sizes["layers"], contexts=(4096,))
    net = BandGru(config, profile, tuple(f"stem{index}" for index in range(sizes["stems"])), SAMPLERATE)
    write_model(in_blocks(net.step_graph()), metadata(net, "scaling", SAMPLERATE, SUMMARY), path)
    return path


def streams(model: str, seconds: float) -> list[dict[str, Any]]:
    """Count the streams that one core and all cores carry, mono and stereo."""
    rows = []
    for channels in (1, 2):
        one = subject(model, channels, "cpu")
        warm_up(one.hop)
        impossible = 1 + int(one.hop_s / back_to_back(one.hop, 200).times.min())
        for cores in sorted({1, len(os.sched_getaffinity(0))}):
            each = most_streams(model, channels, cores, seconds, impossible)
            rows.append({"channels": channels, "cores": cores, "streams": each * cores})
    return rows


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    table = Table("size", "value", "deadline", "paced p50", "p99", "misses", "back to back p50",
                  title=f"time of a hop in ms; else {', '.join(f'{name} {value}' for name, value in MIDDLE.items())}")
    for size, rows in report["curves"].items():
        for row in rows:
            table.add_row(size, str(row[size]), *(f"{row[key]:.2f}" for key in ("deadline_ms", "p50_ms", "p99_ms")),
                          f"{row['misses']} of {row['hops']}", f"{row['back_to_back_p50_ms']:.2f}")
    carried = Table("channels", "cores", "streams", title="streams that are carried without a miss")
    for row in report["streams"]:
        carried.add_row(*(str(row[key]) for key in ("channels", "cores", "streams")))
    print_identified(report, *(each for each in (table, carried) if each.row_count))


def draw(report: dict[str, Any], folder: Path) -> None:
    """Draw one picture a curve, and one of the streams."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, rows in report["curves"].items():
        curves = {"paced p50": "p50_ms", "paced p99": "p99_ms", "back to back p50": "back_to_back_p50_ms"}
        draw_curves(folder / f"hop-by-{size}.png", [row[size] for row in rows],
                    {name: [row[key] for row in rows] for name, key in curves.items()}, size, "time of a hop, ms")
    if report["streams"]:
        cores = sorted({row["cores"] for row in report["streams"]})
        draw_curves(folder / "streams-by-cores.png", cores, {
            name: [row["streams"] for row in report["streams"] if row["channels"] == channels]
            for channels, name in ((1, "mono"), (2, "stereo"))}, "cores", "streams without a miss")


if __name__ == "__main__":
    start_like_live()
    sys.exit(main())
