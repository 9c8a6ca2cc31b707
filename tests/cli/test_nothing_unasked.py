"""No command speaks to anybody but sound servers, or writes a file that nobody named.

Every command runs with a home and a temporary folder of its own. strace sees every socket, also those of libraries.
"""

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

from plugins.lv2.build import BUNDLE, build_bundle
from scripts import build_native
from tests.native.conftest import needs_native
from tests.plugins.watched import BEGIN, END
from tests.rigs.live import ROOT
from tests.rigs.models import TINY

SONG = "song.wav"
STEMS = [f"out/song/{stem}.wav" for stem in ("bass", "drums", "guitar", "other", "vocals")]
TAKE = [f"take/{name}" for name in ("guitar.flac", "mixture.flac", "rest.flac", "spectrograms.png")]
LIVE = ("live", "--input", SONG, "--output", "none", "--record", "take", "--no-calibration")
LOCAL = ("AF_UNIX", "AF_LOCAL")
_SOCKET = re.compile(r"\bsocket\((\w+)")
_WRITTEN = re.compile(r"openat?\((?:AT_FDCWD, )?\"([^\"]+)\", [^,)]*O_(?:CREAT|WRONLY|RDWR)")
_OPENED = re.compile(r"openat?\((?:AT_FDCWD, )?\"([^\"]+)\"")
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
    done = subprocess.run([*_working(isolated), *_working(watched), sys.executable, *command], cwd=home / "here",
                          env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr, trace.read_text() if trace.exists() else ""


def _working(prefix: list[str]) -> list[str]:
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


@pytest.mark.parametrize("code", ["import socket; socket.socket()", "open('/var/tmp/rtsep-test', 'w')"])
def test_the_watch_sees_what_it_has_to_see(code: str, home: Path) -> None:
    if not _working(["strace"]):
        pytest.skip("no strace, or it is not allowed to watch: only files are looked at")
    _, _, trace = run(home, "-c", code)
    Path("/var/tmp/rtsep-test").unlink(missing_ok=True)
    assert len(list(strangers(trace, home))) == 1


@pytest.mark.parametrize(("command", "code", "made"), [
    (("--help",), 0, []),
    (("--version",), 0, []),
    (("models",), 0, []),
    (("models", "--json"), 0, []),
    (("doctor",), 0, []),
    (("devices",), 0, []),
    (("midi", "ports"), 1, []),
    (("midi", "monitor"), 1, []),
    (("midi", "learn", "mask_gain"), 1, []),
    (("separate", SONG, "-o", "out"), 0, STEMS),
    (("separate", SONG, "-o", "out", "--plot"), 0, [*STEMS, "out/song/spectrograms.png"]),
    (("separate", SONG, "missing.wav", "-o", "out", "--dry-run"), 1, []),
    ((*LIVE, "--midi", "off"), 0, TAKE),
    ((*LIVE, "--midi", "virtual"), 0, TAKE),
    ((*LIVE, "--midi", "off", "--provider", "onnxruntime"), 0, TAKE),
    ((*LIVE[:2], "demo", "--output", "none", "--seconds", "0.5", "--record", "take"), 0, TAKE),
    (("live", "--output", "nowhere"), 1, []),
])
def test_a_command_leaves_only_what_was_asked_for(command: tuple[str, ...], code: int, made: list[str], home: Path
                                                  ) -> None:
    returned, out, trace = run(home, "-m", "rtsep.cli.main", *command)
    assert returned == code, out
    assert "Traceback" not in out
    assert files(home / "here") == sorted([SONG, *made])
    assert not files(home / "home")
    assert not files(home / "temporary")
    assert not list(strangers(trace, home))


@pytest.mark.parametrize("code", [
    "import rtsep, numpy; rtsep.separate(numpy.zeros((2, 9000)), 44100)",
    "import rtsep; rtsep.Separator(provider='onnxruntime')"])
def test_the_library_writes_nothing(code: str, home: Path) -> None:
    returned, out, trace = run(home, "-c", code)
    assert (returned, out) == (0, "")
    assert files(home / "here") == [SONG]
    assert not files(home / "home")
    assert not list(strangers(trace, home))


@needs_native
def test_core_and_plugins_open_the_model_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not _working(["strace"]):
        pytest.skip("no strace, or it is not allowed to watch")
    if not Path("/usr/include/lv2/core/lv2.h").exists():
        pytest.skip("no headers of LV2: apt install lv2-dev")
    monkeypatch.setattr(build_native, "VARIANTS", {})  # one variant is compiled sooner, and opens as much
    bundle = home / "here" / BUNDLE
    build_bundle(bundle, str(TINY))
    before = files(home)
    returned, out, trace = run(home, "-m", "tests.plugins.watched", str(bundle), str(bundle / "tiny.rtsep"))
    assert (returned, out) == (0, "")
    watched = trace.partition(BEGIN)[2].partition(END)[0]
    described = {str(bundle / f"{name}.ttl") for name in ("remove", "split")}  # read by the host
    assert set(_OPENED.findall(watched)) - described == {str(bundle / "tiny.rtsep")}
    assert "socket(" not in watched
    assert files(home) == sorted([*before, "trace"])


@pytest.mark.parametrize("command", [("evaluate", "stage"), ("train", "recipe.yaml", "stems", "run"),
                                     ("export", "checkpoint.pt", "out.onnx")], ids=" ".join)
def test_the_trainer_without_torch_says_so(command: tuple[str, ...], home: Path) -> None:
    returned, out, _ = run(home, "-m", "training", *command, absent=True)
    assert returned == 1
    assert out == "training: torch is not installed: pip install 'rtsep[train]' has all that the trainer needs\n"
    assert files(home / "here") == [SONG]
    assert not files(home / "home")
