"""ONNX Runtime reports to its maker, on Linux too: identifiers into the user's home, and the network."""

from __future__ import annotations

import os


def disable_telemetry() -> None:
    """Keep ONNX Runtime from reporting; it looks for this where it is loaded, so call it before."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
