"""Who may speak to the server, by itself and over real sockets: tokens, origins, and names of this computer."""

from __future__ import annotations

import socket
from http.client import HTTPConnection

import pytest
from websockets.exceptions import InvalidStatus

from rtsep.api.access import Access, choose_token
from rtsep.api.server import Server
from rtsep.errors import ConfigError
from tests.api.conftest import StartServer
from tests.api.connections import ask, client
from tests.rigs.live import TIMEOUT_S

TOKEN = "0123456789abcdef"


def test_other_computers_need_a_token() -> None:
    assert choose_token("127.0.0.1", None) == choose_token("localhost", None) == choose_token("::1", None) == ""
    first, second = choose_token("0.0.0.0", None), choose_token("192.168.1.2", None)
    assert len(first) >= 20
    assert first != second
    assert choose_token("0.0.0.0", TOKEN) == TOKEN
    with pytest.raises(ConfigError, match="has 5 letters"):
        choose_token("0.0.0.0", "short")


def test_a_server_for_the_house_knows_numbers_and_its_own_name() -> None:
    access = Access("0.0.0.0", 8733, TOKEN)
    own = socket.gethostname()
    for host in ("192.168.1.7:8733", "[fe80::1]:8733", f"{own}:8733", f"{own.partition('.')[0]}.local:8733"):
        assert access.knows(host)
    for host in ("evil.example:8733", "192.168.1.7", "192.168.1.7:80", "localhost.evil.example:8733"):
        assert not access.knows(host)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}",
                                    "http://localhost:{port}", "http://127.0.0.1:{port}.evil.example", "file://"])
def test_pages_of_elsewhere_get_nothing(start: StartServer, origin: str) -> None:
    server = start()
    assert "may not speak to this program" in refused(server, Origin=origin.format(port=server.access.port))


def test_the_page_of_the_program_itself_gets_in(start: StartServer) -> None:
    server = start()
    with client(server, Origin=f"http://127.0.0.1:{server.access.port}") as connection:
        assert ask(connection, "GetVersion")


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1.evil.example:{port}", "",
                                  "localhost:1", "[::1", "127.0.0.1:{port}:{port}"])
@pytest.mark.parametrize("path", ["/socket", "/"])
def test_names_that_were_pointed_here_get_nothing(start: StartServer, host: str, path: str) -> None:
    status, body, _ = get(start(), path, host)
    assert (status, b"is none of this computer's" in body) == (403, True)


def test_without_the_token_nothing_is_to_be_had(start: StartServer) -> None:
    server = start(token=TOKEN)
    for query in ("", "?token=", "?token=wrong", f"?token={TOKEN}x", f"?token={TOKEN[:-1]}", "?token=%C3%BC"):
        assert "the token is missing or wrong" in refused(server, query)
        assert get(server, f"/{query}")[0] == get(server, f"/panel.js{query}")[0] == 403
    assert "token" in refused(server, Authorization="Bearer wrong")
    assert "token" in refused(server, Cookie=f"{server.access.cookie}=wrong")
    with client(server, f"?token={TOKEN}") as first, client(server, Authorization=f"Bearer {TOKEN}") as second:
        assert ask(first, "GetVersion") == ask(second, "GetVersion")
    status, _, headers = get(server, f"/?token={TOKEN}")
    assert status == 200
    assert headers["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert get(server, "/panel.js", Cookie=cookie)[0] == 200
    with client(server, Cookie=cookie) as third:
        assert ask(third, "GetVersion")


def test_the_page_comes_alone(start: StartServer) -> None:
    server = start()
    for path, kind in (("/", "text/html"), ("/panel.js", "text/javascript"), ("/panel.css", "text/css")):
        status, _, headers = get(server, path)
        assert status == 200
        assert headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    for path in ("/../server.py", "/index.html", "/__init__.py", "//", "/%2e%2e/api/server.py"):
        assert get(server, path)[0] == 404


def refused(server: Server, query: str = "", **headers: str) -> str:
    """Try to connect; return what the refusal says."""
    with pytest.raises(InvalidStatus) as error, client(server, query, **headers):
        pass
    assert error.value.response.status_code == 403
    return error.value.response.body.decode()


def get(server: Server, path: str, host: str | None = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask for a page as browsers do; the host may say `{port}`."""
    port = server.access.port
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Host": (host if host is not None else "127.0.0.1:{port}").format(
            port=port), **headers})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.getheaders())
    finally:
        connection.close()
