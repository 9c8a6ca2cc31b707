"""No command speaks to anybody but sound servers, or writes a file that nobody named.

Every command runs with a home and a temporary folder of its own. strace sees every socket, also those of libraries.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.lv2.build import BUNDLE, build_bundle
from scripts import build_native
from tests.native.conftest import needs_native
from tests.plugins.watched import BEGIN, END
from tests.rigs.models import TINY
from tests.rigs.unasked import OPENED, SONG, files, run, strangers, working

STEMS = [f"out/song/{stem}.wav" for stem in ("bass", "drums", "guitar", "other", "vocals")]
TAKE = [f"take/{name}" for name in ("guitar.flac", "mixture.flac", "rest.flac", "spectrograms.png")]
LIVE = ("live", "--input", SONG, "--output", "none", "--record", "take", "--no-calibration")


@pytest.mark.parametrize("code", ["import socket; socket.socket()", "open('/var/tmp/rtsep-test', 'w')"])
def test_the_watch_sees_what_it_has_to_see(code: str, home: Path) -> None:
    if not working(["strace"]):
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
    if not working(["strace"]):
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
    assert set(OPENED.findall(watched)) - described == {str(bundle / "tiny.rtsep")}
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
