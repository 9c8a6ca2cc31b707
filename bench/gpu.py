"""Time of a step on a graphics processor, for one stream and for many at once: python -m bench.gpu.

Spectra of the mid signal go over, masks come back, and the states stay there. Where the device is an NVIDIA GPU, each
batch runs twice: launched kernel by kernel, and replayed as one CUDA graph. Without a GPU the same is measured on one
core of the processor, launched only. Networks have random weights, which take the same time as others, in float32, or
in tf32 where the GPU has it. `python -m bench.latency --provider cuda` times whole hops by ONNX Runtime there.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.machine import FILE_WIDTH
from bench.lib.paced import Loop, in_turns, statistics
from rtsep.cli.numbers import whole
from rtsep.live.realtime import ask_for_realtime
from training import SAMPLERATE
from training.nets import Network, build
from training.recipes.recipe import find_recipe
from training.run.devices import world

BATCHES = (1, 4, 16, 64, 256)
RECORD_WARM_UP = 3  # steps that libraries want to see before they are recorded


class DeviceStep:
    """The next hop of many streams at once on a device.

    Parameters
    ----------
    net
        The network; it is moved to the device.
    streams
        How many.
    device
        `cpu` or a GPU.
    recorded
        Whether the step is recorded as a CUDA graph, and replayed.

    Attributes
    ----------
    spectra
        Complex64 (streams, 1, 1, length // 2 + 1), one channel and one hop, of the masked window and of each context,
        to be filled in.
    masks
        What the latest step gave, float32 (streams, 1, stems, bins).
    """

    def __init__(self, net: Network, streams: int, device: torch.device, recorded: bool) -> None:
        self._net, self._device = net.to(device).eval(), device
        self._spread = self._net.get_buffer("spread")
        lengths = (net.geometry.analysis, *net.config.contexts)
        self.spectra = [self._host(torch.randn(streams, 1, 1, length // 2 + 1, dtype=torch.complex64))
                        for length in lengths]
        self.masks = self._host(torch.zeros(streams, 1, len(net.stems), net.geometry.bins))
        self._inputs = [spectrum.to(device) for spectrum in self.spectra]
        self._result = self.masks.to(device)
        self._state = [state.to(device) for state in net.initial_state(streams)]
        self._step = self._recorded() if recorded else self._launch

    @torch.no_grad()
    def run(self) -> None:
        """Advance by one hop; all of it is done at the return."""
        for target, spectrum in zip(self._inputs, self.spectra, strict=True):
            target.copy_(spectrum, non_blocking=True)
        self._step()
        self.masks.copy_(self._result, non_blocking=True)
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _launch(self) -> None:
        """Run the network; everything stays at its place, as a recording needs it."""
        bands, after = self._net(self._net.observe(self._inputs), self._state)
        torch.matmul(bands, self._spread, out=self._result)
        for state, later in zip(self._state, after, strict=True):
            state.copy_(later)

    @torch.no_grad()
    def _recorded(self) -> Callable[[], None]:
        """Record a step; return what replays it."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(RECORD_WARM_UP):
                self._launch()
        torch.cuda.current_stream().wait_stream(aside)
        for state in self._state:
            state.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._launch()
        replay: Callable[[], None] = graph.replay
        return replay

    def _host(self, values: Tensor) -> Tensor:
        """Memory that a GPU reads by itself, where there is one."""
        return values.pin_memory() if self._device.type == "cuda" else values


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("gpu", __doc__)
    parser.add_argument("--recipe", action="append", metavar="NAME", help="default: stage and paper")
    parser.add_argument("--streams", type=whole(1, 65536), action="append", metavar="N", help=f"default: {BATCHES}")
    parser.add_argument("--seconds", type=SECONDS, default=5.0, help="length of each measurement")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options = parser.parse_args(arguments)
    streams = options.streams or BATCHES
    if min(streams) < 1:
        parser.error(f"--streams is {min(streams)}: give 1 or more")
    torch.set_num_threads(1)
    ask_for_realtime()

    def report() -> dict[str, Any]:
        with world(options.device) as here:
            rows = [row for name in options.recipe or ("stage", "paper")
                    for row in measure(name, streams, here.device, options.seconds)]
        device = torch.cuda.get_device_name() if here.device.type == "cuda" else "one core of the processor"
        return {"device": device, "torch": torch.__version__, "system": platform.platform(), "results": rows}

    return run_bench(parser, options, report, show)


def measure(recipe: str, streams: Sequence[int], device: torch.device, seconds: float) -> list[dict[str, Any]]:
    """Time a recipe's network with every number of streams, in turns."""
    found = find_recipe(recipe)
    net = build(found.network, found.geometry, found.stems, SAMPLERATE)
    ways = (False, True) if device.type == "cuda" else (False,)
    cases = [(count, recorded) for count in streams for recorded in ways]
    hop_s = net.geometry.hop / SAMPLERATE
    loops = [Loop(DeviceStep(net, count, device, recorded).run, hop_s, alone=True)
             for count, recorded in cases]
    rows = zip(cases, in_turns(loops, seconds), in_turns(loops, seconds, at_pace=False), strict=True)
    return [{"network": found.name, "streams": count, "cuda_graph": recorded, "paced": statistics(cold.times, hop_s),
             "back_to_back": statistics(warm.times, hop_s)} for (count, recorded), cold, warm in rows]


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("network", "streams", "CUDA graph", "deadline", "paced p50", "p99", "max", "misses",
                  "back to back p50", "a stream", title=f"{report['device']}: time of a step of all streams, ms")
    for row in report["results"]:
        paced, warm = row["paced"], row["back_to_back"]
        table.add_row(row["network"], str(row["streams"]), "yes" if row["cuda_graph"] else "no",
                      *(f"{paced[key]:.3f}" for key in ("deadline_ms", "p50_ms", "p99_ms", "max_ms")),
                      f"{paced['misses']} of {paced['hops']}", f"{warm['p50_ms']:.3f}",
                      f"{warm['p50_ms'] / row['streams']:.4f}")
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)


if __name__ == "__main__":
    sys.exit(main())
