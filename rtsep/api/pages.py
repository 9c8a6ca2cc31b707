"""The files of the panel, as the server hands them out."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Response

SOCKET = "/socket"
"""Path of the websocket."""
_SCRIPTS = ("panel", "connection", "controls", "learning", "notices", "pictures", "watching")
PAGES = {"/": ("index.html", "text/html; charset=utf-8"),
         "/panel.css": ("panel.css", "text/css; charset=utf-8"),
         **{f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in _SCRIPTS}}
"""Files by path, with what they are; nothing else is handed out."""

_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://{host}; img-src data:; "
           "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
_HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin", "Connection": "close",
}


def page(path: str, host: str, cookie: str = "") -> Response:
    """Answer a request for a file of the panel.

    Parameters
    ----------
    path
        As requested, with the query.
    host
        That was asked, with its port; where the page may connect to.
    cookie
        Name and value of the cookie that goes with it; empty for none.
    """
    found = PAGES.get(urlsplit(path).path)
    if found is None:
        return plain(HTTPStatus.NOT_FOUND, "there is no such page")
    name, kind = found
    response = _response(HTTPStatus.OK, kind, _content(name))
    response.headers["Content-Security-Policy"] = _POLICY.format(host=host)
    if cookie:
        response.headers["Set-Cookie"] = f"{cookie}; Path=/; HttpOnly; SameSite=Strict"
    return response


def plain(status: HTTPStatus, text: str) -> Response:
    """Answer with a sentence."""
    return _response(status, "text/plain; charset=utf-8", f"rtsep: {text}\n".encode())


def _response(status: HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers(_HEADERS | {"Content-Type": kind, "Content-Length": str(len(body))})
    return Response(status.value, status.phrase, headers, body)


@cache
def _content(name: str) -> bytes:
    return files("rtsep.panel").joinpath(name).read_bytes()
