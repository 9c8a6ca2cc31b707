"""The offline trainer: renders stems, trains step models on them, measures and exports them."""

from rtsep.telemetry import disable_telemetry

disable_telemetry()

SAMPLERATE = 44100
"""Frames per second of all sounds that are rendered, mixed, trained on and measured."""
