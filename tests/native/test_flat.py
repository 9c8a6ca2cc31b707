"""The flat model file: what is wrong with one is told; nothing but sound happens in a callback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtsep.cli.main import main
from rtsep.model.gate import read_step
from rtsep.native.bindings import library_file
from rtsep.native.flat import FLAT_NODE, HEADER, flatten, with_checksum
from tests.native.c_separator import CError, CSeparator
from tests.native.conftest import needs_native
from tests.rigs.models import TINY

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "rtsep" / "native" / "src"

pytestmark = needs_native


@pytest.fixture(scope="module")
def file() -> bytes:
    """Give the flat file of a small model."""
    return flatten(read_step(TINY))


def changed(file: bytes, **fields: object) -> bytes:
    """Return a file with other numbers in its header, and the right checksum."""
    header = np.frombuffer(file, HEADER, 1).copy()
    for name, value in fields.items():
        header[name] = value
    return with_checksum(header.tobytes() + file[HEADER.itemsize:])


def refusal(file: bytes) -> str:
    with pytest.raises(CError) as caught:
        CSeparator(file)
    return caught.value.name


def test_a_file_is_one_of_this_version_and_whole(file: bytes, tmp_path: Path) -> None:
    CSeparator(with_checksum(file))
    assert refusal(b"") == refusal(file[:500]) == refusal(b"RIFF" + file[4:]) == "no model"
    assert refusal(changed(file, version=1)) == "other version"
    assert refusal(file[:-1]) == refusal(file + b"\0") == refusal(file[:2000] + b"\xaa" + file[2001:]) == "damaged"
    with pytest.raises(CError, match="no file"):
        CSeparator(tmp_path / "none.rtsep")
    with pytest.raises(CError, match=r"no (file|model)"):
        CSeparator(tmp_path)


@pytest.mark.parametrize(("field", "value"), [
    ("samplerate", 0), ("samplerate", 800_000), ("analysis", 1000), ("analysis", 32), ("analysis", 1 << 17),
    ("synthesis", 384), ("synthesis", 2048), ("hop", 0), ("hop", -256), ("hop", 512), ("stereo", 2), ("stems", 0),
    ("stems", 17), ("contexts", -1), ("contexts", 5), ("features", 3), ("nodes", 0), ("nodes", 1 << 30), ("states", -1),
    ("context", 1000), ("context", 512), ("look_ahead", -1), ("look_ahead", 65), ("look_ahead", 1 << 30),
    ("name", b"x" * 104), ("stem", b""), ("stem", b"y" * 40), ("stem", b"a/b"),
    ("weights_at", 1 << 40), ("weights_at", 8), ("weights_size", 1 << 40), ("weights_size", 1),
    ("values_size", 1 << 31), ("values_size", 0), ("nodes_at", (1 << 64) - 64), ("clear_at", 1 << 62),
    ("feature", 0), ("feature", 1 << 62), ("estimates", 64), ("estimates", (1 << 64) - 4), ("estimates_row", -1),
    ("estimates_row", 1 << 40)])
def test_what_a_header_cannot_say(file: bytes, field: str, value: object) -> None:
    assert refusal(changed(file, **{field: value})) == "malformed"


@pytest.mark.parametrize("field", ["kind", "rows", "columns", "inputs", "out_row", "out"])
def test_a_node_that_leaves_the_image(file: bytes, field: str) -> None:
    header = np.frombuffer(file, HEADER, 1)[0]
    begin, count = int(header["nodes_at"]), int(header["nodes"])
    nodes = np.frombuffer(file, FLAT_NODE, count, begin).copy()
    nodes[field][count // 2] = (1 << 31) - 1
    changed_file = file[:begin] + nodes.tobytes() + file[begin + nodes.nbytes:]
    if field == "inputs" and nodes["kind"][count // 2] not in (10, 12, 13):
        pytest.skip("this one has none")
    assert refusal(with_checksum(changed_file)) == "malformed"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the flat file of `stage` by the command."""
    out = tmp_path_factory.mktemp("flat") / "stage.rtsep"
    assert main(["models", "--flatten", "stage", "-o", str(out)]) == 0
    return out


def test_the_command_writes_beside_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(TINY.read_bytes())
    assert main(["models", "--flatten", str(model)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mine.rtsep")
    assert (tmp_path / "mine.rtsep").read_bytes() == flatten(read_step(model))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.onnx", "mine.rtsep"]


def test_the_command_writes_over_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(b"RIFF")
    assert main(["models", "--flatten", str(TINY), "-o", str(song)]) == 1
    assert "song.wav is there and holds something else than a flat file: it is kept" in capsys.readouterr().err
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"RIFF"]


def compiled(source: Path, target: Path, *flags: str) -> Path:
    """Compile a C program with the library."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-O2", str(source), f"-I{SOURCES}", str(library_file()),
                    f"-Wl,-rpath,{library_file().parent}", *flags, "-o", str(target)], check=True, timeout=100)
    return target


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="it looks at registers of x86-64")
def test_a_callback_neither_allocates_nor_calls_the_system(stage: Path, tmp_path: Path) -> None:
    program = compiled(Path(__file__).with_name("in_a_callback.c"), tmp_path / "in_a_callback", "-rdynamic")
    done = subprocess.run([program, stage], capture_output=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, b"done")
    sound = np.frombuffer(done.stdout, np.float32)
    assert np.sqrt(np.mean(sound**2)) > 1e-3


def test_the_example_in_c_takes_the_guitar_out(stage: Path, tmp_path: Path) -> None:
    program = compiled(ROOT / "examples" / "remove_guitar.c", tmp_path / "remove")
    sound = (0.1 * np.random.default_rng(2).standard_normal((2, 5000))).astype(np.float32)
    done = subprocess.run([program, stage], input=sound.T.tobytes(), capture_output=True, timeout=100, check=True)
    expected = CSeparator(stage, stems=("rest", "guitar")).process(sound)[0]
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.float32).reshape(-1, 2).T, expected)
    assert done.stderr == b"512 frames late\n"
    failed = subprocess.run([program, ROOT / "README.md"], capture_output=True, timeout=100, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith(b"this is no flat model file")
