"""Serves a listening test on this computer and writes what the page hands over."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from rtsep.errors import ConfigError
from training.listening.build import KEY_SUFFIX
from training.listening.sessions import parse_session, read_key

LARGEST = 2**20  # bytes of one result


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
        self.page, self.folder = page.read_bytes(), folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / key_path.name).write_bytes(key_path.read_bytes())
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port} ({error.strerror}): choose another --port") from None

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"


class _Handler(BaseHTTPRequestHandler):
    server: TestServer
    timeout = 30

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/":
            return self._reply(HTTPStatus.NOT_FOUND, b"not found")
        return self._reply(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/results" or not 0 < length <= LARGEST:
            return self._reply(HTTPStatus.BAD_REQUEST, b"expected a result at /results")
        try:
            fields = json.loads(self.rfile.read(length))
            session = parse_session(fields, self.server.key, "the result")
        except (ValueError, ConfigError) as error:
            return self._reply(HTTPStatus.BAD_REQUEST, str(error).encode())
        name = f"{re.sub(r'[^A-Za-z0-9_-]+', '_', session.listener)[:60]}-{session.seed}.json"
        (self.server.folder / name).write_text(json.dumps(fields, indent=1))
        return self._reply(HTTPStatus.CREATED, b"saved")

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal shows the address, not every request."""

    def _reply(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
