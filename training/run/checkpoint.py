"""Checkpoints: written whole or not at all, and read with a sentence for what is none."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rtsep.errors import ConfigError


def write_checkpoint(paths: Sequence[Path], content: dict[str, Any]) -> None:
    """Write one content to several files; each keeps what it was until the new one is whole.

    Raises
    ------
    ConfigError
        When a file cannot be written, as on a full disk.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    for path in paths:
        draft = path.with_suffix(".draft")
        try:
            draft.write_bytes(buffer.getbuffer())
            os.replace(draft, path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ConfigError(f"cannot write {path} ({error.strerror}); checkpoints from before are whole: make room "
                              "and go on with --resume") from None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote.

    Raises
    ------
    ConfigError
        When the file is missing, damaged or no checkpoint of this trainer.
    """
    if not path.is_file():
        raise ConfigError(f"no checkpoint {path}: check the name and the folder")
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not look at the checksums of what it stores
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"damaged: the checksum of {damaged} differs")
        content = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"recipe", "net", "ema", "log", "curves"} - set(content)
        if missing:
            raise KeyError(min(missing))
        return dict(content)
    except (OSError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError,
            RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).partition("\n")[0][:160]
        raise ConfigError(f"{path} is no checkpoint of this trainer ({reason})") from None
