"""Build hook: compile the kernels of step and transform, once for each instruction set of this kind of processor.

Where there is no C compiler, or on Windows, nothing is built, and ONNX Runtime and numpy do their work. `CC` names
another compiler.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SETS = {"x86_64": {"avx512vnni": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mfma"],
                   "avx2": ["-mavx2", "-mfma"]},
        "aarch64": {"neon": ["-march=armv8.2-a+dotprod"]}}
SETS |= {"amd64": SETS["x86_64"], "arm64": SETS["aarch64"]}
# what sums need to be computed side by side; -ffast-math would do more, and change the mode of the whole program
FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-shared", "-fopenmp-simd", "-fassociative-math", "-fno-signed-zeros",
         "-fno-trapping-math", "-fno-math-errno", "-ffinite-math-only"]


class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it makes a wheel, or an editable installation."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and let the wheel be one for this system if anything was."""
        built = build(Path(self.root) / "rtsep" / "native")
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["artifacts"] += [f"/{path.relative_to(self.root)}" for path in built]


def build(folder: Path) -> list[Path]:
    """Compile the C files of a folder beside them; return what was made."""
    built = []
    compiler = shlex.split(os.environ.get("CC", "cc"))
    for name, options in SETS.get(platform.machine().lower(), {}).items():
        if sys.platform == "win32":
            break
        target = folder / f"{name}.kernels"
        draft = target.with_suffix(".draft")
        sources = map(str, sorted((folder / "src").glob("*.c")))
        command = [*compiler, *FLAGS, *options, *sources, "-o", str(draft), "-lm"]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no kernels for {name} ({error}): ONNX Runtime and numpy will do their work", file=sys.stderr)
            continue
        draft.replace(target)  # a program that runs keeps the file that it has loaded
        built.append(target)
    return built
