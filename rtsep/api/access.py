"""Who may connect: no web page of elsewhere, and with a token nobody without it."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from rtsep.errors import ConfigError

LOOPBACK = "127.0.0.1"
_LEAST_TOKEN = 16  # letters


@dataclass(frozen=True)
class Access:
    """The rules of a server.

    Parameters
    ----------
    host
        Address that it listens at.
    port
        Its port.
    token
        What has to be shown; empty for nothing, which only a loopback address may have.
    """

    host: str
    port: int
    token: str = ""

    @property
    def cookie(self) -> str:
        """Name of the cookie that carries the token of the page."""
        return f"rtsep-{self.port}"

    def refusal(self, path: str, headers: Mapping[str, str]) -> str:
        """Say why a request is refused; empty where it is not.

        Parameters
        ----------
        path
            As requested, with the query.
        headers
            Of the request; looked up without regard to case, one value each.
        """
        host, origin = headers.get("Host", ""), headers.get("Origin")
        if not self.knows(host):
            return f"the host {host!r:.80} is none of this computer's"
        if origin is not None and origin != f"http://{host}":
            return f"a page of {origin!r:.80} may not speak to this program"
        if self.token and not self._shows_token(path, headers):
            return "the token is missing or wrong"
        return ""

    def knows(self, host: str) -> bool:
        """Whether a host with a port names this server: by number, or by a name that no web page can choose.

        A page of elsewhere that has its own name point here (DNS rebinding) still says its own name.
        """
        name, port = _split(host)
        if port != self.port:
            return False
        names = {"localhost", self.host.lower()}
        if not is_loopback(self.host):
            own = socket.gethostname().lower()
            names |= {own, f"{own.partition('.')[0]}.local"}
        return name in names or _is_number(name)

    def _shows_token(self, path: str, headers: Mapping[str, str]) -> bool:
        shown = [*parse_qs(urlsplit(path).query).get("token", []),
                 headers.get("Authorization", "").removeprefix("Bearer ").strip()]
        try:
            cookie = SimpleCookie(headers.get("Cookie", "")).get(self.cookie)
        except CookieError:
            cookie = None
        shown += [] if cookie is None else [cookie.value]
        return any([hmac.compare_digest(self.token.encode(), one.encode()) for one in shown])


def choose_token(host: str, given: str | None) -> str:
    """Return the token of a server: the one that is given, a new one where other computers can connect, else none.

    Raises
    ------
    ConfigError
        When it is so short that it can be guessed.
    """
    if given is not None and len(given) < _LEAST_TOKEN:
        raise ConfigError(f"the token of the API has {len(given)} letters: give {_LEAST_TOKEN} or more, or none at all "
                          f"for one that is made anew")
    return given or ("" if is_loopback(host) else secrets.token_urlsafe(_LEAST_TOKEN))


def is_loopback(host: str) -> bool:
    """Whether only programs of this computer reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _split(host: str) -> tuple[str, int]:
    """Split a host from its port, which is 80 where none is said."""
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return host.lower(), 80
    return name.lower(), int(port) if port.isascii() and port.isdigit() else 0
