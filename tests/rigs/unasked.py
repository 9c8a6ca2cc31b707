"""Runs Python with an empty home and no network, watched by strace: what it writes, and to whom it speaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.rigs.live import ROOT

SONG = "song.wav"
LOCAL = ("AF_UNIX", "AF_LOCAL")
_SOCKET = re.compile(r"\bsocket\((\w+)")
_WRITTEN = re.compile(r"openat?\((?:AT_FDCWD, )?\"([^\"]+)\", [^,)]*O_(?:CREAT|WRONLY|RDWR)")
OPENED = re.compile(r"openat?\((?:AT_FDCWD, )?\"([^\"]+)\"")
_ALLOWED = ("/dev/", "/proc/self/")  # shared memory of ours and of JACK's, the terminal, denied sleep of the processor


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with an empty home, an empty folder for temporary files, and a folder with a song."""
    for name in ("home", "temporary", "here", "absent"):
        (tmp_path / name).mkdir()
    (tmp_path / "absent" / "torch.py").write_text("raise ModuleNotFoundError('No torch', name='torch')\n")
    song = 0.1 * np.random.default_rng(2).standard_normal((22050, 2))
    soundfile.write(tmp_path / "here" / SONG, song, 44100)
    return tmp_path


def run(home: Path, *command: str, absent: bool = False) -> tuple[int, str, str]:
    """Run Python without network; return its exit code, what it printed, and what strace saw."""
    trace = home / "trace"
    watched = ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=socket,openat,open,creat"]
    isolated = ["unshare", "-rn"]
    env = {"PATH": os.environ["PATH"], "HOME": str(home / "home"), "TMPDIR": str(home / "temporary"),
           "PYTHONDONTWRITEBYTECODE": "1", "JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "nowhere",
           "PYTHONPATH": os.pathsep.join([*([str(home / "absent")] if absent else []), str(ROOT)])}
    done = subprocess.run([*working(isolated), *working(watched), sys.executable, *command], cwd=home / "here",
                          env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr, trace.read_text() if trace.exists() else ""


def working(prefix: list[str]) -> list[str]:
    """Return the words in front of a command where the system knows and allows them, else none."""
    if shutil.which(prefix[0]) is None:
        return []
    return prefix if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0 else []


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def strangers(trace: str, home: Path) -> Iterator[str]:
    """Yield lines about sockets that reach other computers, and files written elsewhere than below `home`."""
    for line in trace.splitlines():
        socket, written = _SOCKET.search(line), _WRITTEN.search(line)
        if socket and socket[1] not in LOCAL:
            yield line
        if written and written[1].startswith("/") and not written[1].startswith((str(home), *_ALLOWED)):
            yield line
