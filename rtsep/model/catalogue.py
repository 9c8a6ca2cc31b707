"""Which models are installed, and where."""

from __future__ import annotations

from pathlib import Path

from rtsep.errors import ModelError

LIVE_MODEL, FILE_MODEL = "stage", "song"
"""What runs where no model is named: live, where latency counts; on files, where only quality does."""
CHECKOUT_ONLY = ("paper",)
"""Models that are in the checkout and, for their size, not in a wheel."""

_OTHERS = {
    ".pt": "a checkpoint of the trainer and no model yet: `python -m training export` makes an .onnx file of it",
    ".rtsep": "a flat model for the C interface: give the .onnx file that it was made from",
    ".yaml": "no model: give the .onnx file, which a card stands beside"}
"""Files that come with models and are none, by their suffix."""


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
    suffix = Path(name).suffix.lower()
    if suffix == ".onnx":
        return Path(name)
    if suffix in _OTHERS and Path(name).is_file():
        raise ModelError(f"{name} is {_OTHERS[suffix]}")
    if name in CHECKOUT_ONLY:
        raise ModelError(f"the model {name!r} is not part of this installation, since it has 20 MB: take "
                         f"models/{name}.onnx of rtsep's sources, and give --model the path to it")
    raise ModelError(f"no model {name!r}: shipped are {', '.join(models) or 'none'}; or give a path to an .onnx file")
