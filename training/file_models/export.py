"""Export of networks that work on whole segments: float32 weights, metadata, card."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rtsep.model.card import FILE_KIND, FORMAT
from training import SAMPLERATE
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.evaluation.full_mixes import score_mixes
from training.evaluation.separators import Separate, file_separator
from training.evaluation.validation import quick_scores, targets_of
from training.export.credits import WEIGHTS_LICENCE, credits
from training.export.model_file import check_card, common_fields, save, training_fields
from training.file_models.networks import FileNetwork, build_file_network
from training.recipes.recipe import recipe_from
from training.run.checkpoint import read_checkpoint


def export_file_model(checkpoint: Path, out: Path, songs: Sequence[Song], data: Path,
                      mixes: Sequence[FullMix] = (), more_credits: Sequence[str] = ()) -> None:
    """Write the file model of a checkpoint, measured where there are songs, with its card.

    Parameters
    ----------
    checkpoint, out, songs, data, mixes, more_credits
        As of `training.export.export.export`.

    Raises
    ------
    ConfigError
        When the checkpoint holds a network that streams.
    """
    check_card(out)
    content = read_checkpoint(checkpoint)
    recipe = recipe_from(content["recipe"], str(checkpoint))
    net = build_file_network(recipe.network, recipe.geometry, recipe.stems)
    net.load_state_dict(content["ema"])
    document = draft_document(net, out.stem)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "draft.onnx")
        write_file_model(net, document, draft)
        quality = _measure(file_separator(draft), songs, mixes, targets_of(net.stems))
    document |= {"licence": WEIGHTS_LICENCE, "credits": [*credits(data), *more_credits],
                 "training": training_fields(content, recipe), "quality": quality}
    write_file_model(net, document, out)


def _measure(separate: Separate, songs: Sequence[Song], mixes: Sequence[FullMix],
             targets: Sequence[str]) -> dict[str, Any]:
    """Score a model, as far as there are songs."""
    scores = quick_scores(songs, separate, targets) if songs else {}
    full = {"full_mixes": score_mixes(separate, mixes).summary()} if mixes else {}
    return full | {name: {"sdr": round(sdr, 2)} for name, sdr in scores.items()}


def draft_document(net: FileNetwork, name: str) -> dict[str, Any]:
    """Describe a model as the JSON document inside the file does, with nothing said of its training yet."""
    return {"format": FORMAT, "kind": FILE_KIND, **common_fields(net, name, SAMPLERATE), "domain": net.domain,
            "segment": net.segment, "overlap": net.overlap, "licence": WEIGHTS_LICENCE, "credits": [],
            "training": {}, "quality": {}}


def write_file_model(net: FileNetwork, document: dict[str, Any], path: Path) -> None:
    """Write a network with its present weights as a file model, and its card beside it."""
    save(copy.deepcopy(net).cpu().file_graph().model(), document, path)  # the trainer's own stays where it is
