"""Native code is demanded where a C compiler is: a build that fails must not look like a skip."""

from __future__ import annotations

import os
import shlex
import shutil
import sys

import pytest

from rtsep.native.bindings import NativeError, library_file, load

COMPILER = shutil.which(shlex.split(os.environ.get("CC", "cc"))[0])

needs_native = pytest.mark.skipif(COMPILER is None or sys.platform == "win32", reason="no C compiler here")


def require_native() -> None:
    """Fail where there is a compiler and no native code."""
    if COMPILER is not None and sys.platform != "win32":
        try:
            load(library_file())
        except NativeError as error:
            pytest.fail(f"native code is {error}: python scripts/build_native.py")
