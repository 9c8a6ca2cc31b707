"""Spectrograms of several signals under each other, on one scale, for the eye to compare."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.outputs import temporary_name
from rtsep.errors import AudioFileError, ConfigError
from rtsep.types import Audio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WINDOW = 4096
ROWS, COLUMNS = 360, 1600  # of each spectrogram's image
LOWEST_HZ, HIGHEST_HZ = 40.0, 16000.0
RANGE_DB = 72.0
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10000)

logging.getLogger("matplotlib").addHandler(logging.NullHandler())  # it writes about its list of fonts


@dataclass(frozen=True)
class Spectrogram:
    """Levels on a logarithmic frequency axis.

    Parameters
    ----------
    levels
        dB, float32 (ROWS, columns): rows from LOWEST_HZ to HIGHEST_HZ or half the sample rate, columns from the first
        frame to the last. 0 dB is a sine at full scale.
    seconds
        Length of the sound.
    samplerate
        Of the sound, in Hz.
    """

    levels: NDArray[np.float32]
    seconds: float
    samplerate: int


def draw_spectrograms(path: str | Path, signals: Mapping[str, Audio | Spectrogram], samplerate: int, title: str = ""
                      ) -> None:
    """Draw signals as spectrograms with a common time axis and a common dB scale.

    Parameters
    ----------
    path
        PNG (or SVG, PDF) file to write; it is there whole, or not at all.
    signals
        By title, from top to bottom; float32 (channels, frames), or what `spectrogram_of` made.
    samplerate
        Of the signals, in Hz.
    title
        Headline of the picture.

    Raises
    ------
    ConfigError
        When there is nothing to draw or matplotlib is not installed.
    AudioFileError
        When the picture cannot be written.
    """
    if not signals or any(not isinstance(signal, Spectrogram) and signal.size == 0 for signal in signals.values()):
        raise ConfigError("a picture needs at least one signal, and at least one frame in each")
    try:
        import matplotlib.figure  # noqa: F401 - the sentence comes before the work
    except ImportError:
        raise ConfigError("drawing needs matplotlib: pip install 'rtsep[plot]'") from None
    figure = _figure({name: signal if isinstance(signal, Spectrogram) else
                      spectrogram_of([signal], signal.shape[1], samplerate) for name, signal in signals.items()}, title)
    path = Path(path)
    part = temporary_name(path)
    form = path.suffix[1:] or "png"
    fast: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if form == "png" else {}  # a third less time to draw
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(part, format=form, **fast)
        part.replace(path)
    except (OSError, ValueError) as error:  # ValueError: a format that matplotlib does not know
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise AudioFileError(f"cannot write the picture {path}: {reason}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _figure(found: Mapping[str, Spectrogram], title: str) -> Figure:
    """Put spectrograms under each other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    loudest = max(float(one.levels.max()) for one in found.values())
    figure = Figure(figsize=(11.0, 0.9 + 1.9 * len(found)), dpi=150, layout=ConstrainedLayoutEngine(h_pad=0.06))
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, one) in zip(axes, found.items(), strict=True):
        image = axis.imshow(one.levels - loudest, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=0.0,
                            extent=(0.0, one.seconds, 0.0, 1.0), interpolation="bilinear")
        _decorate(axis, name, min(HIGHEST_HZ, one.samplerate / 2))
    axes[-1].set_xlim(0.0, max(one.seconds for one in found.values()))
    axes[-1].set_xlabel("time in s", fontsize=9)
    bar = figure.colorbar(image, ax=list(axes), pad=0.012, aspect=12.0 * len(found), fraction=0.03)
    bar.set_label("level in dB", fontsize=9)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=12, x=0.01, ha="left", fontweight="bold")
    return figure


def spectrogram_of(blocks: Iterable[Audio], frames: int, samplerate: int) -> Spectrogram:
    """Levels of the mid signal of a sound of any length: as many columns as a picture has room for, in little memory.

    Parameters
    ----------
    blocks
        float32 (channels, any number of frames) each.
    frames
        Of all of them together; what is missing at the end counts as silence.
    samplerate
        In Hz.
    """
    centers = np.linspace(0, frames, min(COLUMNS, max(2, frames // 64)), endpoint=False).astype(int)
    window = np.hanning(WINDOW).astype(np.float32)
    columns = [np.square(np.abs(np.fft.rfft(stretch * window))) for stretch in _stretches(blocks, centers)]
    power = np.stack(columns, axis=1) / np.square(window.sum() / 2.0)
    levels = (10.0 * np.log10(_on_log_axis(power, samplerate) + 1e-12)).astype(np.float32)
    return Spectrogram(levels, frames / samplerate, samplerate)


def _stretches(blocks: Iterable[Audio], centers: NDArray[np.int_]) -> Iterator[Audio]:
    """Yield the mid signal in a window around each center, with silence at both ends of the sound."""
    half = WINDOW // 2
    kept, start = np.zeros(half, np.float32), -half  # the latest frames, and the place of the first of them
    ahead = iter(blocks)
    for center in centers:
        while start + len(kept) < center + half:
            block = next(ahead, None)
            piece = np.zeros(WINDOW, np.float32) if block is None else np.nan_to_num(block.mean(axis=0))
            kept = np.concatenate([kept, piece])
        kept, start = kept[center - half - start:], center - half
        yield kept[:WINDOW]


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
