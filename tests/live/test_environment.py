"""The audio process has an environment of its own: few threads, large pages."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from rtsep.live.board import new_memory
from rtsep.live.protocol import LiveSettings, Loaded
from rtsep.live.session.supervisor import AudioProcess


@pytest.mark.skipif(sys.platform != "linux", reason="the environment of a process is read from /proc")
def test_the_audio_process_alone_has_its_environment(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")  # as a user has set it
    before = dict(os.environ)
    memory = new_memory(multiprocessing.get_context("spawn"))
    with AudioProcess(LiveSettings(model=str(tiny_model), has_source=True, null_device=True), memory) as process:
        while not isinstance(process.receive(0.1), Loaded):  # only then it is certain to be the new program
            pass
        found = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    assert b"OPENBLAS_NUM_THREADS=1" in found
    assert b"GLIBC_TUNABLES=glibc.malloc.check=0" in found
    assert dict(os.environ) == before
