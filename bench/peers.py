"""What a user would run instead, on the same music in the same run: python -m bench.peers.

Peers whose weights cannot be had here are built from their published sizes with random weights, which take the same
time, and run by ONNX Runtime as it is without options. Music goes in hop by hop and sound comes out: each has its own
transforms, in numpy as ours has, and takes the sample rate and the channels that it was published for. Each runs in a
process of its own, so that its memory can be told.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from rich.table import Table

from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.machine import (
    identity,
    print_identified,
    resident_bytes,
    start_like_live,
    versions,
    weight_bytes,
)
from bench.lib.paced import Loop, back_to_back, paced, statistics, warm_up
from bench.lib.peer_streams import PEERS, Arrays, Audio, Card, Peer, PeerStream, Spectra, flat
from bench.lib.steps import FusedGraph
from rtsep import Separator
from rtsep.audio.resample import Resampler
from rtsep.dsp.features import features
from rtsep.dsp.stft import mid_signal
from rtsep.live.realtime import ask_for_realtime
from rtsep.live.session.sources import DemoSource, FileSource
from rtsep.model.catalogue import find_model
from training import SAMPLERATE
from training.nets import build
from training.recipes.recipe import find_recipe

System = tuple[Card, Path]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("peers", __doc__)
    parser.add_argument("--model", default="stage", help="shipped model, or .onnx file, to stand beside the peers")
    parser.add_argument("--recipe", default="stage", help="network of the naive export")
    parser.add_argument("--song", type=Path, metavar="FILE", help="default: the built-in song")
    parser.add_argument("--seconds", type=SECONDS, default=20.0, help="length of each measurement")
    options = parser.parse_args(arguments)

    def report() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            systems = [shipped(options.model), naive_export(options.recipe, Path(folder)), *peers(Path(folder))]
            return measure(systems, read_song(options.song), options.seconds)

    return run_bench(parser, options, report, show)


def shipped(model: str) -> System:
    """Describe our own model."""
    info = Separator(model).info
    return Card(f"rtsep {info.name}", "shipped weights", info.samplerate, info.geometry.hop, info.geometry.latency,
                2), find_model(model)


def naive_export(recipe: str, folder: Path) -> System:
    """Export a network of ours as anybody would: the fused operator in float32."""
    found = find_recipe(recipe)
    net = build(found.network, found.geometry, found.stems, SAMPLERATE)
    geometry, contexts = net.geometry, tuple(net.config.contexts)
    look = partial(naive_features, contexts=contexts, stereo=getattr(net.config, "stereo", False))
    peer = Peer(f"naive export of {found.name}", "random weights", SAMPLERATE, geometry.hop, geometry.latency, 2,
                geometry.analysis, look, naive_sound, max(contexts, default=0))
    return peer, save(net.step_graph(FusedGraph).model(), folder / "naive.onnx")


def naive_features(spectra: Spectra, samples: Audio, contexts: Sequence[int], stereo: bool) -> Arrays:
    """Make what our networks look at, by windows as anybody has them."""
    longer = [np.fft.rfft(samples[:, -length:] * np.hanning(length))[np.newaxis].astype(np.complex64)
              for length in contexts]
    return {name: flat(values) for name, values in features(spectra[-1:], longer, stereo).items()}


def naive_sound(results: Arrays, spectra: Spectra) -> Audio:
    """Mixture, masked by the share of each stem."""
    estimates = results["estimates"][0] + 1e-12
    return np.fft.irfft((estimates / estimates.sum(axis=0))[:, np.newaxis] * spectra[-1])


def peers(folder: Path) -> list[System]:
    """Build the networks of others."""
    return [(peer, save(graph().model(), folder / f"peer{index}.onnx")) for index, (peer, graph) in enumerate(PEERS)]


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Write a graph."""
    onnx.save(model, path)
    return path


def read_song(path: Path | None) -> Audio:
    """Read a song, or play the built-in one: (channels, frames) at 44.1 kHz."""
    source = DemoSource() if path is None else FileSource(path)
    return np.concatenate(list(source.blocks(SAMPLERATE)), axis=1)


def measure(systems: Sequence[System], song: Audio, seconds: float) -> dict[str, Any]:
    """Run one system after the other."""
    machine = identity()
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rows = [pool.apply(run, (*system, song, seconds)) for system in systems]
    return {"machine": machine, "versions": versions([systems[0][1]]), "results": rows}


def run(card: Card, path: Path, song: Audio, seconds: float) -> dict[str, Any]:
    """Time one system in this process, which does nothing else."""
    ask_for_realtime()
    hops = hops_of(song, card)
    before = resident_bytes()
    process = (PeerStream(card, path).hop if isinstance(card, Peer)
               else Separator(path, card.channels, blocksize=card.hop).process)
    turns = itertools.cycle(hops)

    def step() -> None:
        process(next(turns))

    warm_up(step)
    hop_s = card.hop / card.samplerate
    warm = back_to_back(step, max(1, round(seconds / hop_s))).times
    return {"name": card.name, "source": card.source, "samplerate": card.samplerate, "channels": card.channels,
            "hop": card.hop, "latency_ms": 1000 * card.latency / card.samplerate, "weight_bytes": weight_bytes(path),
            "memory_bytes": resident_bytes() - before, "ms_a_second": float(1000 * warm.mean() / hop_s),
            "paced": statistics(paced(Loop(step, hop_s), seconds).times, hop_s)}


def hops_of(song: Audio, card: Card) -> list[Audio]:
    """Cut a song into hops at the rate, and with the channels, that a system takes."""
    resampler = Resampler(SAMPLERATE, card.samplerate, len(song))
    whole = np.concatenate([resampler.push(song), resampler.flush()], axis=1)
    taken = np.repeat(mid_signal(whole)[np.newaxis], card.channels, axis=0) if card.channels != len(whole) else whole
    return np.split(taken[:, :taken.shape[1] // card.hop * card.hop], taken.shape[1] // card.hop, axis=1)


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("network", "weights", "takes", "latency", "memory", "a second", "hop", "paced p50", "p99", "misses",
                  title="music in, sound out, transforms included, ms; a second: of music, computed back to back")
    for row in report["results"]:
        timing = row["paced"]
        table.add_row(f"{row['name']}\n  {row['source']}", f"{row['weight_bytes'] / 1e6:.1f} MB",
                      f"{row['samplerate']} Hz, {'mono' if row['channels'] == 1 else 'stereo'}",
                      f"{row['latency_ms']:.1f}", f"{row['memory_bytes'] / 1e6:.0f} MB", f"{row['ms_a_second']:.0f}",
                      f"{timing['deadline_ms']:.1f}", f"{timing['p50_ms']:.2f}", f"{timing['p99_ms']:.2f}",
                      f"{timing['misses']} of {timing['hops']}")
    print_identified(report, table)


if __name__ == "__main__":
    start_like_live()
    sys.exit(main())
