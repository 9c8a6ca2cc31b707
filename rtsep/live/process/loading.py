"""Loads the model that is to play: the requested one, by what can run it, or another one where it is too slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rtsep.errors import ModelError
from rtsep.live.process.calibration import Choice, Period, calibrate, calibrate_others, decide
from rtsep.live.protocol import LiveSettings
from rtsep.separator import Separator, runs_at


def load(settings: LiveSettings, channels: int, period: Period | None, rate: int | None,
         tell: Callable[[str], None]) -> tuple[Separator, LiveSettings, Choice | None]:
    """Choose model and provider, and load the model.

    Parameters
    ----------
    settings
        What to play.
    channels
        Channels of the mixture.
    period
        Blocks in which the callback has to run the model; None where they do not matter or are not known.
    rate
        Of the devices in Hz, as far as is known; a model that does not run at it is timed at its own.
    tell
        Gets sentences for the user.

    Returns
    -------
    separator, settings, choice
        The settings are those with what was chosen; the choice is None without a calibration, now or before.
    """
    if settings.provider != "cpu":
        settings = _with_provider(settings, tell)
    choice = None
    if settings.calibration_s and settings.provider == "cpu":
        choice = _calibrate(settings, channels, period, rate, tell)
        settings = replace(settings, model=str(choice.path))
    separator = Separator(settings.model, channels, stems=settings.stems, provider=settings.provider)
    if rate is not None and runs_at(separator.info.samplerate, rate):
        separator.set_samplerate(rate)
    if choice is None and settings.p99_ms is not None:
        geometry = separator.info.geometry
        choice = Choice(Path(settings.model), separator.info.name, settings.p99_ms, geometry.hop,
                        geometry.latency, separator.samplerate)
    return separator, settings, choice


def _with_provider(settings: LiveSettings, tell: Callable[[str], None]) -> LiveSettings:
    """Return the settings with what runs the model, or with the processor where that is not to be had."""
    from rtsep.backends.onnx_runtime import check_provider  # loads ONNX Runtime, which the native code does without
    try:
        check_provider(settings.provider)
    except ModelError as error:
        tell(f"{error}. The processor does the work instead.")
        return replace(settings, provider="cpu")
    return settings


def _calibrate(settings: LiveSettings, channels: int, period: Period | None, rate: int | None,
               tell: Callable[[str], None]) -> Choice:
    """Time the model, and others where it is too slow; say and return what is to be taken."""
    requested = calibrate(settings.model, settings.stems, channels, settings.calibration_s, period, rate)
    others = [] if requested.holds else calibrate_others(settings.model, settings.stems, channels, period, rate)
    choice, sentences = decide(requested, others, settings.auto)
    for sentence in sentences:
        tell(sentence)
    return choice
