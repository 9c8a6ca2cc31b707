"""Every example runs as it stands."""

from __future__ import annotations

import os
import pty
import runpy
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
STEMS = ("drums", "bass", "guitar", "vocals", "other")  # of the default model
TESTED = {"separate_a_song", "play_along", "stems_to_jack", "inside_a_callback", "keyboard"}


@pytest.fixture
def song(tmp_path) -> Path:
    rng = np.random.default_rng(5)
    time_s = np.arange(60_000) / 44100
    tone = 0.3 * np.sin(2 * np.pi * 196 * time_s) * (1 + np.sin(2 * np.pi * 3 * time_s)) / 2
    hits = rng.standard_normal(len(time_s)) * np.exp(-20 * (time_s % 0.25)) * 0.2
    soundfile.write(tmp_path / "song.wav", np.stack([tone + hits, tone - hits], axis=1), 44100, subtype="FLOAT")
    return tmp_path / "song.wav"


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), **more}


def run(name: str, *arguments: object, cwd: Path, **more: str) -> str:
    done = subprocess.run([sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)], cwd=cwd, check=False,
                          env=environment(**more), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until(condition, what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.05)


def test_each_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == TESTED


def test_separate_a_song(song, tmp_path):
    pytest.importorskip("matplotlib")
    told = run("separate_a_song", song, cwd=tmp_path).splitlines()
    assert [line.split(":")[0] for line in told] == [*STEMS, "left over"]
    assert float(told[-1].split(":")[1]) < 1e-5
    assert (tmp_path / "spectrograms.png").stat().st_size > 10_000
    assert soundfile.info(tmp_path / "play-along.wav").frames == 60_000


def test_inside_a_callback(song, tmp_path):
    run("inside_a_callback", song, "out.wav", cwd=tmp_path)
    separated, mixture = soundfile.read(tmp_path / "out.wav")[0], soundfile.read(song)[0]
    assert separated.shape == mixture.shape
    assert 1e-3 < np.sqrt(np.mean((separated - mixture) ** 2)) < np.sqrt(np.mean(mixture**2))


def test_play_along(song, tmp_path, jack):
    run("play_along", song, "drums", cwd=tmp_path, **jack().env)


def test_stems_to_jack(tmp_path, jack):
    server = jack()
    with subprocess.Popen([sys.executable, EXAMPLES / "stems_to_jack.py"], env=environment(**server.env),
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            told = process.stdout.readline()  # once it plays
            assert {f"stems:{name}" for name in ("left", "right", "drums_left", "guitar_right")} <= set(
                server.ports())
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "latency" in told


def test_keyboard(tmp_path, jack):
    song = tmp_path / "long.wav"
    soundfile.write(song, np.zeros((60 * 44100, 2)), 44100)
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, EXAMPLES / "keyboard.py", song], env=environment(**jack().env),
                          stdin=theirs, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("1 2 3: mute")
        wait_until(lambda: not termios.tcgetattr(theirs)[3] & termios.ICANON, "keys to be taken one by one")
        os.write(ours, b"3+bxq")
        told = process.communicate(timeout=120)[0].split("\n")
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    assert [line.strip() for line in told[:3]] == ["guitar off", "mask gain 1.25", "song"]


def test_keys_change_the_controls():
    import rtsep

    press = runpy.run_path(str(EXAMPLES / "keyboard.py"))["press"]
    controls = rtsep.Controls(("drums", "guitar"))
    assert press("1", controls, ("drums", "guitar")) == "drums off"
    assert press("1", controls, ("drums", "guitar")) == "drums on"
    assert press("3", controls, ("drums", "guitar")).startswith("1 2 3")
    press("-", controls, ("drums", "guitar"))
    assert controls.mask_gain == pytest.approx(0.8)
