"""What a process can do so that the audio thread is never kept waiting: each is on, or refused with a reason."""

from __future__ import annotations

import ctypes
import gc
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

PRIORITY = 60
"""Of threads that play: below those of a JACK server, above everything ordinary."""
WAKE_UP = Path("/dev/cpu_dma_latency")
"""Takes the request of a process for the slowest wake-up, in microseconds, for as long as it keeps the file open."""
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # every further thread would keep 40 MB, and disturb
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # weights on large pages are found sooner when a hop comes
}
"""Of a process that plays; libraries read it as they are loaded."""
_SWITCH_INTERVAL_S = 0.0005  # how long other threads of this process may keep the interpreter
_MCL_CURRENT = 1  # of sys/mman.h; not MCL_FUTURE, which would make later allocations fail at the limit
_MCL_ONFAULT = 4  # only pages that are touched: libraries are far larger than what is run of them
_IDLE_DRIVER = Path("/sys/devices/system/cpu/cpuidle/current_driver")
_LIGHT_SLEEP_US = 10  # the first states of sleep wake up within it, the deep ones take 50 to 300


@dataclass(frozen=True)
class Measure:
    """One measure.

    Parameters
    ----------
    name
        What it is.
    refusal
        Why it is not on; empty where it is.
    """

    name: str
    refusal: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {f'refused ({self.refusal})' if self.refusal else 'on'}"


def missing_environment() -> dict[str, str]:
    """Variables that a process that plays should start with and this one lacks; what the user has set stays."""
    return {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}


def model_measures(executor: str) -> tuple[Measure, ...]:
    """Tell what a model that is loaded and warm brings; its executor never spins, and takes denormals as zero."""
    return (Measure("model warm before the stream opens"), Measure("denormals off while the model runs"),
            Measure(f"model on 1 thread, {executor}"))


def prepare_process() -> tuple[Measure, ...]:
    """Take the measures that concern a whole process, once it has allocated what it needs."""
    return lock_memory(), freeze_garbage_collector(), shorten_turns()


def prepare_thread() -> tuple[Measure, ...]:
    """Take the measures that concern the calling thread: the one that calls back."""
    return (Measure("real-time priority", ask_for_realtime()),)


def lock_memory() -> Measure:
    """Keep the pages that are in use, now or later, from being swapped out."""
    name = "locked memory"
    if sys.platform not in ("linux", "darwin"):
        return Measure(name, f"{sys.platform} has no call for it")
    library = ctypes.CDLL(None, use_errno=True)
    if library.mlockall(_MCL_CURRENT | (_MCL_ONFAULT if sys.platform == "linux" else 0)) == 0:
        return Measure(name)
    return Measure(name, f"{os.strerror(ctypes.get_errno())}; raise the limit: ulimit -l unlimited, or memlock in "
                   f"/etc/security/limits.conf")


def freeze_garbage_collector() -> Measure:
    """Stop the search for reference cycles, which visits every object at a moment of its own choice."""
    gc.collect()
    gc.freeze()
    gc.disable()
    return Measure("garbage collector frozen")


def shorten_turns() -> Measure:
    """Make other threads of this process give the interpreter back sooner."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    return Measure(f"interpreter handed over within {1e3 * _SWITCH_INTERVAL_S:g} ms")


def stay_awake() -> Measure:
    """Keep the processor from deep sleep for as long as this process lives.

    In a virtual machine any sleep hands the core to others, who may give it back milliseconds later; there (by the
    driver's name) it does not sleep at all.
    """
    name = "processor kept from deep sleep"
    if sys.platform != "linux":
        return Measure(name, f"{sys.platform} has no call for it")
    try:
        driver = _IDLE_DRIVER.read_text().strip()
    except OSError:
        driver = "none"
    if driver == "none":
        return Measure(name, "this kernel does not manage it")
    try:
        request = os.open(WAKE_UP, os.O_WRONLY)  # never closed: that would take the request back
        os.write(request, struct.pack("i", 0 if driver == "haltpoll" else _LIGHT_SLEEP_US))
    except OSError as error:
        return Measure(name, f"{WAKE_UP}: {error.strerror}; let the group audio write to it, by a udev rule")
    return Measure(name)


def ask_for_realtime(priority: int = PRIORITY) -> str:
    """Let this thread go before ordinary ones, as threads of sound servers do.

    Parameters
    ----------
    priority
        1 to 99; a higher one goes first.

    Returns
    -------
    refusal
        Why that is not so; empty where it is.
    """
    if not hasattr(os, "sched_setscheduler"):
        return f"{sys.platform} gives it to the threads of audio devices only"
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR):
        return ""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return (f"{error.strerror}; allow it: ulimit -r 95, or rtprio in /etc/security/limits.conf and membership in "
                f"the group audio")
    return ""
