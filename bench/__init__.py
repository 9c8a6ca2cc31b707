"""Benches: each prints a table and can write JSON."""

from rtsep.telemetry import disable_telemetry

disable_telemetry()
