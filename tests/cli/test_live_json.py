"""`rtsep live` for programs: events, log, quiet, exit codes; and what a service manager is told."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.cli.main import main
from rtsep.surface.events import KINDS, document
from tests.rigs.live import ROOT, TIMEOUT_S, refused, rtsep_live

RUN = ("--input", "demo", "--output", "none", "--seconds", "0.5")


def test_events_come_as_json_a_line_and_go_into_the_log(tiny_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "rtsep.log"
    before = '{"event": "of an earlier run"}\n'
    log.write_text(before)
    with rtsep_live(*RUN, "--model", str(tiny_model), "--json", "--log", str(log), cwd=tmp_path) as run:
        out, err = run.finish()
        assert run.process.returncode == 0
    assert err == ""
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events]
    assert [kind for kind in kinds if kind != "trouble"] == ["loading", "notice", "recording", "playing", "recorded",
                                                             "report"]
    assert set(kinds) <= KINDS.keys()
    report = events[-1]
    assert (report["frames"] >= 22050, report["latency"], report["failure"]) == (True, 256, None)
    assert report["recorded"]["mixture"] == "demo-out/mixture.flac"
    assert log.read_text() == f"{before}{out}"


def test_quiet_is_silent(tiny_model: Path, tmp_path: Path) -> None:
    with rtsep_live(*RUN, "--model", str(tiny_model), "--quiet", cwd=tmp_path) as run:
        assert run.finish() == ("", "")
        assert not run.lines
        assert run.process.returncode == 0


@pytest.mark.parametrize("how", ["--quiet", "--json"])
def test_errors_are_told_all_the_same(capsys: pytest.CaptureFixture[str], how: str) -> None:
    code, error = refused(capsys, *RUN, "--model", "nix", how)
    assert code == 1
    assert "no model 'nix'" in error


def test_a_log_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "no").write_text("folder")
    code, error = refused(capsys, *RUN, "--log", str(tmp_path / "no" / "rtsep.log"))
    assert (code, "rtsep.log: " in error and "is no folder" in error) == (1, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_nobody_reads_is_no_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    code, error = refused(capsys, *RUN, "--log", str(tmp_path / "log"))
    assert (code, error) == (1, f"rtsep: cannot write the log {tmp_path / 'log'}: it is a pipe that nobody reads\n")


def test_a_log_is_not_written_into_what_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    soundfile.write(take, np.full((4410, 2), 0.1), 44100)
    before = take.read_bytes()
    code, error = refused(capsys, *RUN, "--log", str(take))
    assert (code, "something else than a log: it is kept" in error) == (1, True)
    assert take.read_bytes() == before


def test_the_log_is_no_file_that_the_run_reads(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, np.full((4410, 2), 0.1), 44100)
    before = song.read_bytes()
    os.link(song, tmp_path / "song.log")
    code, error = refused(capsys, "--input", str(song), *RUN[2:], "--record", str(tmp_path / "take"), "--log",
                          str(tmp_path / "song.log"))
    assert code == 1
    assert f"song.log would overwrite {song}, which is read" in error
    assert song.read_bytes() == before


def test_a_service_manager_hears_that_music_plays(tiny_model: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(TIMEOUT_S)
        env = os.environ | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000"}
        with rtsep_live(*RUN, "--model", str(tiny_model), env=env, cwd=tmp_path) as run:
            told = [manager.recv(200).decode()]
            while told[-1] != "STOPPING=1":
                told.append(manager.recv(200).decode())
            run.finish()
    assert told[0] == "STATUS=loading"
    assert "READY=1\nSTATUS=playing" in told
    assert "WATCHDOG=1" in told


def test_doctor_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["versions", "scheduling", "audio", "models"]
    assert found["models"]["model stage"].startswith("ok, ")
    assert found["scheduling"]["garbage collector frozen"] == "on"


def test_the_documents_hold_the_table_of_events() -> None:
    assert document() in (ROOT / "docs" / "live.md").read_text("utf-8")
