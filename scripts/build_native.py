"""Build hook: compile the native code, one library that holds a variant for each kind of this family of processors.

The scalar variant runs on any processor. Where there is no C compiler, nothing is built, and ONNX Runtime or
numpy do the work. `CC` names another compiler, also one for another processor or system; on Windows that is GCC of
mingw-w64.
"""

from __future__ import annotations

import os
import platform
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # where somebody only calls `build`
    BuildHookInterface = object  # type: ignore[assignment, misc]

VARIANTS = {"x86_64": {"avx512vnni": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mfma"],
                       "avxvnni": ["-mavx2", "-mavxvnni", "-mfma"], "avx2": ["-mavx2", "-mfma"]},
            "aarch64": {"dotprod": ["-march=armv8.2-a+dotprod"], "neon": []}}
VARIANTS["arm64"] = VARIANTS["aarch64"]
SCALAR, SCALAR_FLAGS = "scalar", ["-DRTSEP_PLAIN"]  # no instructions are written out
LARGEST_MODEL = 10_000_000  # bytes; `rtsep.model.catalogue` tells those who ask for a larger one where it is
IN_VARIANTS = ("hop.c", "nodes.c", "products.c", "transform.c")  # compiled once for each variant; other files once
# what sums need to be computed side by side; -ffast-math would do more, and change the mode of the whole program
FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-Wall", "-Wextra", "-fvisibility=hidden", "-fstack-protector-strong",
         "-fopenmp-simd", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"]
PLAIN_FLAGS = ["-O2", "-fPIC"]  # of a compiler that does not know those
LINK = {"linux": ["-Wl,-z,relro", "-Wl,-z,now"], "mingw": ["-static", "-fstack-protector-strong"]}
MINGW_FLAGS = ["-Wa,-muse-unaligned-vector-move"]  # its stack is too little aligned for wide vectors (GCC bug 54412)
OLDEST_MACOS = {"arm64": "11.0", "x86_64": "10.13"}


class NativeHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it makes a wheel, or an editable installation."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and let the wheel be one for this system if anything was."""
        root = Path(self.root).resolve()
        if version != "editable":  # an editable installation reads them where they are
            build_data["force_include"].update(models(root))
        if sys.platform == "darwin":  # read by the compiler, and a part of the tag
            os.environ.setdefault("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS[platform.machine()])
        built = build(root / "rtsep" / "native")
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_tag()}"
            build_data["artifacts"] += [f"/{path.relative_to(root)}" for path in built]


def platform_tag() -> str:
    """Say which systems a wheel is for; on macOS the one processor that was compiled for, whatever Python runs on."""
    tag = sysconfig.get_platform()
    if sys.platform == "darwin":
        tag = f"macosx-{os.environ['MACOSX_DEPLOYMENT_TARGET']}-{platform.machine()}"
    return tag.replace("-", "_").replace(".", "_")


def target_of(compiler: Sequence[str]) -> str:
    """Say what a compiler compiles for, as `x86_64-linux-gnu`."""
    done = subprocess.run([*compiler, "-dumpmachine"], check=True, capture_output=True, text=True)
    return done.stdout.strip().lower()


def models(root: Path) -> dict[str, str]:
    """Files of the models that a wheel brings, with their places in it: all but the largest."""
    small = [path for path in sorted((root / "models").glob("*.onnx")) if path.stat().st_size <= LARGEST_MODEL]
    return {str(path): f"rtsep/models/{path.name}" for model in small for path in (model, model.with_suffix(".yaml"))}


def build(folder: Path, target: Path | None = None, flags: Sequence[str] = (), more: Sequence[Path] = ()
          ) -> list[Path]:
    """Compile the C files in `folder/src`.

    Parameters
    ----------
    folder
        Of the native code; the library lies there unless `target` says otherwise.
    target
        The library.
    flags
        More of them, for the compiler and the linker.
    more
        Other C files that become a part of the library.

    Returns
    -------
    built
        The library, or nothing where it could not be made; the reason is on stderr.
    """
    identity = runpy.run_path(str(folder / "identity.py"))
    source, target = folder.resolve() / "src", (target or folder / identity["LIBRARY"]).resolve()
    compiler = _compiler()
    with tempfile.TemporaryDirectory() as work:
        try:
            objects = _variants(compiler, source, Path(work), flags)
            names = [f"-DRTSEP_HAS_{name}" for name in objects]
            names.append(f'-DRTSEP_BUILD="{identity["sources_hash"](source)}"')
            whole = [*(path for path in sorted(source.glob("*.c")) if path.name not in IN_VARIANTS), *more]
            _run([*compiler, *_known(compiler, Path(work)), *flags, *names, "-c", *map(str, whole)], Path(work))
            linked = Path(work, target.name)  # on some systems the name becomes a part of the library
            parts = [*(str(Path(work) / path.with_suffix(".o").name) for path in whole),
                     *(path for paths in objects.values() for path in paths)]
            link = [option for system, options in LINK.items() if system in target_of(compiler) for option in options]
            try:
                _run([*compiler, "-shared", *link, *flags, *parts, "-o", str(linked), "-lm"], Path(work))
            except subprocess.CalledProcessError:  # a linker without these options
                _run([*compiler, "-shared", *flags, *parts, "-o", str(linked), "-lm"], Path(work))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no native code ({error}): ONNX Runtime or numpy will do its work\n{getattr(error, 'stderr', '')}",
                  file=sys.stderr)
            return []
        draft = target.with_suffix(".draft")
        shutil.copy(linked, draft)
        draft.replace(target)  # a program that runs keeps the file that it has loaded
    return [target]


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CC", "gcc" if sys.platform == "win32" else "cc"))


def _variants(compiler: Sequence[str], source: Path, work: Path, flags: Sequence[str]) -> dict[str, list[str]]:
    """Compile every variant that this compiler can; return object files by variant. The scalar one must be there."""
    files = [source / name for name in IN_VARIANTS]
    objects, machine = {}, target_of(compiler).partition("-")[0]
    for name, options in {**VARIANTS.get(machine, {}), SCALAR: SCALAR_FLAGS}.items():
        folder = work / name
        folder.mkdir()
        command = [*compiler, *_known(compiler, work), *options, *flags, f"-DRTSEP_VARIANT={name}", "-c",
                   *map(str, files)]
        try:
            _run(command, folder)
        except subprocess.CalledProcessError as error:
            if name == SCALAR:
                raise
            print(f"no native code for {name}:\n{error.stderr}", file=sys.stderr)
            continue
        objects[name] = [str(folder / path.with_suffix(".o").name) for path in files]
    return objects


def _known(compiler: Sequence[str], work: Path) -> list[str]:
    """Return the flags that a compiler knows: ours, or hardly any."""
    flags = [*FLAGS, *MINGW_FLAGS] if "mingw" in target_of(compiler) else FLAGS
    probe = work / "probe.c"
    if not probe.exists():
        probe.write_text("int probe(void);\nint probe(void) { return 0; }\n")
    try:
        _run([*compiler, *flags, "-Werror", "-c", str(probe), "-o", str(work / "probe.o")], work)
    except subprocess.CalledProcessError:
        return PLAIN_FLAGS
    return flags


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a compiler; what it warns of is shown."""
    done = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)
    if done.stderr:
        print(done.stderr, file=sys.stderr, end="")


if __name__ == "__main__":
    sys.exit(not build(Path(__file__).parents[1] / "rtsep" / "native"))
