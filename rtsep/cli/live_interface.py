"""What a user or a program sees of `rtsep live`: mixer, plain lines, JSON, log file; and how it hears of them."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rtsep.cli.numbers import whole
from rtsep.cli.parser import named_path
from rtsep.cli.streams import leave, shown_line, takes_more
from rtsep.errors import ConfigError
from rtsep.outlet import PATIENCE_S, Outlet

if TYPE_CHECKING:
    from rtsep.live.session.result import Result
    from rtsep.live.session.session import Session
    from rtsep.surface.events import Event, Events
    from rtsep.surface.notices import NoticeLine
    from rtsep.surface.surface import Surface

Look = Callable[[], None]
DEFAULT_PORT = 8733
_MOST_AFTER = 10  # notices of the screen that are printed when it is gone
_LEAVE_S = 1.0  # for which its end is waited for


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    how = parser.add_argument_group("what is shown")
    how.add_argument("--plain", action="store_true", help="no mixer on the terminal: lines alone, and no keys")
    how.add_argument("--quiet", action="store_true", help="neither mixer nor notices nor report; errors alone")
    how.add_argument("--json", action="store_true", help="events as JSON on standard output, one a line, in place of "
                     "all else (see docs/live.md)")
    how.add_argument("--log", type=named_path, metavar="FILE", help="add the same events to a file")
    api = parser.add_argument_group("control by other programs (needs the extra panel; see docs/api.md)")
    api.add_argument("--api", nargs="?", type=whole(0, 65535), const=DEFAULT_PORT, metavar="PORT",
                     help=f"take commands on a websocket (default port: {DEFAULT_PORT}; 0 for a free one)")
    api.add_argument("--api-host", default="127.0.0.1", metavar="ADDRESS", help="address to listen at; any but "
                     "%(default)s lets other computers in, who need a token (default: %(default)s)")
    api.add_argument("--api-token", metavar="TOKEN", help="what clients have to show (default: RTSEP_API_TOKEN, or "
                     "none at 127.0.0.1 and a new one elsewhere)")
    api.add_argument("--panel", action="store_true", help="open the panel, a page on the same port")


class Interface:
    """Everything that follows a run.

    Parameters
    ----------
    args
        Options of the command line.

    Attributes
    ----------
    notices
        Sentences for the user.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        from rtsep.surface.notices import Notices

        self._args = args
        self._log: Outlet | None = None
        self._looks: list[Look] = []
        self._events: Events | None = None
        self._listeners: list[Callable[[Event], None]] = []
        self._has_screen = False
        self._printed = 0  # notices that were there when the screen opened
        self._output, self._messages = Outlet(sys.stdout), Outlet(sys.stderr)
        self.notices = Notices()
        if not args.quiet and not args.json:
            self.notices.listeners.append(self._print)

    def look(self) -> None:
        """Follow the run; called by the session's thread, some forty times a second."""
        for look in self._looks:
            look()

    @contextmanager
    def open(self, session: Session) -> Iterator[None]:
        """Show a run until the block is left; what was told on a screen is printed then."""
        from rtsep.live.session.service_manager import ServiceManager
        from rtsep.surface.events import Events
        from rtsep.surface.resume import LastRunWriter
        from rtsep.surface.surface import Surface

        surface = Surface(session, self.notices, self._args.presets)
        manager = ServiceManager(session.state)
        try:
            with ExitStack() as stack:
                if self._args.log is not None:
                    self._log = stack.enter_context(_open_log(self._args))
                self._events = Events(surface, self._emit)
                self._looks += [surface.look, self._events.look, manager.look]
                if self._args.resume_state:
                    writer = LastRunWriter(surface, self._args)
                    stack.callback(writer.keep)
                    self._looks.append(writer.look)
                if self._args.api is not None or self._args.panel:
                    self._open_api(surface, stack)
                if self._has_mixer():
                    self._open_mixer(surface, stack)
                yield
        finally:
            manager.end()
            had_screen, self._has_screen = self._has_screen, False
            if had_screen:
                self._output.settle(_LEAVE_S)  # what follows would be gone with the screen
                for line in self.notices.latest(min(_MOST_AFTER, self.notices.total - self._printed)):
                    self._print(line)

    def close(self) -> None:
        """Wait until all is written; a reader who takes nothing by then is given up, so that the program ends."""
        end = time.monotonic() + PATIENCE_S
        for outlet, stream in ((self._output, sys.stdout), (self._messages, sys.stderr)):
            if not (outlet.close(end - time.monotonic()) and takes_more(stream, end - time.monotonic())):
                leave(stream)

    def report(self, result: Result) -> None:
        """Tell programs the end of the run."""
        if self._events is not None:
            self._events.report(result)

    def _open_api(self, surface: Surface, stack: ExitStack) -> None:
        from rtsep.api.access import Access, choose_token
        from rtsep.panel.opening import addresses, open_panel

        try:
            from rtsep.api.server import Server
        except ModuleNotFoundError as error:
            raise ConfigError(f"{error.name} is not installed, which --api and --panel need: pip install "
                              f"'rtsep[panel]'") from None
        args = self._args
        token = choose_token(args.api_host, args.api_token or os.environ.get("RTSEP_API_TOKEN"))
        port = DEFAULT_PORT if args.api is None else args.api
        server = stack.enter_context(Server(surface, Access(args.api_host, port, token)))
        self._listeners.append(server.tell)
        for address in addresses(server.access):
            self.notices.add(f"panel: {address}")
        if args.panel:
            open_panel(server.access)

    def _has_mixer(self) -> bool:
        plain = self._args.plain or self._args.quiet or self._args.json
        return not plain and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)) \
            and _is_in_front(sys.stdin)

    def _open_mixer(self, surface: Surface, stack: ExitStack) -> None:
        from rich.console import Console

        from rtsep.mixer.mixer import open_mixer

        console = Console(markup=False, emoji=False, highlight=False)
        if console.is_dumb_terminal:
            return
        mixer = stack.enter_context(open_mixer(surface, console, self._output))
        self._has_screen, self._printed = True, self.notices.total
        self._looks.append(mixer.look)

    def _emit(self, event: Event) -> None:
        """Pass an event on, and write it."""
        for listener in self._listeners:
            listener(event)
        line = f"{json.dumps(event, default=_plain)}\n"
        if self._args.json:
            self._output.write(line)
        if self._log is not None:
            self._log.write(line)

    def _print(self, line: NoticeLine) -> None:
        """Print a notice where no screen shows it."""
        if not self._has_screen:
            self._messages.write(f"{shown_line(f'rtsep: {line.text}')}\n")


def _is_in_front(terminal: TextIO) -> bool:
    """Whether a shell has not put this program into the background, where taking the terminal over would stop it."""
    if not hasattr(os, "tcgetpgrp"):  # Windows
        return True
    try:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # not the terminal of its session: no shell counts it among its jobs
        return True


def _plain(value: Any) -> Any:
    """Turn a number of numpy into one that JSON knows."""
    return value.item() if hasattr(value, "item") else str(value)


@contextmanager
def _open_log(args: argparse.Namespace) -> Iterator[Outlet]:
    """Open the log at its end; refuse a file that the run reads, what is no log, and a pipe that nobody reads."""
    from rtsep.audio.outputs import check_outputs, prepare_file
    from rtsep.controls.user_files import open_at_once

    path: Path = args.log
    check_outputs([path], [Path(read) for read in (args.input, args.model, args.presets, args.midi_map) if read])
    prepare_file(path, "a log")
    try:
        file = open(path, "a", encoding="utf-8", opener=open_at_once)
    except OSError as error:
        reason = "it is a pipe that nobody reads" if error.errno == errno.ENXIO else error.strerror
        raise ConfigError(f"cannot write the log {path}: {reason}") from None
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(file.fileno(), True)
    with file:
        outlet = Outlet(file)
        yield outlet
        outlet.close()
