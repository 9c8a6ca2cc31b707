"""Many tasks on several cores: a process each, which ends with the program however that ends."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn, TypeVar

from rtsep.errors import ConfigError, RtsepError
from rtsep.signals import STOP_SIGNALS, StoppedError, none_swallowed, signals_blocked, unblock_signals

Task = TypeVar("Task")
Result = TypeVar("Result")
Report = Callable[[float, float | None], None]
Work = Callable[[Task, Report], Result]
MOST = 256
_END_S = 10.0  # what a process may take to remove its unfinished files


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_processes(number: int | None) -> None:
    """Refuse a number of processes that is none; None is one on each core.

    Raises
    ------
    ConfigError
        When it is less than 1 or more than any computer needs.
    """
    if number is not None and not 1 <= number <= MOST:
        raise ConfigError(f"jobs is {number}: give 1 to {MOST}")


def run_jobs(tasks: Sequence[Task], work: Work[Task, Result], processes: int,
             progress: Callable[[int, float, float | None], None]) -> Iterator[tuple[int, Result | Exception]]:
    """Work off tasks, each by itself: what goes wrong with one does not touch the others.

    Parameters
    ----------
    tasks
        Values that can be pickled, where there are several processes.
    work
        A function of a module, or `functools.partial` of one; is given a task and a function that takes its progress.
    processes
        How many at once; with one, or one task, the work is done in this process.
    progress
        Called with the number of a task, what is done and what is expected.

    Yields
    ------
    number, result
        Of every task as it ends: what `work` returned or raised.
    """
    count = min(processes, len(tasks))
    if count > 1:
        yield from _in_processes(tasks, work, count, progress)
        return
    for number, task in enumerate(tasks):
        try:
            result: Result | Exception = work(task, partial(progress, number))
        except Exception as error:  # whatever it is, it is handed over
            result = error
        yield number, result


def in_order(results: Iterator[tuple[int, Result]], ended: Callable[[int], None]) -> Iterator[tuple[int, Result]]:
    """Yield results in the order of their numbers; `ended` is told each at once."""
    kept: dict[int, Result] = {}
    upcoming = 0
    for number, result in results:
        ended(number)
        kept[number] = result
        while upcoming in kept:
            yield upcoming, kept.pop(upcoming)
            upcoming += 1


class _Worker:
    """A process that works, and the number of the task that it has."""

    def __init__(self, work: Work[Any, Any]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, work), daemon=True)
        with signals_blocked():
            self.process.start()
        theirs.close()
        self.number = -1

    def give(self, number: int, task: object) -> None:
        """Hand over a task."""
        self.number = number
        with suppress(OSError):  # it has ended, which is seen when it is asked
            self.connection.send(task)

    def hear(self) -> tuple[str, Any]:
        """Return what it says: its progress, a result, or that it has ended."""
        try:
            kind, value = self.connection.recv()
            return kind, value
        except (EOFError, OSError):
            self.process.join()
            return "result", RtsepError(f"the process that had the work ended with {self.process.exitcode}: was it "
                                        f"killed, or the memory full? --jobs 1 needs the least")

    def end(self) -> None:
        """End the process, which removes its unfinished files."""
        self.connection.close()
        self.process.terminate()
        self.process.join(_END_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _in_processes(tasks: Sequence[Task], work: Work[Task, Result], count: int,
                  progress: Callable[[int, float, float | None], None]) -> Iterator[tuple[int, Result | Exception]]:
    todo = list(enumerate(tasks))[::-1]
    workers: list[_Worker] = []
    try:
        while todo or workers:
            while todo and len(workers) < count:
                workers.append(_Worker(work))
                workers[-1].give(*todo.pop())
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                kind, value = worker.hear()
                if kind == "progress":
                    progress(worker.number, *value)
                    continue
                yield worker.number, value
                if todo and worker.process.is_alive():
                    worker.give(*todo.pop())
                else:
                    workers.remove(worker)
                    worker.end()
    finally:
        for worker in workers:
            worker.end()


def _serve(connection: Connection, work: Work[Any, Any]) -> None:
    """Work off what comes, until nobody is there who asks for it."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has a closed terminal ignored
            signal.signal(number, _leave)
    with suppress(EOFError, OSError, StoppedError), none_swallowed():
        try:
            unblock_signals()
            _work_off(connection, work)
        finally:
            _hear_no_more()


def _work_off(connection: Connection, work: Work[Any, Any]) -> NoReturn:
    while True:
        task = connection.recv()
        try:
            result = work(task, lambda done, expected: connection.send(("progress", (done, expected))))
        except Exception as error:
            result = _portable(error)
        connection.send(("result", result))


def _leave(number: int, _: object) -> NoReturn:
    """Unwind at the first signal."""
    _hear_no_more()
    raise StoppedError(number)


def _hear_no_more() -> None:
    """Let further signals disturb neither the unwinding nor the end of the process."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)  # Python complains of ignored ones that have come already


def _portable(error: Exception) -> Exception:
    """Return an error that arrives on the other side."""
    try:
        return error if type(pickle.loads(pickle.dumps(error))) is type(error) else RtsepError(str(error))
    except Exception:  # pickling calls what is inside the error
        return RtsepError(f"{error} ({type(error).__name__})")
