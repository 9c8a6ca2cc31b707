"""The command line as users meet it: help, version, exit codes, pipes."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile

import rtsep
from rtsep.cli import main as cli
from rtsep.errors import ConfigError


def rtsep_command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rtsep.cli.main", *arguments], capture_output=True, text=True,
                          timeout=120, check=False, **options)


def with_command(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Replace all commands by one called `act`."""
    def add_parser(subparsers) -> None:
        subparsers.add_parser("act").set_defaults(run=run)

    monkeypatch.setitem(sys.modules, "rtsep.cli.act", types.SimpleNamespace(add_parser=add_parser))
    monkeypatch.setattr(cli, "COMMANDS", ("act",))


def raising(error: BaseException):
    def run(args) -> int:
        raise error
    return run


@pytest.mark.parametrize("words", [("\x1b" + "x" * 50_000,), ("models", "--\x1b" + "x" * 50_000),
                                   ("separate", "a.wav", "--bitrate", "x" * 50_000)],
                         ids=["command", "option", "value"])
def test_wrong_usage_is_told_in_bounded_length(words):
    done = rtsep_command(*words)
    assert done.returncode == 2
    assert len(done.stderr) < 2500
    assert "\x1b" not in done.stderr


def test_version():
    done = rtsep_command("--version")
    assert (done.returncode, done.stdout) == (0, f"rtsep {rtsep.__version__}\n")


def test_the_package_is_a_command():
    done = subprocess.run([sys.executable, "-m", "rtsep", "--version"], capture_output=True, text=True, timeout=60,
                          check=False)
    assert (done.returncode, done.stdout) == (0, f"rtsep {rtsep.__version__}\n")


def test_help_names_every_command_and_loads_nothing_heavy():
    code = ("import sys; from rtsep.cli.main import main\n"
            "try: main(['--help'])\n"
            "finally: print({'numpy', 'onnxruntime', 'torch', 'rich', 'soxr'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    for command in cli.COMMANDS:
        assert f"\n    {command}" in done.stdout
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize(("command", "spared"), [
    (["models"], {"yaml", "soundfile", "soxr", "mutagen", "onnxruntime", "sounddevice", "jack", "rtmidi"}),
    (["separate", "song.wav", "-o", "out"], {"yaml", "rich", "onnxruntime", "sounddevice", "jack", "rtmidi"}),
    (["separate", "song.wav", "--dry-run"], {"yaml", "rich", "onnxruntime", "sounddevice", "jack", "rtmidi"})])
def test_a_command_loads_only_what_it_needs(command, spared, tmp_path):
    """The start of a command takes a third of a second, and most of it is loading."""
    soundfile.write(tmp_path / "song.wav", np.zeros((9000, 2)), 44100)
    code = (f"import sys; from rtsep.cli.main import main\n"
            f"code = main({command})\n"
            f"print(*sorted({spared} & set(sys.modules)), file=sys.stderr)\n"
            f"sys.exit(code)")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path,
                          env=env)
    assert (done.returncode, done.stderr) == (0, "\n")


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command):
    done = rtsep_command(command, "--help")
    assert done.returncode == 0
    assert f"usage: rtsep {command}" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["sing"], ["separate"], ["models", "--sideways"],
                                       ["separate", "a.wav", "--mask-gain"]])
def test_wrong_usage_exits_with_2(arguments):
    done = rtsep_command(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: rtsep")


@pytest.mark.parametrize("arguments", [
    ["separate", "a.wav", "-o", ""], ["models", "--flatten", "stage", "-o", ""], ["live", "--record", ""],
    ["live", "--log", ""], ["live", "--presets", ""]])
def test_an_empty_path_is_none(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "'' is no path: name a file or a folder" in capsys.readouterr().err


def test_a_file_may_be_named_like_an_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("-song.wav", "b.wav"):
        soundfile.write(name, np.zeros(4410), 44100)
    assert cli.main(["separate", "--stems", "guitar", "-o", "out", "--dry-run", "--", "b.wav", "-song.wav"]) == 0
    assert "-song.wav -> " in capsys.readouterr().out
    for arguments in (["-song.wav"], ["b.wav", "-song.wav"]):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["separate", *arguments, "-o", "out"])
        assert "is -song.wav a file? write ./-song.wav\n" in capsys.readouterr().err


def test_the_commands_exit_code_is_passed_on(monkeypatch):
    with_command(monkeypatch, lambda args: 7)
    assert cli.main(["act"]) == 7


def test_an_error_is_one_sentence_and_1(monkeypatch, capsys):
    with_command(monkeypatch, raising(ConfigError("this is wrong: do that")))
    assert cli.main(["act"]) == 1
    assert capsys.readouterr().err == "rtsep: this is wrong: do that\n"


def test_ctrl_c_is_130_without_a_traceback(monkeypatch, capsys):
    with_command(monkeypatch, raising(KeyboardInterrupt()))
    assert cli.main(["act"]) == 130
    assert capsys.readouterr().err == "rtsep: interrupted\n"


def test_a_bug_is_not_hidden(monkeypatch):
    with_command(monkeypatch, raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["act"])


def test_a_reader_that_leaves_early_causes_no_traceback():
    code = "import sys; from rtsep.cli.main import main; sys.exit(main(['models', '--json']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()
