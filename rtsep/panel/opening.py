"""Where the panel is, and a browser that shows it."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
import webbrowser
from contextlib import suppress

from rtsep.api.access import LOOPBACK, Access, is_loopback

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
_ELSEWHERE = ("192.0.2.1", 9)  # an address that nobody has; nothing is sent to it


def addresses(access: Access) -> list[str]:
    """Addresses of the page, with the token: of this computer, and of others in the house where they may connect."""
    hosts = [access.host] if is_loopback(access.host) or not _is_any(access.host) else [LOOPBACK, *_own_address()]
    query = f"?token={access.token}" if access.token else ""
    return [f"http://{f'[{host}]' if ':' in host else host}:{access.port}/{query}" for host in hosts]


def open_panel(access: Access) -> None:
    """Show the page in the user's browser, if there is a screen for one; nobody waits for it."""
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _SCREENS):
        return  # a browser for terminals would take ours
    threading.Thread(target=webbrowser.open, args=(addresses(access)[0],), name="browser", daemon=True).start()


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _own_address() -> list[str]:
    """Address by which other computers reach this one; none where there is no network."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect(_ELSEWHERE)
        return [str(connection.getsockname()[0])]
    return []
