"""How near the native code is to what a processor can do: python -m bench.core.

In one run: the products of 8-bit numbers that a core can do at most, by a loop of nothing else, and the share of that
which products by weights reach; a hop in turns with ONNX Runtime; and the instructions of a hop on a core as a
Raspberry Pi 5 has, counted by qemu. A stream has one row: each weight is read once a hop, for one product.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.table import Table

from bench.lib.command import SECONDS, TURNS, parser_of, run_bench
from bench.lib.machine import identity, print_identified, start_like_live, versions
from bench.lib.on_arm import CLOCK_HZ, instructions_on_arm
from bench.lib.paced import Loop, in_turns, statistics
from bench.lib.peak import HOPS, TIMES, Work, peak_of, product, rates, step_products
from rtsep import RtsepError, Separator
from rtsep.backends.native import NativeStep
from rtsep.model.catalogue import find_model
from rtsep.model.gate import StepFile, read_step
from rtsep.native.arena import Memory
from rtsep.native.bindings import Variant, native_state, variants
from rtsep.types import Audio

SIZES = ((128, 128), (256, 512), (640, 640), (1920, 640))  # outputs and inputs: 16 kB to 1.2 MB of weights
WHOLE = "all of the model in turn"
CHANNELS = 2
LEAST_SHARE = 0.6
LOAD = 1 / 3  # of the deadline that a hop may take on a small core


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 where no product reaches `LEAST_SHARE` of the peak, 2 for usage."""
    parser = parser_of("core", __doc__)
    parser.add_argument("--model", default="stage")
    parser.add_argument("--seconds", type=SECONDS, default=10.0, help="of hops, for each executor")
    parser.add_argument("--rounds", type=TURNS, default=20, help="of products, in turns with the peak; the best counts")
    options = parser.parse_args(arguments)

    def report() -> dict[str, Any]:
        if not variants():
            raise RtsepError(f"there is no native code to measure: it is {native_state()}")
        machine, model = identity(), read_step(find_model(options.model))
        with TemporaryDirectory() as folder:
            found = [shares(variant, model, Path(folder), options.rounds) for variant in variants().values()
                     if variant.name != "scalar"]
            return {"machine": machine, "versions": versions([model.path]), "model": options.model, "products": found,
                    "hops": hops(options.model, options.seconds), **on_arm(options.model, model, Path(folder))}

    return run_bench(parser, options, report, show, is_far)


def shares(variant: Variant, model: StepFile, folder: Path, rounds: int) -> dict[str, Any]:
    """Measure the peak and products of several sizes, and those of the model one after the other."""
    memory, step = Memory(), NativeStep(model, variant)
    works: list[tuple[str, Work, int]] = [("peak", *peak_of(variant, folder))]
    works += [(f"{outputs} x {inputs}", product(variant, outputs, inputs, memory), TIMES * outputs * inputs)
              for outputs, inputs in SIZES]
    works.append((WHOLE, *step_products(step)))
    found = rates([(work, size) for _, work, size in works], rounds)
    return {"variant": variant.name, "peak_gmac_s": found[0] / 1e9,
            "model_gb_s": HOPS * step.weight_bytes * found[-1] / works[-1][2] / 1e9,
            "shares": {name: rate / found[0] for (name, *_), rate in zip(works[1:], found[1:], strict=True)}}


def hops(model: str, seconds: float) -> dict[str, dict[str, Any]]:
    """Time whole hops by native code and by ONNX Runtime, paced and in turns."""
    separators = {name: Separator(model, CHANNELS, provider=provider)
                  for name, provider in (("native code", "cpu"), ("ONNX Runtime", "onnxruntime"))}
    first = next(iter(separators.values()))
    hop, rng = first.info.geometry.hop, np.random.default_rng(1)
    blocks = cycle([0.1 * rng.standard_normal((CHANNELS, hop)).astype(np.float32) for _ in range(64)])
    hop_s = hop / first.samplerate
    turns = in_turns([Loop(next_hop(one, blocks), hop_s) for one in separators.values()], seconds)
    return {name: statistics(found.times, hop_s) for name, found in zip(separators, turns, strict=True)}


def next_hop(separator: Separator, blocks: Iterator[Audio]) -> Work:
    """Give what separates one hop."""
    return lambda: separator.process(next(blocks))


def on_arm(name: str, model: StepFile, folder: Path) -> dict[str, Any]:
    """Count instructions; say what part of the deadline they take at one a clock, and how fast memory has to be."""
    count, deadline_s = instructions_on_arm(name, folder), model.card.geometry.hop / model.card.samplerate
    if count is None:
        return {"arm_instructions_a_hop": None}
    size = NativeStep(model, variants()["scalar"]).weight_bytes
    return {"arm_instructions_a_hop": count, "arm_share_of_deadline": count / CLOCK_HZ / deadline_s,
            "arm_memory_gb_s": size / (LOAD * deadline_s - count / CLOCK_HZ) / 1e9}


def is_far(report: dict[str, Any]) -> bool:
    """Whether no product by the best variant reaches `LEAST_SHARE`."""
    return bool(report["products"]) and max(report["products"][0]["shares"].values()) < LEAST_SHARE


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    products = Table("variant", "peak", *(f"{outputs} x {inputs}" for outputs, inputs in SIZES), WHOLE, "read so",
                     title="products of 8-bit numbers: the peak in 10^9 a second, shares of it by outputs x inputs")
    for row in report["products"]:
        products.add_row(row["variant"], f"{row['peak_gmac_s']:.1f}",
                         *(f"{100 * share:.0f} %" for share in row["shares"].values()), f"{row['model_gb_s']:.1f} GB/s")
    times = Table("executor", "p50", "p99", "max", "load",
                  title=f"a stereo hop of {report['model']}, paced, in turns; ms")
    for name, row in report["hops"].items():
        times.add_row(name, *(f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms", "max_ms")),
                      f"{row['load_percent']:.1f} %")
    count = report["arm_instructions_a_hop"]
    arm = Table("a hop on a Cortex-A76 at 2.4 GHz", "counted")
    arm.add_row("instructions", f"{count / 1e6:.2f} million" if count else "not counted: qemu-aarch64 or its compiler "
                "is missing")
    if count:
        arm.add_row("of the deadline, at one a clock", f"{100 * report['arm_share_of_deadline']:.0f} %")
        arm.add_row("memory, so that reading the weights besides ends within a third of the deadline",
                    f"{report['arm_memory_gb_s']:.1f} GB/s")
    print_identified(report, products, times, arm)


if __name__ == "__main__":
    start_like_live()
    sys.exit(main())
