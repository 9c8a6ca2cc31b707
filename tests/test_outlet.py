"""Ways out: in order, by any thread, bounded, and never waited for."""

from __future__ import annotations

import io
import os
import threading
import time
from contextlib import suppress

from rtsep.outlet import MOST, Outlet

PIPE_BYTES = 1 << 16  # that a pipe itself keeps


def test_text_comes_out_in_order() -> None:
    stream = io.StringIO()
    outlet = Outlet(stream)
    for number in range(1000):
        outlet.write(f"{number}\n")
    assert outlet.settle()
    assert stream.getvalue() == "".join(f"{number}\n" for number in range(1000))


def test_a_reader_who_takes_nothing_is_not_waited_for_and_costs_bounded_memory() -> None:
    ours, theirs = os.pipe()
    with open(theirs, "w", encoding="utf-8") as stream:
        outlet = Outlet(stream)
        for _ in range(64):
            outlet.write("x" * (MOST // 16))
        assert not outlet.free
        assert not outlet.settle(0.1)
        os.set_blocking(ours, False)
        taken = 0
        while not outlet.settle(0.001):
            with suppress(BlockingIOError):
                taken += len(os.read(ours, 1 << 20))
        with suppress(BlockingIOError):
            taken += len(os.read(ours, 1 << 20))
    os.close(ours)
    assert MOST // 2 < taken <= MOST + PIPE_BYTES


def test_a_stream_that_does_not_wait_is_tried_again_in_peace() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with open(theirs, "w", encoding="utf-8") as stream, open(ours, "rb") as reader:
        outlet = Outlet(stream)
        outlet.write("x" * 3 * PIPE_BYTES)
        used = time.process_time()
        assert not outlet.settle(0.5)
        assert time.process_time() - used < 0.25, "it does not spin"
        assert len(reader.read(3 * PIPE_BYTES)) == 3 * PIPE_BYTES
        assert outlet.close()


def test_its_thread_ends_with_it() -> None:
    outlet, before = Outlet(io.StringIO()), set(threading.enumerate())
    outlet.write("a")
    (thread,) = set(threading.enumerate()) - before
    assert outlet.close()
    thread.join(10.0)
    assert not thread.is_alive()


def test_a_reader_who_has_left_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with open(theirs, "w", encoding="utf-8") as stream:
        outlet = Outlet(stream)
        outlet.write("lost")
        outlet.write("too")
        assert outlet.settle()
    Outlet(None).write("nowhere")
