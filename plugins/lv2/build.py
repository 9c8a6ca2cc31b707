"""Build the LV2 bundle: `python -m plugins.lv2.build`, or `make plugin`; what the code needs lies in it, model too."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from plugins.lv2.describe import BINARY, NAMES, description, header, manifest
from rtsep.errors import RtsepError
from rtsep.model.catalogue import LIVE_MODEL, find_model
from rtsep.model.gate import read_step
from rtsep.native.flat import SUFFIX, flatten
from scripts.build_native import build

ROOT = Path(__file__).parents[2]
BUNDLE = "rtsep.lv2"


def build_bundle(bundle: Path, model: str = LIVE_MODEL, flags: Sequence[str] = ()) -> None:
    """Build a bundle.

    Parameters
    ----------
    bundle
        Its folder; what it held before is replaced.
    model
        Name of the model in it, or the path to a step model; the plugins have ports for its stems.
    flags
        More of them for the compiler.

    Raises
    ------
    ModelError
        When the model cannot be read, or cannot be flat.
    RuntimeError
        When the code cannot be compiled; the reason is on stderr.
    """
    file = read_step(find_model(model))
    stems, name = file.card.stems, f"{Path(model).stem}{SUFFIX}"
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, BUNDLE)
        folder.mkdir()
        Path(work, "ports.h").write_text(header(stems, name))
        source = ROOT / "rtsep" / "native"
        includes = [f"-I{source / 'src'}", f"-I{work}", "-DRTSEP_INSIDE"]
        if not build(source, folder / BINARY, [*includes, *flags], [Path(__file__).with_name("rtsep_lv2.c")]):
            raise RuntimeError("the plugin cannot be compiled: it needs a C compiler and the headers of LV2 "
                               "(Debian: lv2-dev)")
        (folder / name).write_bytes(flatten(file))
        (folder / "manifest.ttl").write_text(manifest())
        for uri in NAMES:
            (folder / f"{uri.split(':')[-1]}.ttl").write_text(description(uri, stems))
        bundle.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(bundle, ignore_errors=True)
        shutil.copytree(folder, bundle)


def user_folder() -> Path:
    """Where hosts look for the plugins of a user."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Audio" / "Plug-Ins" / "LV2"
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"]) / "LV2"
    return Path.home() / ".lv2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a bundle in a folder, or where hosts find it."""
    parser = argparse.ArgumentParser("python -m plugins.lv2.build", description="Build the LV2 plugins.")
    parser.add_argument("--model", default=LIVE_MODEL, help="the model in it: a name, or the path to an .onnx file")
    parser.add_argument("--folder", type=Path, default=Path("build"), help=f"where {BUNDLE} will be (default: build)")
    parser.add_argument("--install", action="store_true", help=f"build it into {user_folder()}, where hosts find it")
    options = parser.parse_args(arguments)
    bundle = (user_folder() if options.install else options.folder) / BUNDLE
    try:
        build_bundle(bundle, options.model)
    except (RtsepError, RuntimeError) as error:
        print(f"plugin: {error}", file=sys.stderr)
        return 1
    print(bundle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
