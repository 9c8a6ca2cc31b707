"""Serves a listening test and keeps what the page hands over."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rtsep.errors import ConfigError
from training.listening.build import KEY_SUFFIX
from training.listening.sessions import parse_session, read_key

LARGEST = 2**20  # bytes of one result
DRAINED = 2**23  # bytes of a refused body that are read, so that the sender gets to the reply
MOST_THREADS = 32
MOST_FILES = 999  # answers of one name


class Refusal(Exception):
    """A request that is answered with a status and a reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class TestServer(ThreadingHTTPServer):
    """One page, and a folder for its results.

    Parameters
    ----------
    page
        Built by `build`; its key is beside it.
    folder
        Where results go, made if missing, with a copy of the key.
    host, port
        Where to listen; port 0 takes a free one.

    Raises
    ------
    ConfigError
        When the page or its key is missing, or the port is taken.
    """

    __test__ = False  # no test of ours, whatever its name
    daemon_threads = True

    def __init__(self, page: Path, folder: Path, host: str, port: int) -> None:
        if not page.is_file():
            raise ConfigError(f"no page {page}: make one with: python -m training listening-test build")
        key_path = page.with_name(page.stem + KEY_SUFFIX)
        self.key = read_key(key_path)
        self.page, self.folder, self.host = page.read_bytes(), folder, host
        self.free = threading.BoundedSemaphore(MOST_THREADS)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / key_path.name).write_bytes(key_path.read_bytes())
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"cannot listen on {host}:{port} ({reason}): choose another --port") from None

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def names(self, host: str) -> bool:
        """Whether a Host header names this server: a strange name that leads here is another site's trick."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        return port == self.server_address[1] and (name in ("localhost", self.host.lower()) or _is_address(name))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, of which there are so many and no more."""
        if self.free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.shutdown_request(request)

    def process_request_thread(self, request: socket.socket, client_address: Any) -> None:  # type: ignore[override]
        """Answer one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever hangs up gets no reply, and no traceback is printed for it."""

    def keep(self, name: str, content: str) -> None:
        """Write a result under a name that is not taken yet.

        Raises
        ------
        Refusal
            When it cannot be written.
        """
        for number in range(1, MOST_FILES + 1):
            path = self.folder / f"{name}{f'-{number}' if number > 1 else ''}.json"
            try:
                with path.open("x") as file:
                    file.write(content)
            except FileExistsError:
                continue
            except OSError as error:
                path.unlink(missing_ok=True)
                raise Refusal(HTTPStatus.INSUFFICIENT_STORAGE, f"cannot write it: {error.strerror}") from None
            return
        raise Refusal(HTTPStatus.INSUFFICIENT_STORAGE, f"{MOST_FILES} results of this name are here already")


class _Handler(BaseHTTPRequestHandler):
    server: TestServer
    timeout = 30

    def do_GET(self) -> None:
        self._answer(self._page)

    def do_POST(self) -> None:
        self._answer(self._result)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal shows the address, not every request."""

    def _answer(self, make: Any) -> None:
        """Reply to a request, whatever it is."""
        try:
            self._check_sender()
            status, body, kind = make()
        except Refusal as refusal:
            status, body, kind = refusal.status, str(refusal).encode(errors="replace"), "text/plain; charset=utf-8"
        except TimeoutError:
            status, body, kind = HTTPStatus.REQUEST_TIMEOUT, b"the rest of the request did not come", "text/plain"
        except Exception as error:  # whatever it is, the listener hears of it, and the answers stay in the page
            status, body, kind = HTTPStatus.INTERNAL_SERVER_ERROR, str(error).encode(errors="replace"), "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def _check_sender(self) -> None:
        """Refuse what another site makes a browser send."""
        host = self.headers.get("Host", "")
        if not self.server.names(host):
            self._drain()
            raise Refusal(HTTPStatus.FORBIDDEN, f"open {self.server.address}")
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{host}".lower():
            self._drain()
            raise Refusal(HTTPStatus.FORBIDDEN, "results come from this server's own page")

    def _page(self) -> tuple[HTTPStatus, bytes, str]:
        if urlsplit(self.path).path != "/":
            raise Refusal(HTTPStatus.NOT_FOUND, "not found")
        return HTTPStatus.OK, self.server.page, "text/html; charset=utf-8"

    def _result(self) -> tuple[HTTPStatus, bytes, str]:
        body = self._body()
        try:
            fields = json.loads(body)
            session = parse_session(fields, self.server.key, "the result")
            content = json.dumps(fields, indent=1)
        except (ValueError, RecursionError, ConfigError) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)[:500]) from None
        self.server.keep(f"{re.sub(r'[^A-Za-z0-9_-]+', '_', session.listener)[:60]}-{session.seed}", content)
        return HTTPStatus.CREATED, b"saved", "text/plain"

    def _body(self) -> bytes:
        """Read the body of a result."""
        text = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,12}", text):
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        length = int(text)
        refusal = None
        if self.path != "/results" or not length:
            refusal = Refusal(HTTPStatus.BAD_REQUEST, "expected a result at /results")
        elif length > LARGEST:
            refusal = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a result has at most {LARGEST} bytes")
        elif self.headers.get_content_type() != "application/json" or "Content-Type" not in self.headers:
            refusal = Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        if refusal is not None:
            self._drain()
            raise refusal
        body = self.rfile.read(length)
        if len(body) < length:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{len(body)} of {length} bytes came")
        return body

    def _drain(self) -> None:
        """Read a body that nobody wants, unless it is endless: who is still sending would not see the reply."""
        text = self.headers.get("Content-Length", "")
        left = min(int(text), DRAINED) if re.fullmatch("[0-9]{1,12}", text) else 0
        while left and (part := self.rfile.read(min(left, 2**16))):
            left -= len(part)


def _is_address(name: str) -> bool:
    """Whether a host is given by its number, which no foreign name server can turn into ours."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
