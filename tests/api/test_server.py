"""The API over real sockets: commands, feeds, and clients that are too many, too loud or too slow."""

from __future__ import annotations

import json
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from rtsep.api import client as api_client
from rtsep.api import feeds
from rtsep.api.access import Access
from rtsep.api.commands import COMMANDS, document, error_document
from rtsep.api.protocol import LONGEST_MESSAGE
from rtsep.api.server import MOST_CLIENTS, Server
from rtsep.errors import ConfigError
from tests.api.conftest import StartServer
from tests.api.connections import ask, client, result
from tests.rigs.live import ROOT, TIMEOUT_S
from tests.rigs.surface import STEMS, Run


def test_every_command_answers(start: StartServer, still_run: Run) -> None:
    arguments = {"GetControl": "mask_gain", "SetControl": {"mask_gain": 6, "level guitar": "off", "mute drums": True},
                 "ToggleControl": "bypass", "CallPreset": "verse", "SavePreset": "verse", "SetModel": "stage"}
    with client(start()) as connection:
        answers = {name: ask(connection, name, arguments[name]) for name in ("SetControl", "SavePreset")}
        for command in COMMANDS:
            if command.name not in ("Stop", "StopRecording", "StartRecording"):
                answers[command.name] = ask(connection, command.name, arguments.get(command.name))
    controls = answers["GetControls"]
    assert (controls["mask_gain"], controls["level guitar"], controls["mute drums"]) == (6.0, "off", True)
    assert answers["GetState"] | {"load": 0} == answers["GetState"]
    assert (answers["GetState"]["phase"], answers["GetState"]["stems"]) == ("playing", list(STEMS))
    assert answers["GetPresets"] == ["verse"]
    assert answers["GetModels"][:1] == ["instrumental"]
    assert answers["ToggleControl"] is True
    assert set(answers["GetMeters"]["stems"]) == set(STEMS)
    assert len(answers["GetSpectra"]["heard"]) == len(answers["GetSpectra"]["mixture"]) == 96
    assert {row["name"] for row in answers["GetControlTable"]} > {"mask_gain", "level", "reset"}
    assert answers["Pause"] == (
        "InvalidValueError", "only files and the demo can be paused, sought in and looped: the input is a device")
    assert answers["Seek"][0] == "InvalidValueError"
    assert answers["Learn"] is None
    assert still_run.board.levels[1] == 0.0


@pytest.mark.parametrize(("message", "command", "error"), [
    ("", "Invalid", "InvalidMessageError"), ("{", "Invalid", "InvalidMessageError"),
    ("[1]", "Invalid", "InvalidMessageError"), ("42", "Invalid", "InvalidMessageError"),
    ('{"GetControl": "wet", "Stop": null}', "Invalid", "InvalidMessageError"),
    ("[" * 8000, "Invalid", "InvalidMessageError"), (b"\xff\xfe", "Invalid", "InvalidMessageError"),
    ('"Explode"', "Invalid", "UnknownCommandError"), ('"__class__"', "Invalid", "UnknownCommandError"),
    ('{"GetState": 1}', "GetState", "InvalidMessageError"), ('{"SetControl": {"wet": NaN}}', "Invalid",
                                                             "InvalidMessageError"),
    ('{"SetControl": {"wet": 1e999}}', "SetControl", "InvalidValueError"),
    ('{"SetControl": {"wet": {}}}', "SetControl", "InvalidValueError"),
    ('{"SetControl": {"volume": 1}}', "SetControl", "InvalidValueError"),
    ('{"SetControl": []}', "SetControl", "InvalidValueError"), ('"SetControl"', "SetControl", "InvalidValueError"),
    ('{"GetControl": ["wet"]}', "GetControl", "InvalidValueError"),
    ('{"ToggleControl": "wet"}', "ToggleControl", "InvalidValueError"),
    ('{"CallPreset": "no"}', "CallPreset", "InvalidValueError"),
    ('{"SavePreset": "a\\nb"}', "SavePreset", "InvalidValueError"),
    ('{"SetModel": "/etc/passwd"}', "SetModel", "InvalidValueError"),
    ('{"Seek": "far"}', "Seek", "InvalidValueError"), ('{"SetLoop": [1]}', "SetLoop", "InvalidValueError"),
    ('{"Learn": "volume"}', "Learn", "InvalidValueError"), ('{"Learn": "wet"}', "Learn", "MidiError"),
    ('{"Subscribe": {"meters": 31}}', "Subscribe", "InvalidValueError"),
    ('{"Subscribe": {"video": 1}}', "Subscribe", "InvalidValueError"),
    ('{"Subscribe": 30}', "Subscribe", "InvalidValueError"),
])
def test_errors_have_names_and_the_connection_goes_on(start: StartServer, message: str | bytes, command: str,
                                                      error: str) -> None:
    with client(start()) as connection:
        connection.send(message)
        name, text = result(connection, command)
        assert name == error
        assert len(text) > 10
        assert ask(connection, "GetVersion")


def test_feeds_come_at_their_pace(start: StartServer, still_run: Run) -> None:
    tone = np.sin(2 * np.pi * 46 * np.arange(4096) / 2048).astype(np.float32)  # in the middle of a bin, 990.5 Hz
    still_run.session.memory.scope.write(tone[np.newaxis], 0.1 * tone[np.newaxis])
    with client(start()) as connection:
        rates = {"meters": 30, "spectra": 20, "controls": 10, "state": 5, "history": 5, "events": 1}
        assert ask(connection, "Subscribe", rates) == rates
        seen: dict[str, list[Any]] = {}
        end = time.monotonic() + TIMEOUT_S
        while len(seen.get("Meters", [])) < 30 and time.monotonic() < end:
            for kind, document in json.loads(connection.recv(TIMEOUT_S)).items():
                seen.setdefault(kind, []).append(document)
        assert len(seen["Controls"]) == len(seen["State"]) == len(seen["History"]) == 1, "nothing has changed"
        mixture, heard = seen["Spectra"][0]["mixture"], seen["Spectra"][0]["heard"]
        assert mixture.index(max(mixture)) == round(96 * np.log(990.5 / 40) / np.log(16000 / 40) - 0.5)
        assert (max(mixture), max(heard)) == (0, -20)
        still_run.surface.set("mute guitar", True)
        while "Controls" not in (found := json.loads(connection.recv(TIMEOUT_S))):
            pass
        assert found["Controls"]["mute guitar"] is True
        ask_until = ask_through(connection, "Subscribe", dict.fromkeys(rates, 0))
        assert ask_until == {}


def test_feeds_go_on_from_the_first_moment_of_a_run_and_past_a_broken_file(start: StartServer, still_run: Run,
                                                                           tmp_path: Path) -> None:
    still_run.surface._controls = None  # as while the model is loading
    with client(start()) as connection:
        ask(connection, "Subscribe", {"meters": 30, "controls": 30, "state": 30})
        assert {kind for _ in range(3) for kind in json.loads(connection.recv(TIMEOUT_S))} == {"Meters", "Controls",
                                                                                                "State"}
        still_run.surface.look()
        (tmp_path / "presets.yaml").write_text("verse: [")
        still_run.board.preset = 0
        while "Controls" not in (found := json.loads(connection.recv(TIMEOUT_S))):
            pass
        assert (found["Controls"]["mask_gain"], found["Controls"]["preset"]) == (0.0, None)


def ask_through(connection: ClientConnection, command: str, argument: Any) -> Any:
    """Send a command; return its value, past what comes in between."""
    connection.send(json.dumps({command: argument}))
    while command not in (found := json.loads(connection.recv(TIMEOUT_S))):
        pass
    return found[command]["value"]


def test_events_go_to_those_who_subscribed(start: StartServer) -> None:
    server = start()
    with client(server) as subscribed, client(server) as other:
        ask(subscribed, "Subscribe", {"events": 1})
        ask(other, "GetVersion")
        server.tell({"event": "notice", "text": "hello"})
        assert json.loads(subscribed.recv(TIMEOUT_S)) == {"Event": {"event": "notice", "text": "hello"}}
        assert ask(other, "GetVersion"), "the next message is the answer"


def test_a_long_message_ends_the_connection_and_not_the_server(start: StartServer) -> None:
    server = start()
    with client(server) as connection:
        connection.send(" " * (LONGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed) as error:
            connection.recv(TIMEOUT_S)
        assert error.value.rcvd is not None
        assert error.value.rcvd.code == 1009
    with client(server) as connection:
        assert ask(connection, "GetVersion")


def test_a_client_that_floods_is_dropped(start: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "MOST_MESSAGES", 20)
    server = start()
    with client(server) as connection:
        with pytest.raises(ConnectionClosed):
            list(map(partial(ask, connection), ["GetVersion"] * 200))
    with client(server) as connection:
        assert ask(connection, "GetVersion")


def test_a_client_that_reads_nothing_is_dropped_and_others_hear_on(start: StartServer,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "SLOW_S", 0.2)
    server = start()
    with socket.create_connection(("127.0.0.1", server.access.port), TIMEOUT_S) as deaf, client(server) as hears:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{server.access.port}\r\nUpgrade: websocket\r\n"
                     f"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     f"Sec-WebSocket-Version: 13\r\n\r\n".encode())
        assert deaf.recv(12) == b"HTTP/1.1 101"
        text = b'{"Subscribe":{"events":1}}'
        deaf.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        ask(hears, "Subscribe", {"meters": 30})
        end = time.monotonic() + TIMEOUT_S
        while server.clients == 2 and time.monotonic() < end:
            server.tell({"event": "notice", "text": "x" * 100_000})
            assert "Meters" in json.loads(hears.recv(TIMEOUT_S))
        assert server.clients == 1
        assert "Meters" in json.loads(hears.recv(TIMEOUT_S))


def test_there_is_an_end_to_clients(start: StartServer) -> None:
    server = start()
    connections = [connect(f"ws://127.0.0.1:{server.access.port}/socket") for _ in range(MOST_CLIENTS)]
    try:
        for connection in connections:
            ask(connection, "GetVersion")
        with pytest.raises(InvalidStatus) as error, client(server):
            pass
        assert error.value.response.status_code == 503
    finally:
        for connection in connections:
            connection.close()


def test_a_port_that_is_taken_is_a_sentence(start: StartServer, still_run: Run) -> None:
    port = start().access.port
    with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1 port {port}"), \
            Server(still_run.surface, Access("127.0.0.1", port)):
        pass


def test_the_end_of_the_server_ends_the_clients(still_run: Run) -> None:
    with Server(still_run.surface, Access("127.0.0.1", 0)) as server:
        connection = connect(f"ws://127.0.0.1:{server.access.port}/socket")
        ask(connection, "GetVersion")
    with pytest.raises(ConnectionClosed):
        connection.recv(TIMEOUT_S)
    connection.close()


def test_the_documents_hold_the_tables() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert document() in text
    assert error_document() in text
    assert feeds.document() in text
