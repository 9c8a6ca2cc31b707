"""Fixtures that every test may use; nothing here needs torch."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.rigs.models import TINY

pytest_plugins = ("tests.rigs.live", "tests.rigs.surface")

try:
    import torch
except ImportError:
    torch = None
collect_ignore = [] if torch else ["training", "bench/test_gpu.py", "bench/test_masks.py", "bench/test_speed.py",
                                   "bench/test_training.py"]


def pytest_report_header() -> str:
    """Say what is left out where the trainer cannot run."""
    return f"without torch: left out are {', '.join(collect_ignore)}" if collect_ignore else ""


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of samples, MIDI and songs; tests that need it are skipped where it is not."""
    root = Path(os.environ.get("RTSEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"no data folder {root}: set RTSEP_DATA to the folder with samples/, midi/ and medleydb/")
    return root


def pytest_configure() -> None:
    """Let programs that tests start hear Ctrl-C, which a shell ignores for what runs in its background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """Give a small random-weight model in the geometry of `stage`, with one longer window as context."""
    return TINY
