"""Which models are installed, and where."""

from __future__ import annotations

from pathlib import Path

from rtsep.errors import ModelError


def model_folder() -> Path:
    """Folder of the shipped models: inside the installed package, or `models/` of a checkout."""
    packaged = Path(__file__).parents[1] / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "models"


def installed_models() -> dict[str, Path]:
    """Shipped models by name."""
    return {path.stem: path for path in sorted(model_folder().glob("*.onnx"))}


def find_model(name: str) -> Path:
    """Path of a shipped model's name or of a `.onnx` file.

    Raises
    ------
    ModelError
        When there is no such model; the message lists the shipped ones.
    """
    models = installed_models()
    if name in models:
        return models[name]
    if name.endswith(".onnx"):
        return Path(name)
    raise ModelError(f"no model {name!r}: shipped are {', '.join(models) or 'none'}; or give a path to an .onnx file")
