"""The same library for other processors and systems: compiled across, run by qemu and Wine, equal to the one here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rtsep.model.catalogue import find_model
from rtsep.native import bindings
from rtsep.native.flat import write_flat
from rtsep.types import Audio
from scripts.build_native import build
from tests.native.c_separator import CSeparator
from tests.native.conftest import needs_native

SOURCE = Path(__file__).with_name("elsewhere.c")
SOUND = (0.1 * np.random.default_rng(3).standard_normal((2, 12_000))).astype(np.float32)
ARM, WINDOWS = "aarch64-linux-gnu-gcc", "x86_64-w64-mingw32-gcc"
ODD = "ein Modell, \u00fcber \u97f3.rtsep"  # as in the program
CLOSE_DB = -70.0  # 8-bit products round inputs that differ in the last bit to another step

pytestmark = needs_native


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flat") / "stage.rtsep"
    write_flat(find_model("stage"), path)
    return path


def compiled(compiler: str, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile library and program into one folder; the program."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    folder, native = tmp_path_factory.mktemp("elsewhere"), Path(bindings.__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", compiler)
        (built,) = build(native, folder / "rtsep.dll", ["-Werror"])
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", f"-I{native / 'src'}", str(SOURCE), str(built),
                    "-o", str(folder / name)], check=True, timeout=100)
    return folder / name


@pytest.fixture(scope="module")
def on_arm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("no qemu-aarch64: apt install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross")
    return compiled(ARM, "program", tmp_path_factory)


def run(command: list[str], model: Path, tmp_path: Path, **env: str) -> tuple[str, Audio]:
    """Run the program; return the variant that it says, and what the first stem became."""
    (tmp_path / "sound").write_bytes(SOUND.T.tobytes())
    done = subprocess.run([*command, str(model), "sound", "stem"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=300, env=env or None)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), np.fromfile(tmp_path / "stem", np.float32).reshape(-1, 2).T


def error_db(found: Audio, model: Path) -> float:
    expected = CSeparator(model).process(SOUND)[0]
    return float(10 * np.log10(np.mean((found - expected) ** 2) / np.mean(expected**2) + 1e-20))


@pytest.mark.parametrize(("processor", "variant"), [("cortex-a72", "neon"), ("max", "dotprod")])
def test_arm(processor: str, variant: str, on_arm: Path, model: Path, tmp_path: Path) -> None:
    told, found = run(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={on_arm.parent}", "-cpu",
                       processor, str(on_arm)], model, tmp_path)
    assert told == variant
    assert error_db(found, model) < CLOSE_DB


def test_windows(model: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    wine = shutil.which("wine64") or next(iter(map(str, Path("/usr/lib/wine").glob("wine64"))), None)
    if wine is None:
        pytest.skip("no wine64: apt install wine64 gcc-mingw-w64-x86-64")
    program = compiled(WINDOWS, "program.exe", tmp_path_factory)
    shutil.copy(model, tmp_path / ODD)
    told, found = run([wine, str(program)], Path("odd"), tmp_path, HOME=str(tmp_path), LANG="C.UTF-8",
                      WINEPREFIX=str(tmp_path / "wine"), WINEDEBUG="-all")
    assert told in bindings.variants()
    assert error_db(found, model) < CLOSE_DB
