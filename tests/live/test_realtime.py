"""What a process does so that the audio thread is never kept waiting."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys

import pytest

from rtsep.live.realtime import WAKE_UP, Measure, ask_for_realtime

LOCK = """
import mmap, re
from pathlib import Path
from rtsep.live.realtime import lock_memory
untouched = mmap.mmap(-1, 256 << 20)
measure = lock_memory()
untouched[:4 << 20] = bytes(4 << 20)
kilobytes = re.search(r"VmLck:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(measure.refusal or int(kilobytes) // 1024)
sizes = re.findall(r"^Locked:\\s+(\\d+)", Path("/proc/self/smaps").read_text(), re.MULTILINE)
print(sum(map(int, sizes)) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what is locked is read from /proc")
def test_memory_is_locked_where_it_is_touched_and_nowhere_else() -> None:
    done = subprocess.run([sys.executable, "-c", LOCK], capture_output=True, text=True, timeout=60, check=True)
    range_mib, locked_mib = done.stdout.splitlines()
    if not range_mib.isdecimal():
        pytest.skip(f"memory cannot be locked here: {range_mib}")
    assert int(range_mib) >= 256
    assert 4 <= int(locked_mib) < 128


AWAKE = "from rtsep.live.realtime import stay_awake; print(stay_awake().refusal, flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/cpu_dma_latency")
def test_the_wish_for_quick_wake_ups_holds_as_long_as_the_process_lives() -> None:
    if requested_us() <= 10:
        pytest.skip("another program keeps this machine awake")
    child = subprocess.Popen([sys.executable, "-c", AWAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        if refusal := child.stdout.readline().strip():
            pytest.skip(f"sleep cannot be kept light here: {refusal}")
        assert requested_us() in (0, 10)
    finally:
        child.communicate("\n", timeout=60)
    assert requested_us() > 10


def requested_us() -> int:
    """Slowest wake-up that the processes of this machine admit at present."""
    with WAKE_UP.open("rb") as file:
        return int(struct.unpack("i", file.read(4))[0])


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="no such scheduling here")
def test_a_refusal_carries_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_getscheduler", lambda _: os.SCHED_OTHER)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    refusal = ask_for_realtime()
    assert refusal.startswith("Operation not permitted; allow it: ulimit -r 95")
    assert str(Measure("real-time priority", refusal)) == f"real-time priority: refused ({refusal})"
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None)
    assert str(Measure("real-time priority", ask_for_realtime())) == "real-time priority: on"
