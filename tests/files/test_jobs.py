"""Tasks on several processes: each by itself, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtsep.errors import ConfigError, RtsepError
from rtsep.files.jobs import Report, in_order, run_jobs


class OddError(Exception):
    """Cannot be pickled: it asks for two values and tells one."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one)


def act(task: str, report: Report) -> str:
    report(1.0, 2.0)
    if task == "wrong":
        raise ConfigError("this is wrong")
    if task == "odd":
        raise OddError(1, 2)
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "where":
        return str(os.getpid())
    return task.upper()


def hold(task: str, report: Report) -> str:
    """Keep a file that must not stay."""
    path = Path(task)
    try:
        path.touch()
        while True:
            report(0.0, None)
            time.sleep(0.05)
    finally:
        path.unlink()


def silent(number: int, done: float, expected: float | None) -> None:
    pass


@pytest.mark.parametrize("processes", [1, 3])
def test_every_task_ends_by_itself(processes):
    told = []
    found = dict(run_jobs(["a", "wrong", "b", "odd", "c"], act, processes, lambda *values: told.append(values)))
    assert [found[number] for number in (0, 2, 4)] == ["A", "B", "C"]
    assert isinstance(found[1], ConfigError)
    assert str(found[1]) == "this is wrong"
    assert isinstance(found[3], Exception)
    assert sorted(told) == [(number, 1.0, 2.0) for number in range(5)]


def test_results_are_told_in_order():
    ended = []
    assert list(in_order(iter([(2, "c"), (0, "a"), (1, "b"), (3, "d")]), ended.append)) == [
        (0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert ended == [2, 0, 1, 3]


def test_several_processes_are_used_and_one_task_needs_none():
    found = dict(run_jobs(["where"] * 6, act, 2, silent))
    assert str(os.getpid()) not in found.values()
    assert 1 <= len(set(found.values())) <= 2
    assert list(run_jobs(["where"], act, 2, silent)) == [(0, str(os.getpid()))]


def test_a_process_that_is_killed_costs_its_task_alone():
    found = dict(run_jobs(["die", "a", "die", "b", "c"], act, 2, silent))
    assert [found[number] for number in (1, 3, 4)] == ["A", "B", "C"]
    assert isinstance(found[0], RtsepError)
    assert "ended with -9" in str(found[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_however_the_program_ends_nothing_is_left(tmp_path, number):
    code = ("import sys; from rtsep.files.jobs import run_jobs; from tests.files.test_jobs import hold, silent\n"
            "if __name__ == '__main__': list(run_jobs(sys.argv[1:], hold, 2, silent))")
    program = tmp_path / "program.py"
    program.write_text(code)
    files = [tmp_path / "one", tmp_path / "two"]
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, program, *files], stderr=subprocess.DEVNULL,
                          env=os.environ | {"PYTHONPATH": str(root)}) as process:
        wait_until(lambda: all(path.exists() for path in files))
        process.send_signal(number)
    wait_until(lambda: not any(path.exists() for path in files))


def wait_until(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_signal_at_its_end_does_not_disturb_a_worker() -> None:
    code = ("import multiprocessing, os, signal, sys\n"
            "from rtsep.files.jobs import _serve\n"
            "ours, theirs = multiprocessing.Pipe()\n"
            "ours.close()\n"
            "_serve(theirs, len)\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "print('ended')\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
