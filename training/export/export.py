"""Export a network to a step model: 8-bit weights, metadata, reference vectors and card."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from rtsep.backends import open_step
from rtsep.backends.step import advance
from rtsep.dsp.features import noise_features
from rtsep.errors import ConfigError, ModelError
from rtsep.model.card import FORMAT, LOOK_AHEAD_FORMAT, STEREO_FORMAT
from rtsep.model.gate import read_step
from rtsep.model.reference import KEY, Reference, write_reference
from rtsep.native.flat import SUFFIX, write_flat
from training import SAMPLERATE
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.evaluation.evaluate import evaluate
from training.evaluation.full_mixes import SILENCE, mix_columns, score_mixes
from training.evaluation.separators import runtime_separator
from training.evaluation.validation import quick_scores, targets_of
from training.export.credits import WEIGHTS_LICENCE, credits
from training.export.model_file import check_card, common_fields, save, training_fields
from training.export.parity import HOPS, parity_db
from training.export.quantise import in_blocks
from training.nets import Network, build
from training.recipes.recipe import Recipe, recipe_from
from training.run.checkpoint import read_checkpoint

REFERENCE_HOPS = 64
MAX_LOSS_DB = 0.05
MAX_ERROR_DB = -70.0  # of float32: rounding stays far below, a wrong cell or a lost state goes far above


def load_network(checkpoint: Path) -> tuple[Network, Recipe, dict[str, Any]]:
    """Rebuild the averaged network of a checkpoint, with its recipe and what the card says of its training.

    Raises
    ------
    ConfigError
        When the file is no checkpoint of this trainer.
    """
    content = read_checkpoint(checkpoint)
    recipe = recipe_from(content["recipe"], str(checkpoint))
    net = build(recipe.network, recipe.geometry, recipe.stems, SAMPLERATE)
    net.load_state_dict(content["ema"])
    return net, recipe, training_fields(content, recipe)


def export(checkpoint: Path, out: Path, songs: Sequence[Song], data: Path, float32: bool = False,
           mixes: Sequence[FullMix] = (), more_credits: Sequence[str] = ()) -> None:
    """Write the step model of a checkpoint, measured, with its card and its flat file.

    Parameters
    ----------
    checkpoint
        Written by the trainer.
    out
        The `.onnx` file; the card and the flat file go beside it.
    songs
        Real songs that measure it.
    data
        Data folder with the credits.
    float32
        Whether to keep the weights in float32 instead of 8 bit.
    mixes
        Full mixes of real songs that measure it too.
    more_credits
        Of sounds that the weights have heard and the data folder does not name.

    Raises
    ------
    ConfigError
        When there are no songs to measure 8 bit on.
    ModelError
        When the step model does not do what the network does in training, or its 8-bit version loses more
        than 0.05 dB SDR against float32 on any target.
    """
    check_card(out)
    if not songs and not float32:
        raise ConfigError("no songs to measure the loss of 8 bit on: put some into DATA/medleydb, or export --float32")
    net, _, training = load_network(checkpoint)
    graph = net.step_graph()
    models = {"float32": graph.model()} | ({} if float32 else {"int8": in_blocks(graph)})
    chosen = models["float32" if float32 else "int8"]
    with tempfile.TemporaryDirectory() as folder:
        drafts = {kind: Path(folder, f"{kind}.onnx") for kind in models}
        for kind, model in models.items():
            write_model(model, metadata(net, out.stem, SAMPLERATE, _summary(training, {}, [])), drafts[kind])
        parity = check_parity(net, drafts)
        quality = _measure(drafts, songs, mixes, targets_of(net.stems)) if songs else {}
    summary = _summary(training, quality, [*credits(data), *more_credits]) | {"parity": parity}
    write_model(chosen, metadata(net, out.stem, SAMPLERATE, summary), out)
    write_flat(out, out.with_suffix(SUFFIX))


def check_parity(net: Network, drafts: dict[str, Path]) -> dict[str, Any]:
    """Compare step models, by the kind of their weights, with the network as it is trained.

    Returns
    -------
    report
        Recurrent steps, and for each kind the error in dB of `parity_db`.

    Raises
    ------
    ModelError
        When the float32 one differs.
    """
    report = {f"{kind}_error_db": round(parity_db(net, path), 1) for kind, path in drafts.items()}
    if report["float32_error_db"] > MAX_ERROR_DB:
        raise ModelError("hop by hop the model differs from the network in training by "
                         f"{report['float32_error_db']} dB after {HOPS} hops, {MAX_ERROR_DB} is allowed: its step "
                         "graph is wrong; not written")
    return {"hops": HOPS, **report}


def _measure(drafts: dict[str, Path], songs: Sequence[Song], mixes: Sequence[FullMix],
             targets: Sequence[str]) -> dict[str, Any]:
    """Score the last of the step models, and see that it is no worse than the one in float32."""
    separators = {kind: runtime_separator(path) for kind, path in drafts.items()}
    full = {kind: score_mixes(separate, mixes) for kind, separate in separators.items()} if mixes else {}
    scores = {kind: quick_scores(songs, separate, targets) | (mix_columns(full[kind]) if mixes else {})
              for kind, separate in separators.items()}
    for target, best in scores["float32"].items() if "int8" in drafts else ():
        loss = best - scores["int8"][target]
        if loss > MAX_LOSS_DB and target != SILENCE:
            raise ModelError(f"8 bit costs {loss:.2f} dB SDR on {target}, {MAX_LOSS_DB} is allowed: not written; "
                             "export --float32")
    last = list(drafts)[-1]
    quality = {"full_mixes": full[last].summary()} if mixes else {}
    quality |= evaluate(separators[last], songs, targets)
    return quality | {"float32_sdr": {target: round(value, 2) for target, value in scores["float32"].items()}}


def _summary(training: dict[str, Any], quality: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Say what the card says beyond the format."""
    return {"licence": WEIGHTS_LICENCE, "credits": names, "training": training, "quality": quality}


def metadata(net: Network, name: str, samplerate: int, summary: dict[str, Any]) -> dict[str, Any]:
    """Describe a model as the JSON document inside the file does.

    Parameters
    ----------
    summary
        `licence`, `credits`, `training` and `quality`.
    """
    stereo = STEREO_FORMAT if getattr(net.config, "stereo", False) else FORMAT
    return {"format": LOOK_AHEAD_FORMAT if net.geometry.look_ahead else stereo, **common_fields(net, name, samplerate),
            "contexts": list(net.config.contexts)} | summary


def write_model(model: onnx.ModelProto, document: dict[str, Any], path: Path) -> None:
    """Write a step model with its document and reference vectors, and its card beside it."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "draft.onnx")
        save(model, document, draft)
        reference = _reference(draft)
    save(model, document, path, {KEY: reference})


def _reference(path: Path) -> str:
    """Run noise bursts through a model and keep the last estimates, so that another build can be compared."""
    model = read_step(path)
    rng = np.random.default_rng(1)
    noise = noise_features(model.card.lengths, rng.choice([0.1, 1.0, 10.0], size=REFERENCE_HOPS).tolist(), rng)
    inputs = {name: values.astype(np.float16).astype(np.float32) for name, values in noise.items()}
    return write_reference(Reference(inputs, advance(open_step(model), inputs)[-1]))
