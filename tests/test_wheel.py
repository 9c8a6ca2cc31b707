"""A wheel, installed into an empty environment of each Python that is at hand, knows itself, separates and plays."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
INDEX = ("pypi.org", 443)
INSTALL_S = 600.0


UV = Path(sys.executable).with_name("uv")
NOT_HANDED_ON = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a program, without what this one was given to find modules; its output, or a failed test that shows it."""
    env = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=INSTALL_S, cwd=cwd,
                          env=env, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout


def find_python(version: str) -> str | None:
    """Path of a Python of this version; on the path, or among those of pyenv and uv."""
    on_path = [found for found in (shutil.which(f"python{version}"),) if found]
    kept = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"),
            *Path.home().glob(f".local/share/uv/python/cpython-{version}.*/bin/python3")]
    for python in [*on_path, *map(str, sorted(kept))]:
        found = subprocess.run([python, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"],
                               capture_output=True, text=True)
        if found.stdout.strip() == version:
            return python
    return None


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, as a release does."""
    try:
        socket.create_connection(INDEX, timeout=5).close()
    except OSError as error:
        pytest.skip(f"no package index ({error}): the environments cannot be filled")
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder,
        ROOT)
    (built,) = folder.glob("rtsep-*.whl")
    with zipfile.ZipFile(built) as archive:
        assert "rtsep/native/librtsep.native" in archive.namelist()
    assert re.fullmatch(r"rtsep-[\d.]+-py3-none-(linux|macosx|win)\w+\.whl", built.name), built.name
    return built


@pytest.mark.parametrize("version", PYTHONS)
def test_an_installed_wheel_runs(version: str, wheel: Path, tmp_path: Path) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here: `uv python install {version}` fetches one")
    run(UV, "venv", "--quiet", "--python", python, tmp_path / "venv")  # keeps what it has fetched, unlike pip
    programs = tmp_path / "venv" / "bin"
    run(UV, "pip", "install", "--quiet", "--python", programs / "python", "--only-binary", ":all:", "--constraint",
        ROOT / "constraints.txt", wheel)
    told = " ".join(run(programs / "rtsep", "doctor", cwd=tmp_path).split())
    assert re.search(r"model stage ok, -\d+ dB against its reference, native code", told), told
    assert isinstance(json.loads(run(programs / "rtsep", "devices", "--json", cwd=tmp_path)), list)
    song = 0.1 * np.random.default_rng(1).standard_normal((44100, 2))
    soundfile.write(tmp_path / "song.wav", song, 44100, subtype="FLOAT")
    run(programs / "rtsep", "separate", "song.wav", "-o", "out", cwd=tmp_path)
    stems = [soundfile.read(path)[0] for path in (tmp_path / "out" / "song").glob("*.wav")]
    assert len(stems) == 5
    np.testing.assert_allclose(np.sum(stems, axis=0), song, atol=1e-4)
    run(programs / "rtsep", "live", "--input", "song.wav", "--output", "none", "--record", "take", "--midi", "off",
        cwd=tmp_path)
    take = tmp_path / "take"
    assert {path.name for path in take.glob("*.flac")} == {"mixture.flac", "guitar.flac", "rest.flac"}
    np.testing.assert_allclose(soundfile.read(take / "mixture.flac")[0], song, atol=1e-5)


def test_every_dependency_has_a_wheel(wheel: Path, tmp_path: Path) -> None:
    """Also where the Python itself is not at hand; all at once, since the time goes by in waiting for the index."""
    (tmp_path / "requested.txt").write_text(f"rtsep @ {wheel.as_uri()}\n")

    def compiled(version: str) -> str:
        return run(UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:",
                   "--python-version", version, "--python-platform", "x86_64-manylinux_2_28", "--constraint",
                   ROOT / "constraints.txt", tmp_path / "requested.txt")

    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        found = dict(zip(PYTHONS, pool.map(compiled, PYTHONS), strict=True))
    for version, packages in found.items():
        assert len(packages.splitlines()) > 12
        assert ("python-rtmidi" in packages) == (version in ("3.11", "3.12"))


def test_the_wheel_brings_licences_credits_and_no_large_model(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
        assert all(b"credits:" in archive.read(name) for name in names if name.startswith("rtsep/models/")
                   and name.endswith(".yaml"))
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    assert {"LICENSE", "LICENSES/CC-BY-4.0.txt"} == set(metadata.get_all("License-File"))
    assert "rtsep/models/stage.onnx" in names
    assert "rtsep/models/paper.onnx" not in names
    assert any(name.endswith("share/man/man1/rtsep.1") for name in names)
    assert wheel.stat().st_size < 25_000_000
