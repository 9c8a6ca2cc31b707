"""Export of networks that work on whole segments: float32 weights, metadata, card."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from rtsep.backends.segments import FileSeparator
from rtsep.errors import ConfigError
from rtsep.model.card import FILE_KIND, FORMAT
from training.corpora.songs import SAMPLERATE, Song
from training.evaluation.validation import Separate, quick_scores, targets_of
from training.export.card import round_numbers, write_card
from training.export.credits import WEIGHTS_LICENCE, credits
from training.nets import FileNetwork, FileNetworkConfig, WaveUnet, build_file_network
from training.recipes.recipe import recipe_from
from training.run.checkpoint import read_checkpoint

Audio = NDArray[np.float32]


def file_separator(path: Path) -> Separate:
    """Separate whole mixtures with the runtime, in segments, aligned."""
    def separate(mixture: Audio) -> dict[str, Audio]:
        separator = FileSeparator(path, len(mixture))
        padded = np.pad(mixture, ((0, 0), (0, separator.latency)))
        stems = separator.process(padded)[..., separator.latency:]
        return dict(zip(separator.stems, stems, strict=True))

    return separate


def export_file_model(checkpoint: Path, out: Path, songs: Sequence[Song], data: Path) -> None:
    """Write the file model of a checkpoint, measured where there are songs, with its card.

    Raises
    ------
    ConfigError
        When the checkpoint holds a network that streams.
    """
    content = read_checkpoint(checkpoint)
    recipe = recipe_from(content["recipe"], str(checkpoint))
    if not isinstance(recipe.network, FileNetworkConfig):
        raise ConfigError(f"{checkpoint} holds a {recipe.network.kind}, which is no network for files")
    net = build_file_network(recipe.network, recipe.geometry, recipe.stems)
    net.load_state_dict(content["net"])
    document = draft_document(net, out.stem)
    write_file_model(net, document, out)
    scores = quick_scores(songs, file_separator(out), targets_of(net.stems)) if songs else {}
    training = {"audio_hours": content["log"]["audio_hours"], "steps": content["step"],
                "seconds": content["seconds"], "curves": content["curves"], "data": "rendered, randomly remixed",
                "parameters_of_recipe": asdict(recipe.network)}
    write_file_model(net, document | {"licence": WEIGHTS_LICENCE, "credits": credits(data), "training": training,
                                      "quality": {name: {"sdr": round(sdr, 2)} for name, sdr in scores.items()}}, out)


def draft_document(net: FileNetwork, name: str) -> dict[str, Any]:
    """Describe a model as the JSON document inside the file does, with nothing said of its training yet."""
    geometry = net.geometry
    overlap = net.config.overlap if isinstance(net, WaveUnet) else net.config.overlap_hops * geometry.hop
    return {"format": FORMAT, "kind": FILE_KIND, "name": name, "samplerate": SAMPLERATE, "domain": net.domain,
            "segment": net.segment, "overlap": overlap, "analysis": geometry.analysis, "synthesis": geometry.synthesis,
            "hop": geometry.hop, "stems": list(net.stems), "licence": WEIGHTS_LICENCE, "credits": [], "training": {},
            "quality": {}}


def write_file_model(net: FileNetwork, document: dict[str, Any], path: Path) -> None:
    """Write a network with its present weights as a file model, and its card beside it."""
    model = copy.deepcopy(net).cpu().file_graph().model()  # the trainer's own stays where it is
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(round_numbers(document))})
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft.onnx")
    onnx.save(model, draft)
    os.replace(draft, path)
    write_card(path)
