"""Spectrogram pictures: the levels behind them, and the file."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest

from rtsep.errors import AudioFileError, ConfigError
from rtsep.report.spectrograms import COLUMNS, HIGHEST_HZ, LOWEST_HZ, ROWS, draw_spectrograms, spectrogram_of


def tone(hertz: float, seconds: float = 1.0, samplerate: int = 44100) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * samplerate)) / samplerate).astype(np.float32)[np.newaxis]


def log_spectrogram(signal: np.ndarray, samplerate: int) -> np.ndarray:
    return spectrogram_of([signal], signal.shape[1], samplerate).levels


@pytest.mark.parametrize("hertz", [110.0, 1000.0, 9000.0])
def test_a_sine_at_full_scale_is_a_line_of_zero_db_at_its_height(hertz):
    levels = log_spectrogram(tone(hertz), 44100)
    middle = levels[:, levels.shape[1] // 2]
    row = np.log(hertz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ) * ROWS
    assert abs(int(np.argmax(middle)) + 0.5 - row) < 4
    assert middle.max() == pytest.approx(0.0, abs=2.0)
    assert np.median(middle) < -60.0


def test_time_runs_from_left_to_right():
    signal = np.concatenate([tone(500.0), np.zeros((1, 44100), np.float32)], axis=1)
    columns = log_spectrogram(signal, 44100).max(axis=0)
    assert columns[:columns.size * 9 // 20].min() > -10
    assert columns[columns.size * 11 // 20:].max() < -100


@pytest.mark.parametrize("frames", [1, 63, 5000])
@pytest.mark.parametrize("samplerate", [8000, 44100])
def test_short_signals_and_low_rates_are_drawn(frames, samplerate):
    levels = log_spectrogram(np.ones((2, frames), np.float32), samplerate)
    assert levels.shape[0] == ROWS
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("cuts", [1, 7, 1000])
def test_blocks_of_any_size_make_the_same_picture(cuts):
    signal = np.random.default_rng(1).standard_normal((2, 70_001)).astype(np.float32)
    blocks = np.array_split(signal, cuts, axis=1)
    np.testing.assert_array_equal(spectrogram_of(iter(blocks), 70_001, 44100).levels, log_spectrogram(signal, 44100))


def test_a_long_sound_has_one_picture_in_little_memory():
    """Half an hour, block by block: what sounds in its last quarter is in the last quarter of the picture."""
    quiet, loud = np.zeros((1, 320_000), np.float32), tone(500.0, 10.0, 32_000)
    blocks = (loud if index >= 135 else quiet for index in range(180))
    tracemalloc.start()
    found = spectrogram_of(blocks, 180 * 320_000, 32_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.seconds == 1800
    assert found.levels.shape == (ROWS, COLUMNS)
    assert (found.levels.max(axis=0) > -10).mean() == pytest.approx(0.25, abs=0.01)
    assert peak < 100_000_000  # the sound alone has 230


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(AudioFileError, match="cannot write the picture"):
        draw_spectrograms(tmp_path / "a.violin", {"a": tone(500.0)}, 44100)
    assert not list(tmp_path.iterdir())


def test_the_picture_is_a_png(tmp_path):
    path = tmp_path / "picture.png"
    draw_spectrograms(path, {"mixture": tone(300.0), "guitar": tone(900.0, 0.5)}, 44100, "two tones")
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") > 1200


def test_signals_share_one_scale(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    shown = []
    original = Axes.imshow

    def imshow(self: Axes, data: np.ndarray, **more: object) -> object:
        shown.append((data, more))
        return original(self, data, **more)

    monkeypatch.setattr(Axes, "imshow", imshow)
    draw_spectrograms(tmp_path / "a.png", {"loud": tone(500.0), "soft": 0.1 * tone(500.0)}, 44100)
    (loud, first), (soft, second) = shown
    assert (first["vmin"], first["vmax"]) == (second["vmin"], second["vmax"])
    assert loud.max() == pytest.approx(0.0, abs=1e-3)
    assert soft.max() == pytest.approx(-20.0, abs=0.1)


@pytest.mark.parametrize("signals", [{}, {"nothing": np.zeros((2, 0), np.float32)}])
def test_nothing_to_draw_is_refused(tmp_path, signals):
    with pytest.raises(ConfigError, match="at least one"):
        draw_spectrograms(tmp_path / "a.png", signals, 44100)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtsep\[plot\]'"):
        draw_spectrograms(tmp_path / "a.png", {"a": tone(500.0)}, 44100)


def test_a_folder_is_made_and_one_that_cannot_be_is_explained(tmp_path):
    draw_spectrograms(tmp_path / "new" / "a.png", {"a": tone(500.0)}, 44100)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]
    (tmp_path / "file").touch()
    with pytest.raises(AudioFileError, match="cannot write the picture"):
        draw_spectrograms(tmp_path / "file" / "a.png", {"a": tone(500.0)}, 44100)
