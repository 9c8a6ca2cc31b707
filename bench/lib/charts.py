"""Pictures of the speed benches: histograms and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.lib.paced import Times
from rtsep.report.untraced import untraced_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 120


@untraced_pictures()
def draw_histograms(path: Path, rows: Mapping[str, Times], deadlines_ms: Mapping[str, float], title: str) -> None:
    """Draw the distribution of times (s), one row each, on common logarithmic axes, with the deadline of each."""
    shortest = 1000 * min(times.min() for times in rows.values())
    longest = max(2 * max(deadlines_ms.values()), 1000 * max(times.max() for times in rows.values()))
    edges = np.geomspace(max(1e-4, 0.8 * shortest), 1.2 * longest, BINS)
    figure = _figure(9.0, 1.0 + 1.2 * len(rows))
    axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, times) in zip(axes, rows.items(), strict=True):
        axis.hist(1000 * times, edges, color="tab:blue")
        axis.axvline(deadlines_ms[name], color="tab:red", linewidth=1.0)
        axis.set(xscale="log", yscale="log", ylabel="hops")
        axis.set_title(name, fontsize=9, loc="left", pad=2)
    axes[-1].set_xlabel("time of a hop in ms; red: the deadline")
    figure.suptitle(title, fontsize=10)
    figure.savefig(path)


@untraced_pictures()
def draw_curves(path: Path, x: Sequence[float], curves: Mapping[str, Sequence[float]], x_label: str,
                y_label: str) -> None:
    """Draw values against a size, one line a name, from zero."""
    figure = _figure(5.0, 3.4)
    axis = figure.subplots()
    for name, values in curves.items():
        axis.plot(x, values, marker="o", label=name)
    axis.set(xlabel=x_label, ylabel=y_label, ylim=(0.0, None))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(path)


def _figure(width: float, height: float) -> Figure:
    """Make a figure, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
