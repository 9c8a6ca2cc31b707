"""Box plots of the measures per clip, as the paper's Figure 4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtsep.errors import AudioFileError, ConfigError
from rtsep.report.untraced import untraced_pictures
from training.evaluation.evaluate import ENDLESS_DB, MEASURES, Result


@untraced_pictures()
def draw_boxes(path: Path, results: Sequence[Result], target: str, split: str) -> None:
    """Draw SDR, SIR, SAR and NSDR of every system over the clips of one target.

    A box spans the quartiles with the median as a line and the mean as a point; whiskers reach to the last clip within
    one and a half of its height. The mixture has no artefacts, so its box of SAR is empty.

    Raises
    ------
    ConfigError
        When matplotlib is not installed.
    AudioFileError
        When the picture cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("drawing needs matplotlib: pip install 'rtsep[plot]'") from None
    shown = [result for result in results if result.chosen(target, split)]
    figure = Figure(figsize=(11.0, 1.9 + 0.24 * len(shown) + 2.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    for axis, measure in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        values = [[value for score in result.chosen(target, split) if (value := getattr(score, measure)) < ENDLESS_DB]
                  for result in shown]
        axis.boxplot(values, widths=0.6, showmeans=True, medianprops={"color": "black"},
                     meanprops={"marker": "o", "markerfacecolor": "black", "markeredgecolor": "black", "markersize": 3})
        axis.set_xticks(range(1, len(shown) + 1), [result.name for result in shown], rotation=60, ha="right",
                        fontsize=8)
        axis.set_title(f"{measure.upper()} in dB", fontsize=10)
        axis.tick_params(axis="y", labelsize=8)
        axis.grid(axis="y", alpha=0.3)
    figure.suptitle(f"{target}, {split}", fontsize=12, x=0.01, ha="left", fontweight="bold")
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:  # ValueError: a format that matplotlib does not know
        raise AudioFileError(f"cannot write the picture {path}: {error}") from None
