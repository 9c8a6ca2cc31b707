"""Training of the networks that work on whole segments: each brings its own loss; no state is carried."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rtsep.errors import ConfigError
from training.corpora.songs import SAMPLERATE, Song
from training.corpora.stems import stem_sets
from training.evaluation.validation import quick_scores, targets_of
from training.file_models.export import draft_document, file_separator, write_file_model
from training.mixing.loader import LaneDataset, batches
from training.nets import FileNetwork, FileNetworkConfig, build_file_network
from training.recipes.recipe import Recipe, recipe_from
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.journal import Curve, Journal
from training.run.optimiser import optimiser_of
from training.run.trainer import learning_rate


class ClipTrainer:
    """Network and optimiser of one run.

    A batch is `lanes` segments of the same endless mixtures that streaming networks are trained on, as long
    as the network's segment; `chunk_seconds`, `ema`, `stem_weights` and the recipe's `loss` do not apply.

    Parameters
    ----------
    recipe
        What is trained.
    stems_root
        Folder of stems to mix.
    songs
        Real songs that are scored on the way; they are never trained on.
    run
        Folder for checkpoints and the log.
    device
        Where the network is.

    Raises
    ------
    ConfigError
        When the recipe's network is one that streams.
    """

    def __init__(self, recipe: Recipe, stems_root: Path, songs: list[Song], run: Path,
                 device: torch.device | None = None) -> None:
        if not isinstance(recipe.network, FileNetworkConfig):
            raise ConfigError(f"{recipe.name}: a {recipe.network.kind} streams and has no segments to train on")
        self.recipe, self.stems_root, self.songs, self.run = recipe, stems_root, songs, run
        self.device = device or torch.device("cpu")
        config = recipe.optimiser
        torch.manual_seed(config.seed)
        net = build_file_network(recipe.network, recipe.geometry, recipe.stems)
        self.net: FileNetwork = net.to(self.device, memory_format=torch.channels_last)  # the fastest layout for images
        self.sets = torch.from_numpy(stem_sets(recipe.stems))
        self.optimiser = optimiser_of(self.net, config)
        self.step = 0
        self.seconds = 0.0

    @property
    def audio_hours(self) -> float:
        """Sound seen so far."""
        return self.step * self.recipe.optimiser.lanes * self.net.segment / SAMPLERATE / 3600

    def train(self, validate_every: int, workers: int) -> None:
        """Run to the recipe's last step, validating and checkpointing on the way.

        Raises
        ------
        ConfigError
            When the folder holds another run, or the loss is no number any more.
        """
        config = self.recipe.optimiser
        journal = Journal(self.run, self.step)
        losses: list[float] = []
        began = time.monotonic() - self.seconds
        for stems, _ in self.batches(workers) if self.step < config.steps else ():
            losses.append(self.update(stems))
            if self.step % validate_every == 0 or self.step == config.steps:
                self.seconds = time.monotonic() - began
                self._validate(sum(losses) / len(losses), journal)
                losses.clear()
            if self.step == config.steps:
                return

    def batches(self, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every batch from the present step on, as of `training.mixing.loader.batches`."""
        config = self.recipe.optimiser
        return batches(LaneDataset(self.stems_root, self.recipe.mixtures, range(config.lanes), 0, self.net.segment,
                                   config.seed, self.step), workers)

    def update(self, stems: Tensor) -> float:
        """One optimiser step on stems (lanes, mixed stems, 2, segment); returns the loss."""
        config = self.recipe.optimiser
        stems = torch.einsum("os,bsf->bof", self.sets, stems.mean(dim=2)).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.optimiser.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.bf16):
            loss = self.net.loss(stems)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        if not math.isfinite(loss.item()):
            raise ConfigError(f"the loss is no number at step {self.step}: choose a lower optimiser: learning_rate; "
                              f"checkpoints from before are in {self.run}")
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe.

        Raises
        ------
        ConfigError
            When it is of another recipe.
        """
        content = read_checkpoint(path)
        if recipe_from(content["recipe"], str(path)) != self.recipe:
            raise ConfigError(f"{path} is of another recipe: give the one it was made with")
        self.net.load_state_dict(content["net"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.step, self.seconds = content["step"], content["seconds"]

    def _validate(self, loss: float, journal: Journal) -> None:
        """Score the network as the runtime would run it, append a row to the log, keep the checkpoint."""
        row: dict[str, Any] = {"step": self.step, "audio_hours": round(self.audio_hours, 3),
                               "seconds": round(self.seconds), "loss": loss}
        if self.songs:
            with tempfile.TemporaryDirectory() as folder:
                draft = Path(folder, "draft.onnx")
                write_file_model(self.net, draft_document(self.net, self.recipe.name), draft)
                row |= quick_scores(self.songs, file_separator(draft), targets_of(self.recipe.stems))
        journal.append(row)
        print("  ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
        self.save(row, journal.curve)

    def save(self, row: dict[str, Any], curve: Curve) -> None:
        """Write `last.pt`, from which the run can go on, with the last row of the log and all of it by columns."""
        weights = self.net.state_dict()
        write_checkpoint([self.run / "last.pt"], {
            "recipe": asdict(self.recipe), "net": weights, "ema": weights, "optimiser": self.optimiser.state_dict(),
            "step": self.step, "seconds": self.seconds, "log": row, "curves": {self.run.name: curve}})
