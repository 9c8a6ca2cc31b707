"""The server of a listening test: gives the page, keeps results, refuses everything else."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtsep.errors import ConfigError
from training.listening.build import build
from training.listening.serve import MOST_THREADS, TestServer
from training.listening.sessions import read_sessions


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


def ask(server: TestServer, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request(method, path, body, named)
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


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "results").iterdir())


def test_an_answer_is_never_replaced(server: TestServer, tmp_path: Path) -> None:
    bodies = [result(server, "ann").replace(b'"score": 1', b'"score": %d' % score) for score in (1, 0, 1)]
    bodies = [body for body in bodies if ask(server, "POST", "/results", body)[0] == 201]
    assert len(bodies) >= 2
    assert kept(tmp_path)[:-1] == ["ann-5-2.json", "ann-5.json"]
    assert json.loads((tmp_path / "results" / "ann-5.json").read_text()) == json.loads(bodies[0])
    assert len(read_sessions(tmp_path / "results", server.key)) == 1


@pytest.mark.parametrize(("change", "status"), [
    (lambda body: b"", 400), (lambda body: b"{", 400), (lambda body: b"[]", 400), (lambda body: b"\xff", 400),
    (lambda body: b"[" * 100_000, 400), (lambda body: b"1" * 10_000, 400), (lambda body: b"x" * 2**21, 413),
    (lambda body: body.replace(b": 1}", b": 9}"), 400), (lambda body: body.replace(b": 1}", b": true}"), 400),
    (lambda body: body.replace(b'"seed": 5', b'"seed": 1e9999'), 400),
    (lambda body: body.replace(b'"seed": 5', b'"seed": ' + b"7" * 4000), 400),
    (lambda body: body.replace(b'"a"', b'"%s"' % (b"a" * 1000)), 400),
    (lambda body: body.replace(b'"a"', b'{"a": 1}'), 400)], ids=range(13))
def test_what_is_no_result_is_refused_with_a_reply(server: TestServer, tmp_path: Path,
                                                   change: Callable[[bytes], bytes], status: int) -> None:
    assert ask(server, "POST", "/results", change(result(server, "a")))[0] == status
    assert kept(tmp_path) == ["test.key.json"]


def test_other_requests_are_refused_with_a_reply(server: TestServer, tmp_path: Path) -> None:
    body = result(server, "a")
    assert ask(server, "POST", "/elsewhere", body)[0] == 400
    assert ask(server, "PUT", "/results", body)[0] == 501
    assert ask(server, "POST", "/results", body, Content_Type="text/plain")[0] == 415
    assert ask(server, "POST", "/results", None, Content_Length="many")[0] == 411
    assert kept(tmp_path) == ["test.key.json"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:{port}", "localhost:1", "localhost:x", "[",
                                  ""])
def test_a_page_of_another_name_is_not_this_one(server: TestServer, host: str) -> None:
    named = host.format(port=server.server_address[1])
    assert ask(server, "GET", "/", Host=named)[0] == 403
    assert ask(server, "POST", "/results", result(server, "a"), Host=named)[0] == 403


def test_other_sites_hand_nothing_in(server: TestServer, tmp_path: Path) -> None:
    port = server.server_address[1]
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1:1"):
        assert ask(server, "POST", "/results", result(server, "a"), Origin=origin)[0] == 403
    assert kept(tmp_path) == ["test.key.json"]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        assert ask(server, "POST", "/results", result(server, "a"), Host=host, Origin=f"http://{host}")[0] == 201


def test_there_are_so_many_threads_and_no_more(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.free._value == MOST_THREADS
    monkeypatch.setattr(server, "free", threading.BoundedSemaphore(1))
    server.free.acquire()  # as a thread does that waits for a slow listener
    assert ask(server, "GET", "/")[0] == 503
    server.free.release()
    assert ask(server, "GET", "/")[0] == 200
    assert server.free.acquire(timeout=60)  # the thread that replied has given its place back


def test_mistakes_are_explained(clips: Path, tmp_path: Path, server: TestServer) -> None:
    with pytest.raises(ConfigError, match="no page"):
        TestServer(tmp_path / "none.html", tmp_path, "127.0.0.1", 0)
    with pytest.raises(ConfigError, match="choose another --port"):
        TestServer(tmp_path / "test.html", tmp_path / "r", "127.0.0.1", server.server_address[1])
    (tmp_path / "test.key.json").unlink()
    with pytest.raises(ConfigError, match=r"cannot read .*test\.key\.json"):
        TestServer(tmp_path / "test.html", tmp_path, "127.0.0.1", 0)
