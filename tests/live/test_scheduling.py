"""What a process does so that the audio thread is never kept waiting."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOCK = """
import mmap, re
from pathlib import Path
from rtsep.live.scheduling import lock_memory
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
