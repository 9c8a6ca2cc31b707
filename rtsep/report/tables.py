"""The short tables at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from rich.console import Group
from rich.table import Table

from rtsep.dsp.mask import REST
from rtsep.live.counters import report_rows
from rtsep.live.session.recorder import MIXTURE
from rtsep.live.session.result import Result
from rtsep.report.sdr import plain_sdr_db
from rtsep.types import Audio


def report(result: Result) -> Group:
    """Latency and timing of a run, as two small tables."""
    latency = _table("latency", "frames", "ms")
    for name, frames in latency_rows(result):
        latency.add_row(name, *_length(frames, result.loaded.samplerate))
    run = _table(f"{result.loaded.model}, {result.summary.seconds:.1f} s", "")
    for name, value in run_rows(result):
        run.add_row(name, value)
    return Group(latency, run)


def latency_rows(result: Result) -> Iterator[tuple[str, int | None]]:
    """Name and frames of every part of the latency; None where a device says nothing believable."""
    loaded, started, stream = result.loaded, result.started, result.summary.latency
    yield "algorithmic: synthesis window, hop included, and look-ahead", loaded.algorithmic
    yield f"output behind input, blocks of {result.summary.blocksize}", stream
    yield "  of this re-blocking, and the worker", stream - (loaded.algorithmic - loaded.hop)
    if result.summary.resampling:
        yield "change of the sample rate", result.summary.resampling
    yield "device, input", started.input_latency
    yield "device, output", started.output_latency
    parts = (stream, result.summary.resampling, started.input_latency, started.output_latency)
    yield "total: output behind input, and devices", None if None in parts else sum(part or 0 for part in parts)


def run_rows(result: Result) -> Iterator[tuple[str, str]]:
    """Name and value of every number of the run; counters as of `rtsep.live.counters.report_rows`."""
    summary = result.summary
    yield "input", result.started.input
    yield "output", result.started.output
    yield "hops, blocks", f"{summary.hops}, {summary.callbacks}"
    yield "time a block: p50, p99, max", f"{summary.p50_ms:.2f}, {summary.p99_ms:.2f}, {summary.longest_ms:.2f} ms"
    yield "deadline: length of a block", f"{summary.deadline_ms:.2f} ms"
    yield "load", f"{summary.load:.1%}"
    yield from report_rows(lambda name: float(getattr(summary, name))).items()
    yield from ((measure.name, f"refused: {measure.refusal}" if measure.refusal else "on")
                for measure in result.measures)


def quality_table(recorded: Mapping[str, Audio], truth: Mapping[str, Audio]) -> Table:
    """Plain SDR of recorded stems, beside that of the mixture taken for the stem.

    Parameters
    ----------
    recorded
        `mixture` and the stems, float32 (channels, frames), aligned.
    truth
        The stems that the mixture was made of; `rest` is the sum of those that were not recorded.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("plain SDR against the true stem", min_width=44)
    table.add_column("dB", justify="right")
    table.add_column("untouched mixture", justify="right")
    for stem in recorded:
        if stem == MIXTURE:
            continue
        parts = [truth[name] for name in truth if name == stem or (stem == REST and name not in recorded)]
        if not parts:  # the model knows more instruments than the song has
            continue
        reference: Audio = np.sum(parts, axis=0, dtype=np.float32)
        table.add_row(stem, *(f"{plain_sdr_db(reference, recorded[name]):.1f}" for name in (stem, MIXTURE)))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True)
    table.add_column(title, min_width=44)
    for column in columns:
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    return table


def _length(frames: int | None, samplerate: int) -> tuple[str, str]:
    return ("unknown", "unknown") if frames is None else (str(frames), f"{1e3 * frames / samplerate:.1f}")
