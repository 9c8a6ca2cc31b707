"""The server of a listening test: gives the page, keeps results, refuses everything else."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtsep.errors import ConfigError
from training.listening.build import build
from training.listening.serve import TestServer


@pytest.fixture
def server(clips: Path, tmp_path: Path) -> Iterator[TestServer]:
    """Serve a page on a free port."""
    build(clips, tmp_path / "test.html", "seven")
    with TestServer(tmp_path / "test.html", tmp_path / "results", "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: TestServer, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    connection.request(method, path, body)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, content


def result(server: TestServer, listener: str) -> bytes:
    return json.dumps({"format": 1, "test": server.key.test, "listener": listener, "seed": 5, "finished": "now",
                       "scores": [{"clips": list(trial), "score": 1} for trial in server.key.trials]}).encode()


def test_it_gives_the_page_and_nothing_else(server: TestServer, tmp_path: Path) -> None:
    assert ask(server, "GET", "/?seed=3") == (200, (tmp_path / "test.html").read_bytes())
    for path in ("/test.key.json", "/../test.key.json", "/results"):
        assert ask(server, "GET", path)[0] == 404


def test_it_keeps_results_under_a_safe_name(server: TestServer, tmp_path: Path) -> None:
    assert ask(server, "POST", "/results", result(server, "../../a b")) == (201, b"saved")
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["_a_b-5.json", "test.key.json"]


def test_it_refuses_what_is_no_result(server: TestServer, tmp_path: Path) -> None:
    for body in (b"", b"{", b"[]", result(server, "a").replace(b": 1}", b": 9}"), b"x" * 2**21):
        try:
            assert ask(server, "POST", "/results", body)[0] == 400
        except (BrokenPipeError, ConnectionResetError):
            assert len(body) > 2**20  # hung up on, unread
    assert ask(server, "POST", "/elsewhere", result(server, "a"))[0] == 400
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["test.key.json"]


def test_mistakes_are_explained(clips: Path, tmp_path: Path, server: TestServer) -> None:
    with pytest.raises(ConfigError, match="no page"):
        TestServer(tmp_path / "none.html", tmp_path, "127.0.0.1", 0)
    with pytest.raises(ConfigError, match="choose another --port"):
        TestServer(tmp_path / "test.html", tmp_path / "r", "127.0.0.1", server.server_address[1])
    (tmp_path / "test.key.json").unlink()
    with pytest.raises(ConfigError, match=r"cannot read .*test\.key\.json"):
        TestServer(tmp_path / "test.html", tmp_path, "127.0.0.1", 0)
