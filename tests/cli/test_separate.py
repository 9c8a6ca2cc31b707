"""`rtsep separate` from the outside."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.cli.main import main
from rtsep.signals import STOP_SIGNALS

COMMAND = [sys.executable, "-m", "rtsep.cli.main", "separate"]


def separate(tmp_path: Path, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
                          cwd=tmp_path, env=environment(), **options)


def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}


def song(path: Path, seconds: float = 0.5) -> Path:
    noise = np.random.default_rng(4).uniform(-0.3, 0.3, (int(seconds * 44100), 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise, 44100)
    return path


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_writes_every_stem_and_one_line(tmp_path, tiny_model):
    done = separate(tmp_path, song(tmp_path / "my song.flac"), "-o", "out", "--model", tiny_model)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "out") == ["my song/drums.wav", "my song/guitar.wav", "my song/other.wav"]
    assert len(done.stdout.splitlines()) == 1
    assert "times real time" in done.stdout
    assert str(Path("out") / "my song") in done.stdout


def test_default_folder_and_chosen_stems(tmp_path, tiny_model):
    done = separate(tmp_path, song(tmp_path / "a.wav"), "--model", tiny_model, "--stems", "guitar", "rest")
    assert done.returncode == 0
    assert tree(tmp_path / "separated") == ["a/guitar.wav", "a/rest.wav"]


@pytest.mark.parametrize("words", [("guitar,rest",), ("guitar, rest",), ("guitar,", "rest"), (",guitar", ",rest")])
def test_stems_are_listed_with_commas_too(tmp_path, tiny_model, words):
    done = separate(tmp_path, song(tmp_path / "a.wav"), "--model", tiny_model, "--stems", *words, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("-> separated/a/guitar.wav, separated/a/rest.wav\n")


@pytest.mark.parametrize(("output", "words"), [
    ("stem.wav", "stem.wav is named like a file of sound"), ("a.wav", "a.wav is named like a file of sound"),
    ("text", "cannot write text/a/drums.wav: text is no folder"),
    ("text/x/y", "cannot write text/x/y/a/drums.wav: text is no folder")])
def test_a_dry_run_refuses_what_the_run_refuses(tmp_path, tiny_model, output, words):
    song(tmp_path / "a.wav")
    (tmp_path / "text").write_text("no folder")
    for options in ((), ("--dry-run",)):
        done = separate(tmp_path, "a.wav", "--model", tiny_model, "-o", output, *options)
        assert done.returncode == 1
        assert done.stderr.startswith(f"rtsep: {words}"), done.stderr
        assert tree(tmp_path) == ["a.wav", "text"]


def test_names_are_shown_and_never_obeyed(tmp_path, tiny_model):
    name = "a\x1b]0;x\n\u202eb"
    song(tmp_path / f"{name}.wav")
    shown = "a\\x1b]0;x\\n\\u202eb"
    for _ in ("separated", "separated already"):
        done = separate(tmp_path, f"{name}.wav", f"{name}.flac", "--model", tiny_model)
        assert done.stdout.startswith(f"{shown}.wav")
        assert done.stderr.startswith("rtsep: no file a\\x1b]0;x \\u202eb.flac")
        assert (done.stdout + done.stderr).count("\n") == 2
    assert tree(tmp_path / "separated")[0] == f"{name}/drums.wav"


def test_a_broken_file_does_not_stop_the_others(tmp_path, tiny_model):
    broken = tmp_path / "broken.wav"
    broken.write_text("this is no sound")
    done = separate(tmp_path, "missing.mp3", song(tmp_path / "a.wav"), broken, song(tmp_path / "b.wav"), "-o", "out",
                    "--model", tiny_model)
    assert done.returncode == 1
    assert {path.parts[0] for path in map(Path, tree(tmp_path / "out"))} == {"a", "b"}
    messages = done.stderr.splitlines()
    assert len(messages) == 2
    assert messages[0].startswith("rtsep: no file missing.mp3")
    assert messages[1].startswith(f"rtsep: {broken} is damaged or in a format")


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path, tiny_model):
    done = separate(tmp_path, song(tmp_path / "x" / "song.wav"), song(tmp_path / "y" / "song.wav", 0.2), "-o", "out",
                    "--model", tiny_model, "--stems", "guitar")
    assert done.returncode == 0
    assert tree(tmp_path / "out") == ["song-2/guitar.wav", "song/guitar.wav"]
    assert soundfile.info(tmp_path / "out" / "song-2" / "guitar.wav").frames == 8820


def test_bad_samples_are_reported(tmp_path, tiny_model):
    noise = np.full((9000, 1), 0.1, np.float32)
    noise[100:107] = np.nan
    soundfile.write(tmp_path / "nan.wav", noise, 44100, subtype="FLOAT")
    done = separate(tmp_path, "nan.wav", "--model", tiny_model)
    assert done.returncode == 0
    assert "7 frames held no usable numbers" in done.stdout


@pytest.mark.parametrize(("arguments", "words"), [
    (["--model", "nonsense"], "no model 'nonsense'"),
    (["--model", "missing.onnx"], "no model file missing.onnx"),
    (["--stems", "kazoo"], "no stem 'kazoo': this model has drums, guitar, other"),
    (["--stems", "guitar", "guitar"], "name each stem once"),
    (["--mask-gain", "61"], "--mask-gain: 61.0 is not -80 to 60 dB, nor off"),
])
def test_wrong_options_are_one_sentence_before_any_work(tmp_path, tiny_model, arguments, words):
    model = [] if "--model" in arguments else ["--model", tiny_model]
    done = separate(tmp_path, song(tmp_path / "a.wav"), *model, *arguments)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"rtsep: {words}")
    assert not (tmp_path / "separated").exists()


def test_a_disk_that_takes_no_more_is_explained_and_left_clean(tmp_path, tiny_model):
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = separate(tmp_path, song(tmp_path / "a.wav", 2.0), "-o", "out", "--model", tiny_model, preexec_fn=small_disk)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot write" in done.stderr
    assert tree(tmp_path / "out") == []


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_leaves_no_half_stem(tmp_path, tiny_model, number, jobs):
    sources = [song(tmp_path / f"{name}.wav", 120.0) for name in ("first", "second")]
    with subprocess.Popen([*COMMAND, *sources, "-o", "out", "--model", tiny_model, "--jobs", jobs], cwd=tmp_path,
                          env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "out").rglob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.001)
        os.killpg(process.pid, number)  # as a terminal does
        assert process.wait(30) == 128 + number
        said = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
        assert process.stderr.read() == f"rtsep: {said}\n"
    assert tree(tmp_path / "out") == []


def test_a_terminal_sees_a_progress_bar(tmp_path, tiny_model):
    ours, theirs = pty.openpty()
    source = song(tmp_path / "a.wav", 20.0)
    with subprocess.Popen([*COMMAND, source, "-o", "out", "--model", tiny_model], cwd=tmp_path, stdout=theirs,
                          env=environment() | {"TERM": "xterm", "COLUMNS": "100"}) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the terminal is gone when the program is
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert "x real time" in shown.decode()
    assert "━" in shown.decode()
    assert "times real time" in shown.decode()


def test_a_name_in_another_encoding_is_a_name(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav")
    name = os.fsencode(tmp_path) + b"/caf\xe9 [red].wav"
    os.replace(source, name)
    done = subprocess.run([*COMMAND, name, "-o", "out", "--model", tiny_model], capture_output=True, cwd=tmp_path,
                          env=environment() | {"LC_ALL": "C"}, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(list((tmp_path / "out").rglob("*.wav"))) == 3


def test_finished_tracks_are_skipped_and_foreign_ones_kept(tmp_path, tiny_model):
    options = ("-o", "out", "--model", tiny_model, "--stems", "guitar")
    assert separate(tmp_path, song(tmp_path / "x" / "a.wav"), *options).returncode == 0
    again = separate(tmp_path, "x/a.wav", *options)
    assert (again.returncode, "is separated already" in again.stdout) == (0, True)
    assert separate(tmp_path, song(tmp_path / "y" / "a.wav"), *options).returncode == 0
    assert tree(tmp_path / "out") == ["a-2/guitar.wav", "a/guitar.wav"]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_standard_streams_harm_nothing(tmp_path, tiny_model, closed):
    song(tmp_path / "a.wav")
    line = f"exec {' '.join(map(str, COMMAND))} a.wav missing.wav -o out --model {tiny_model} {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert soundfile.info(tmp_path / "out" / "a" / "guitar.wav").frames == 22050


def test_a_full_standard_output_is_told(tmp_path, tiny_model):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, song(tmp_path / "a.wav"), "-o", "out", "--model", tiny_model], stdout=full,
                              stderr=subprocess.PIPE, cwd=tmp_path, env=environment(), text=True, timeout=120,
                              check=False)
    assert (done.returncode, done.stderr) == (1, "rtsep: cannot go on: No space left on device\n")


def test_options_stand_anywhere_and_wrong_ones_are_told_with_the_nearest(tmp_path, tiny_model):
    song(tmp_path / "a.wav")
    song(tmp_path / "b.wav")
    assert separate(tmp_path, "a.wav", "--model", tiny_model, "b.wav", "-o", "out").returncode == 0
    assert {path.parts[0] for path in map(Path, tree(tmp_path / "out"))} == {"a", "b"}
    wrong = separate(tmp_path, "a.wav", "--overwite")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("usage: rtsep separate")
    assert "did you mean --overwrite?" in wrong.stderr


def test_a_wrong_command_is_told_with_the_nearest(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["seperate", "a.wav"])
    assert "did you mean separate?" in capsys.readouterr().err
