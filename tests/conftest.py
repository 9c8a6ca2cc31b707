"""Fixtures that every test may use; nothing here needs torch."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

from rtsep.live.realtime import WAKE_UP
from rtsep.signals import STOP_SIGNALS
from rtsep.telemetry import disable_telemetry
from tests.rigs import sanitizers
from tests.rigs.models import TINY

pytest_plugins = ("tests.rigs.browser", "tests.rigs.live", "tests.rigs.surface", "tests.rigs.unasked")

disable_telemetry()  # where a test loads ONNX Runtime itself
settings.register_profile("rtsep", deadline=None)  # time decides no test
settings.load_profile("rtsep")

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
    """Let programs that tests start hear the signals that a shell or nohup ignores for what runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in set(STOP_SIGNALS) - {signal.SIGINT}:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """Give a small random-weight model in the geometry of `stage`, with one longer window as context."""
    return TINY


@pytest.fixture(scope="session")
def sanitizer_runtime(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what has to be loaded before anything else that the sanitizers watch."""
    found = sanitizers.runtime(tmp_path_factory.mktemp("probe"))
    if found is None:
        pytest.skip("this compiler has no sanitizers that can be loaded first: gcc has")
    return found


@pytest.fixture(autouse=True)
def _ordinary_process() -> Iterator[None]:
    """Give back the priority that streams and measurements take, which children inherit, and the wish to stay awake."""
    yield
    if sys.platform != "linux":
        return
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is gone already
            if handle.readlink() == WAKE_UP:
                os.close(int(handle.name))
