"""Spectrograms of several signals under each other, on one scale, for the eye to compare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rtsep.errors import AudioFileError, ConfigError
from rtsep.types import Audio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOW = 4096
ROWS, COLUMNS = 360, 1600  # of each spectrogram's image
LOWEST_HZ, HIGHEST_HZ = 40.0, 16000.0
RANGE_DB = 72.0
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10000)


def draw_spectrograms(path: str | Path, signals: Mapping[str, Audio], samplerate: int, title: str = "") -> None:
    """Draw signals as spectrograms with a common time axis and a common dB scale.

    Parameters
    ----------
    path
        PNG (or SVG, PDF) file to write.
    signals
        By title, from top to bottom; float32 (channels, frames).
    samplerate
        In Hz.
    title
        Headline of the picture.

    Raises
    ------
    ConfigError
        When there is nothing to draw or matplotlib is not installed.
    AudioFileError
        When the picture cannot be written.
    """
    if not signals or any(signal.size == 0 for signal in signals.values()):
        raise ConfigError("a picture needs at least one signal, and at least one frame in each")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise ConfigError("drawing needs matplotlib: pip install 'rtsep[plot]'") from None
    levels = {name: log_spectrogram(signal, samplerate) for name, signal in signals.items()}
    loudest = max(float(level.max()) for level in levels.values())
    seconds = max(signal.shape[1] for signal in signals.values()) / samplerate

    figure = Figure(figsize=(11.0, 0.9 + 1.9 * len(levels)), dpi=150, layout=ConstrainedLayoutEngine(h_pad=0.06))
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(levels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, level) in zip(axes, levels.items(), strict=True):
        length = signals[name].shape[1] / samplerate
        image = axis.imshow(level - loudest, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=0.0,
                            extent=(0.0, length, 0.0, 1.0), interpolation="bilinear")
        _decorate(axis, name, min(HIGHEST_HZ, samplerate / 2))
    axes[-1].set_xlim(0.0, seconds)
    axes[-1].set_xlabel("time in s", fontsize=9)
    bar = figure.colorbar(image, ax=list(axes), pad=0.012, aspect=12.0 * len(levels), fraction=0.03)
    bar.set_label("level in dB", fontsize=9)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=12, x=0.01, ha="left", fontweight="bold")
    try:
        figure.savefig(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a format that matplotlib does not know
        raise AudioFileError(f"cannot write the picture {path}: {error}") from None


def log_spectrogram(signal: Audio, samplerate: int) -> NDArray[np.float32]:
    """Levels of the mid signal on a logarithmic frequency axis.

    Parameters
    ----------
    signal
        float32 (channels, frames), at least one frame.
    samplerate
        In Hz.

    Returns
    -------
    levels
        dB, float32 (ROWS, up to COLUMNS): rows from LOWEST_HZ to HIGHEST_HZ or half the sample rate,
        columns from the first frame to the last. 0 dB is a sine at full scale.
    """
    mid = np.pad(np.nan_to_num(signal.mean(axis=0)), WINDOW // 2)
    frames = signal.shape[1]
    centers = np.linspace(0, frames, min(COLUMNS, max(2, frames // 64)), endpoint=False).astype(int)
    window = np.hanning(WINDOW).astype(np.float32)
    stretches = np.lib.stride_tricks.sliding_window_view(mid, WINDOW)
    power = np.stack([np.square(np.abs(np.fft.rfft(stretches[center] * window))) for center in centers], axis=1)
    power /= np.square(window.sum() / 2.0)
    return (10.0 * np.log10(_on_log_axis(power, samplerate) + 1e-12)).astype(np.float32)


def _on_log_axis(power: NDArray[np.float32], samplerate: int) -> NDArray[np.float64]:
    """Rows spaced evenly in octaves: interpolated where bins are wide, summed where they are narrow.

    The sum lets pink noise, the colour of most music, look the same at every height.
    """
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, samplerate / 2), ROWS + 1) * WINDOW / samplerate
    summed = np.concatenate([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0, dtype=np.float64)])
    positions = np.clip(edges + 0.5, 0.0, power.shape[0])  # bin k spans k - 0.5 to k + 0.5
    low = np.minimum(positions.astype(int), power.shape[0] - 1)
    below = summed[low] + (positions - low)[:, np.newaxis] * power[low]
    widths = np.diff(positions)[:, np.newaxis]
    return np.asarray(np.maximum(np.diff(below, axis=0) / np.minimum(widths, 1.0), 0.0))


def _decorate(axis: Axes, name: str, highest_hz: float) -> None:
    """Name a spectrogram and label its frequencies."""
    octaves = np.log(highest_hz / LOWEST_HZ)
    shown = [hertz for hertz in TICKS_HZ if hertz < highest_hz]
    axis.set_yticks([float(np.log(hertz / LOWEST_HZ) / octaves) for hertz in shown],
                    [f"{hertz // 1000}k" if hertz >= 1000 else str(hertz) for hertz in shown])
    axis.set_ylabel("Hz", fontsize=9)
    axis.tick_params(labelsize=8, length=2)
    axis.set_title(name, fontsize=10, loc="left", pad=3)
    for spine in axis.spines.values():
        spine.set_visible(False)
