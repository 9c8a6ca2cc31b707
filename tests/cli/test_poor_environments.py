"""Commands where a home, a stream, a place to write or a wide terminal is missing: done, or told in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.rigs.live import ROOT

NAMES = ("song.wav", "s\u00f3ng \u00e9.wav")
FULL = Path("/dev/full")
LISTS = (["models"], ["models", "--json"], ["devices"], ["devices", "--json"])
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc, which takes no files, here")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    sound = 0.1 * np.random.default_rng(5).standard_normal((22050, 2))
    for name in NAMES:
        soundfile.write(tmp_path / name, sound, 44100)
    return tmp_path


def environment(**changes: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "JACK_NO_START_SERVER": "1",
            "JACK_DEFAULT_SERVER": "nowhere"} | changes


def run(here: Path, *command: str, env: dict[str, str] | None = None, **streams: Any
        ) -> subprocess.CompletedProcess[str]:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run([sys.executable, "-m", "rtsep.cli.main", *command], cwd=here, timeout=120, text=True,
                          errors="surrogateescape", env=env or environment(HOME=str(here)), **streams)


def separation(model: Path, *options: str) -> list[str]:
    return ["separate", *NAMES, "--model", str(model), "-o", "out", *options]


def playing(model: Path, *options: str) -> list[str]:
    return ["live", "--input", NAMES[0], "--output", "none", "--model", str(model), "--record", "take", *options]


def stems(here: Path) -> int:
    return len(list((here / "out").rglob("*.wav")))


@pytest.mark.parametrize("home", [None, "/nonexistent", "/proc"])
def test_no_home_is_needed(home: str | None, here: Path, tiny_model: Path) -> None:
    env = environment() if home is None else environment(HOME=home)
    for command in (["models"], separation(tiny_model, "--plot"), playing(tiny_model)):
        done = run(here, *command, env=env)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert stems(here) == 6
    learn = run(here, "midi", "learn", "mask_gain", env=env)
    assert learn.returncode == 1
    assert "rtsep: no MIDI system answers" in learn.stderr
    assert not learn.stdout, "nobody is asked to move what cannot be heard"


@needs_proc
@pytest.mark.parametrize("place", ["/proc", "/proc/nowhere", "/proc/version"])
def test_places_that_take_no_files_are_told(place: str, here: Path, tiny_model: Path) -> None:
    for command, text in (([*separation(tiny_model)[:-1], place], f"rtsep: cannot write {place}"),
                          (["live", "--input", NAMES[0], "--output", "none", "--record", f"{place}/take"],
                           f"rtsep: cannot make the folder {place}/take")):
        done = run(here, *command)
        assert done.returncode == 1
        assert all(line.startswith("rtsep: ") for line in done.stderr.splitlines())
        assert text in done.stderr


@needs_full
@pytest.mark.parametrize("command", [*LISTS, ["--help"], ["--version"], ["separate", "--help"]], ids=" ".join)
def test_a_full_output_is_a_failure(command: list[str], here: Path) -> None:
    with FULL.open("w") as full:
        done = run(here, *command, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "rtsep: cannot go on: No space left on device\n"


@needs_full
def test_a_full_output_keeps_what_was_made(here: Path, tiny_model: Path) -> None:
    with FULL.open("w") as full:
        for command in (separation(tiny_model, "--json"), playing(tiny_model)):
            done = run(here, *command, stdout=full)
            assert done.returncode == 1
            assert "rtsep: cannot go on: No space left on device\n" in done.stderr
    assert stems(here) == 6
    assert soundfile.info(here / "take" / "guitar.flac").frames == 22050


@needs_full
def test_a_full_device_is_no_folder(here: Path, tiny_model: Path) -> None:
    done = run(here, *separation(tiny_model)[:-1], str(FULL))
    assert done.returncode == 1
    assert done.stderr.count("rtsep: cannot write /dev/full/") == len(NAMES)


@needs_full
def test_messages_that_nobody_takes_disturb_nothing(here: Path, tiny_model: Path) -> None:
    with FULL.open("w") as full:
        assert run(here, *playing(tiny_model), stderr=full).returncode == 0
        assert run(here, "separate", "missing.wav", stderr=full).returncode == 1
    assert soundfile.info(here / "take" / "guitar.flac").frames == 22050


def close_streams() -> None:
    """Close all standard streams, as some services do."""
    for number in (0, 1, 2):
        os.close(number)


@pytest.mark.skipif(os.name != "posix", reason="no such services here")
def test_no_standard_streams_are_needed(here: Path, tiny_model: Path) -> None:
    for command in (*LISTS, separation(tiny_model), playing(tiny_model)):
        done = run(here, *command, stdout=None, stderr=None, preexec_fn=close_streams)
        assert done.returncode == 0, command
    assert stems(here) == 6
    for name in ("mixture", "guitar", "rest"):
        assert soundfile.info(here / "take" / f"{name}.flac").frames == 22050


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
                                    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"}], ids=str)
def test_names_survive_a_plain_locale(locale: dict[str, str], here: Path, tiny_model: Path) -> None:
    for command in (["models"], separation(tiny_model), separation(tiny_model, "--json"),
                    [*playing(tiny_model)[:2], NAMES[1], *playing(tiny_model)[3:]]):
        done = run(here, *command, env=environment(HOME=str(here), **locale))
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert {path.name for path in (here / "out").iterdir()} == {Path(name).stem for name in NAMES}


@pytest.mark.parametrize("columns", ["1", "40", "80"])
def test_nothing_is_cut_off_on_a_narrow_terminal(columns: str, here: Path, tiny_model: Path) -> None:
    env = environment(HOME=str(here), COLUMNS=columns)
    models, doctor, live = (run(here, *command, env=env).stdout
                            for command in (["models"], ["doctor"], playing(tiny_model)))
    for text in ("instrumental", "paper", "song", "stage", "ultra"):
        assert f" {text} " in models
    assert f" {sys.version.split()[0]} on " in doctor
    assert " null device " in live
    assert "\u2026" not in models + doctor + live
