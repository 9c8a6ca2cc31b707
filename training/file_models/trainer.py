"""Training of the networks that work on whole segments: each brings its own loss; no state is carried."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.evaluation.separators import file_separator
from training.evaluation.validation import quick_scores, targets_of
from training.file_models.export import draft_document, write_file_model
from training.file_models.networks import build_file_network
from training.recipes.recipe import Recipe
from training.run.devices import World
from training.run.run import Run, Songs
from training.run.start import Past


class ClipTrainer(Run):
    """A run of a network for files.

    A batch is `lanes` segments of the same endless mixtures that streaming networks are trained on, as long
    as the network's segment; `chunk_seconds`, `ema`, `stem_weights` and the recipe's `loss` do not apply.

    Parameters
    ----------
    recipe, stems_root, songs, run, world, mixes, rendered
        As of `Run`.

    Raises
    ------
    ConfigError
        When the recipe's network is one that streams.
    """

    def __init__(self, recipe: Recipe, stems_root: Path, songs: Sequence[Song], run: Path, world: World | None = None,
                 mixes: Sequence[FullMix] = (), rendered: Sequence[FullMix] = ()) -> None:
        torch.manual_seed(recipe.optimiser.seed)
        self.net = build_file_network(recipe.network, recipe.geometry, recipe.stems)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the fastest layout for images
        super().__init__(recipe, self.net, stems_root, Songs(songs, mixes, rendered), run, world or World(), Past())

    def span(self) -> tuple[int, int]:
        """Give the segment, of which nothing is looked at before."""
        return 0, self.net.segment

    def update(self, stems: Tensor, restart: Tensor) -> float:
        """One optimiser step, as of `Run`, on stems (lanes, mixed stems, 2, segment)."""
        device = self.world.device
        stems = torch.einsum("os,bsf->bof", self.sets, stems.mean(dim=2).to(device))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.recipe.optimiser.bf16):
            loss = self.net.loss(stems)
        return self.descend(loss)

    def scores(self) -> dict[str, float]:
        """Score the network as the runtime would run it."""
        if not self.songs:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, "draft.onnx")
            write_file_model(self.net, draft_document(self.net, self.recipe.name), draft)
            separate = file_separator(draft)
            real = self.songs.songs
            songs = quick_scores(real, separate, targets_of(self.recipe.stems)) if real else {}
            return songs | self.songs.scores(separate)

    def weights(self) -> dict[str, Any]:
        """Give the network, which is exported as it is."""
        weights = self.net.state_dict()
        return {"net": weights, "ema": weights}

    def restore(self, content: dict[str, Any]) -> None:
        """Take what `weights` gave."""
        self.net.load_state_dict(content["net"])
