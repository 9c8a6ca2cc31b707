"""THE table of what a live run counts and measures: one row a number.

Shared memory, the summary of a run, the report at its end, the mixer and the tables in the documents are made
from it. A new counter is one row here, and the line that counts.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rtsep.controls.memory import MAX_STEMS

LATE_SPANS = 64
"""Latest blocks in trouble whose times are kept."""
TIME_BINS = 100_000
"""Bins of the histogram of callback times, one microsecond each; the last one holds everything longer."""

AUDIO, SUPERVISOR, MIDI = "audio process", "supervisor", "MIDI process"


@dataclass(frozen=True)
class Counter:
    """One row.

    Parameters
    ----------
    name
        Field in shared memory, and of the summary.
    writer
        The one process that writes it.
    help
        What it says.
    type
        Its type in memory.
    label
        Its line in the report; empty for none.
    of
        What it is a part of, for a line such as `3 of 5000`; a line with it is always there, others where something was
        counted.
    short
        Its name in the mixer; empty for none.
    """

    name: str
    writer: str
    help: str
    type: Any = ctypes.c_int64
    label: str = ""
    of: str = ""
    short: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is one number, not a row of them."""
        return self.type in (ctypes.c_int64, ctypes.c_double)


COUNTERS = (
    Counter("heartbeat", AUDIO, "moves while the audio process is alive"),
    Counter("callbacks", AUDIO, "blocks that were played"),
    Counter("hops", AUDIO, "hops that were played"),
    Counter("frames", AUDIO, "frames that were played"),
    Counter("late_blocks", AUDIO, "blocks whose callback took longer than they last", label="late blocks",
            of="callbacks", short="late"),
    Counter("missed_hops", AUDIO, "hops for which the model had no result in time: the worker was not ready, or the "
            "callback began late and left the model out", label="missed hops", of="hops", short="missed"),
    Counter("input_xruns", AUDIO, "gaps in the input, as the device tells", label="xruns, input", of="callbacks",
            short="xruns in"),
    Counter("output_xruns", AUDIO, "gaps in the output, as the device tells", label="xruns, output", of="callbacks",
            short="out"),
    Counter("fallback_frames", AUDIO, "frames in which the delayed mixture stood in for the stems",
            label="frames of the mixture in place of stems"),
    Counter("bad_blocks", AUDIO, "blocks of the input with NaN, infinity or absurd samples, taken as silence",
            label="bad blocks of the input, silenced"),
    Counter("wild_blocks", AUDIO, "blocks for which the model gave NaN or infinity, or sound far above the input's "
            "peak: the delayed mixture was played, and the model started anew",
            label="blocks that the model spoilt, replaced by the mixture", short="wild"),
    Counter("limited_blocks", AUDIO, "blocks of the output with samples above full scale, cut there",
            label="blocks of the output above full scale, cut"),
    Counter("restarts", AUDIO, "times that the latency changed because a block of another size came",
            label="restarts, as the block size changed"),
    Counter("starved_blocks", AUDIO, "blocks for which a source was not there in time",
            label="blocks without input in time"),
    Counter("lost_frames", AUDIO, "frames that did not fit into the record ring",
            label="frames missing in the recording"),
    Counter("reconnects", SUPERVISOR, "audio processes started anew after a device was lost",
            label="reconnections to the device"),
    Counter("midi_messages", MIDI, "MIDI messages that arrived, and did what they do"),
    Counter("midi_malformed", MIDI, "MIDI bytes that were no message"),
    Counter("latency", AUDIO, "frames at the model's rate by which the output lags the input"),
    Counter("blocksize", AUDIO, "frames of the latest block"),
    Counter("resampling", AUDIO, "frames at the model's rate that a change of the sample rate adds to the latency"),
    Counter("busy_s", AUDIO, "seconds spent in callbacks", ctypes.c_double),
    Counter("longest_s", AUDIO, "seconds of the longest callback", ctypes.c_double),
    Counter("input_peak", AUDIO, "recent peak of the input, linear", ctypes.c_double),
    Counter("output_peak", AUDIO, "recent peak of the output, linear", ctypes.c_double),
    Counter("stem_peaks", AUDIO, "recent peak of each stem before its level, linear", ctypes.c_double * MAX_STEMS),
    Counter("stem_powers", AUDIO, "mean square of each stem before its level, over about a third of a second",
            ctypes.c_double * MAX_STEMS),
    Counter("stream_start", AUDIO, "frames that had been played when the stream of this audio process began"),
    Counter("record_start", AUDIO, "frames that had been played when the recording began"),
    Counter("input_end", AUDIO, "frames that had been played when the source ended; -1 before that"),
    Counter("times", AUDIO, "histogram of callback times, a microsecond a bin", ctypes.c_uint32 * TIME_BINS),
    Counter("spans", AUDIO, "blocks whose times were noted: those that were late, or in which a hop was missed"),
    Counter("late_spans", AUDIO, "when the latest of them began and ended, in seconds of `time.perf_counter`: "
            "block n at 2 n, modulo the length", ctypes.c_double * (2 * LATE_SPANS)),
)

Counters = tuple[Counter, ...]


def report_rows(number: Callable[[str], float], counters: Iterable[Counter] = COUNTERS) -> Mapping[str, str]:
    """Lines of a report by their names; `number` gives the value of a counter."""
    return {row.label: f"{number(row.name):.0f} of {number(row.of):.0f}" if row.of else f"{number(row.name):.0f}"
            for row in counters if row.label and (row.of or number(row.name))}


def status(number: Callable[[str], float], counters: Iterable[Counter] = COUNTERS) -> str:
    """Counters as the mixer shows them; those that are not set against anything only once they have counted."""
    return "  ".join(f"{row.short} {number(row.name):.0f}" for row in counters
                     if row.short and (row.of or number(row.name)))


def document(counters: Iterable[Counter] = COUNTERS) -> str:
    """Table of all counters in Markdown, as it stands in `docs/live.md`."""
    rows = [f"| `{row.name}` | {row.writer} | {row.help} |" for row in counters]
    return "\n".join(["| name | written by | what it says |", "|---|---|---|", *rows])
