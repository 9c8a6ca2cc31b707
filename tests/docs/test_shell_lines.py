"""Every line that the pages give to a shell: run where that is quick, else read by the parser of its own program.

A block after `<!-- hardware -->` or `<!-- system -->` is for devices, servers, package managers or other programs; its
lines of rtsep are read by the parser all the same.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rtsep.cli.main import build_parser, main
from tests.docs.pages import PAGES, ROOT, Line, shell_lines

LINES = [line for page in PAGES for line in shell_lines(page)]


class _ReadError(Exception):
    """The arguments were read, and nothing else is to be done."""


def split(text: str) -> list[str]:
    """Words of a line, without its comment, its prompt and what a shell does with the result."""
    words = shlex.split(re.split(r" [|&>] ?| < |; ", text.removeprefix("$ "))[0], comments=True)
    while words and (re.fullmatch(r"\w+=\S+", words[0]) or words[0] in ("pw-jack", "sudo", "time")):
        words = words[1:]
    return words


def arguments(line: Line) -> list[str]:
    """Words after `rtsep` in a line that begins with it; none in any other."""
    try:
        words = split(line.text)
    except ValueError:  # a sentence with an apostrophe
        return []
    return words[1:] if words and words[0].rpartition("/")[2] == "rtsep" else []


def is_example(line: Line) -> bool:
    """Whether a line is whole: without words left out, and not a container's."""
    return not re.search(r"…|\.\.\.|podman|docker", line.text.partition("#")[0])


RTSEP = [line for line in LINES if is_example(line) and arguments(line)]
TRAINER = re.compile(r"(?:torchrun .*-m|python -m) (?:training|bench)\b")


@pytest.mark.parametrize("line", RTSEP, ids=lambda line: f"{line.page}:{line.number}")
def test_the_parser_takes_lines_of_rtsep(line: Line) -> None:
    build_parser().parse_args(arguments(line))


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the files that the pages speak of, in the present folder."""
    monkeypatch.chdir(tmp_path)
    sound = 0.1 * np.random.default_rng(1).standard_normal((4410, 2))
    for name in ("song.wav", "song.mp3", "song.flac", "album/one.wav", "music/one.mp3", "music/in/two.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, sound, 44100)
    return tmp_path


@pytest.mark.parametrize("line", [line for line in RTSEP if not line.mark and arguments(line)[0] == "separate"],
                         ids=lambda line: f"{line.page}:{line.number}")
def test_lines_that_separate_find_their_files(line: Line, music: Path) -> None:
    given = arguments(line)
    if "-" in given:  # standard input and output have tests of their own
        return
    assert main([*given, "--dry-run"]) == 0


@pytest.mark.parametrize("command", ["models", "devices"])
def test_quick_commands_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("line", [line for line in LINES if TRAINER.match(line.text) and is_example(line)],
                         ids=lambda line: f"{line.page}:{line.number}")
def test_trainer_and_benches_take_their_lines(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    parse = argparse.ArgumentParser.parse_args

    def only_read(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        parse(self, args, namespace)
        raise _ReadError

    words = split(line.text)
    place = words.index("-m", words.index("torchrun") if "torchrun" in words else 0)
    module, given = words[place + 1], words[place + 2:]
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_read)
    with pytest.raises(_ReadError):
        importlib.import_module(f"{module}.cli" if module == "training" else module).main(given)


@pytest.mark.parametrize("line", [line for line in LINES if re.search(r"-m pytest ", line.text)],
                         ids=lambda line: f"{line.page}:{line.number}")
def test_tests_that_are_named_are_there(line: Line) -> None:
    paths = [word for word in split(line.text) if word.startswith("tests")]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("line", [line for line in LINES if line.text.startswith("make ")],
                         ids=lambda line: f"{line.page}:{line.number}")
def test_targets_of_make_are_there(line: Line) -> None:
    target = split(line.text)[1]
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


@pytest.mark.parametrize("line", [line for line in LINES if re.match(r"python (scripts|examples)/", line.text)],
                         ids=lambda line: f"{line.page}:{line.number}")
def test_scripts_are_there(line: Line) -> None:
    assert (ROOT / split(line.text)[1]).is_file(), line.text


def test_other_programs_stand_in_marked_blocks() -> None:
    """Else a reader, and this test, could not tell what changes the system."""
    others = re.compile(r"(sudo|apt|dnf|pacman|brew|pipx?|uv|py|pw-[a-ik-z]\w+|pactl|jackd?\w*|podman|docker|rm|cp|sh|"
                        r"systemctl|curl|git|export|ulimit) ")
    unmarked = [line for line in LINES if not line.mark and others.match(line.text)]
    assert [f"{line.page}:{line.number}: {line.text}" for line in unmarked] == []


def test_wrong_options_are_found() -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(arguments(Line("x.md", 1, "pw-jack rtsep live --remowe guitar")))
