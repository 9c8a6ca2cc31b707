"""The training run, top to bottom in the order in which it happens."""

from __future__ import annotations

import copy
import csv
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from rtsep.mask import wanted_sets
from training.data.loader import LaneDataset, loader
from training.data.medleydb import Song
from training.data.remix import STEMS
from training.losses import MaskedError
from training.nets import build
from training.nets.band_gru import State
from training.recipe import OptimiserConfig, Recipe
from training.spectra import power_of, spectra
from training.validation import quick_scores, targets_of, torch_separator

SAMPLERATE = 44100
SLICE = 2  # lanes whose spectra are made at once


def learning_rate(step: int, config: OptimiserConfig) -> float:
    """Linear warm-up, then a cosine from the peak to `final_rate` of it at the last step."""
    if step < config.warm_up_steps:
        return config.learning_rate * (step + 1) / config.warm_up_steps
    progress = (step - config.warm_up_steps) / max(config.steps - config.warm_up_steps, 1)
    cosine = 0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0))
    return config.learning_rate * (config.final_rate + (1.0 - config.final_rate) * cosine)


class Trainer:
    """Network, averaged network, optimiser and log of one run.

    Parameters
    ----------
    recipe
        What is trained.
    stems_root
        Folder of stems to mix.
    songs
        Real songs that choose the best checkpoint; they are never trained on.
    run
        Folder for checkpoints and the log.
    """

    def __init__(self, recipe: Recipe, stems_root: Path, songs: list[Song], run: Path) -> None:
        self.recipe, self.stems_root, self.songs, self.run = recipe, stems_root, songs, run
        torch.manual_seed(recipe.optimiser.seed)
        self.net = build(recipe.network, recipe.geometry, recipe.stems, SAMPLERATE)
        self.sets = torch.from_numpy(wanted_sets(STEMS, recipe.stems))
        self.averaged = copy.deepcopy(self.net)
        config = recipe.optimiser
        self.optimiser = torch.optim.AdamW(self.net.parameters(), config.learning_rate, (0.9, 0.98),
                                           weight_decay=config.weight_decay)
        self.step = 0
        self.best = -math.inf

    def train(self, validate_every: int, workers: int) -> None:
        """Run to the recipe's last step, validating and checkpointing on the way."""
        config, geometry = self.recipe.optimiser, self.recipe.geometry
        longest = max(geometry.analysis, *self.recipe.network.contexts, 0)
        frames = round(config.chunk_seconds * SAMPLERATE / geometry.hop) * geometry.hop
        dataset = LaneDataset(self.stems_root, self.recipe.mixtures, config.lanes, longest - geometry.hop, frames,
                              config.seed + self.step)
        states = [self.net.initial_state(config.lanes) for _ in range(max(workers, 1))]
        losses: list[float] = []
        began = time.monotonic()
        with _progress() as bar:
            task = bar.add_task(self.recipe.name, total=config.steps, completed=self.step, note="")
            for stems, restart in loader(dataset, workers):
                which = self.step % len(states)
                states[which] = [torch.where(restart[:, None], 0.0, state) for state in states[which]]
                loss, states[which] = self._update(stems, states[which])
                losses.append(loss)
                if self.step % validate_every == 0 or self.step == config.steps:
                    row = self._validate(sum(losses) / len(losses), time.monotonic() - began)
                    losses.clear()
                    bar.update(task, note=" ".join(f"{key} {value:.2f}" for key, value in row.items()))
                bar.update(task, completed=self.step)
                if self.step >= config.steps:
                    return

    def _update(self, stems: Tensor, state: State) -> tuple[float, State]:
        """One optimiser step on one chunk; returns the loss in dB and the carried state."""
        config = self.recipe.optimiser
        with torch.no_grad():
            pieces = [self._prepare(piece) for piece in stems.split(SLICE)]  # small enough for the cache
            observed = torch.cat([observed for observed, _ in pieces])
            error = MaskedError.join([error for _, error in pieces])
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
            masks, after = self.net(observed, state)
        loss = error.negative_snr(masks, torch.tensor(config.stem_weights))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        self.step += 1
        if not torch.isfinite(norm):
            return math.nan, self.net.initial_state(config.lanes)
        self.optimiser.step()
        decay = min(config.ema, self.step / (self.step + 10.0))
        with torch.no_grad():
            for mean, value in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(value, 1.0 - decay)
        return loss.item(), [value.detach() for value in after]

    def _prepare(self, stems: Tensor) -> tuple[Tensor, MaskedError]:
        """Turn samples (lanes, mixed stems, history + frames) into the network's input and the loss's form."""
        geometry = self.recipe.geometry
        lengths = (geometry.analysis, *self.recipe.network.contexts)
        longest = max(lengths)
        stems = torch.einsum("os,bsf->bof", self.sets, stems)
        parts = spectra(stems[:, :, longest - geometry.analysis:], geometry.analysis, geometry).transpose(1, 2)
        mixture = stems.sum(dim=1)
        mixed = [parts.sum(dim=2), *(spectra(mixture[:, longest - n:], n, geometry) for n in lengths[1:])]
        powers = [power_of(spectrum) for spectrum in mixed]
        return self.net.observe(powers), MaskedError.of(parts, mixed[0], powers[0], self.net.spread)

    def _validate(self, loss: float, seconds: float) -> dict[str, Any]:
        """Score the averaged weights, append a row to the log, keep the last and the best checkpoint."""
        targets = targets_of(self.recipe.stems) if self.songs else ()
        scores = quick_scores(self.songs, torch_separator(self.averaged), targets)
        config = self.recipe.optimiser
        hours = self.step * config.lanes * config.chunk_seconds / 3600
        row = {"step": self.step, "audio_hours": round(hours, 3), "seconds": round(seconds), "loss_db": loss, **scores}
        with (self.run / "log.csv").open("a", newline="") as handle:
            writer = csv.DictWriter(handle, list(row))
            if handle.tell() == 0:
                writer.writeheader()
            writer.writerow(row)
        mean = sum(scores.values()) / len(scores) if scores else -loss
        if mean > self.best:
            self.best = mean
            self.save(self.run / "best.pt", row)
        self.save(self.run / "last.pt", row)
        return row

    def save(self, path: Path, row: dict[str, Any]) -> None:
        """Write a checkpoint whole or not at all."""
        draft = path.with_suffix(".draft")
        torch.save({"recipe": asdict(self.recipe), "net": self.net.state_dict(), "ema": self.averaged.state_dict(),
                    "optimiser": self.optimiser.state_dict(), "step": self.step, "best": self.best, "log": row}, draft)
        os.replace(draft, path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe's network."""
        checkpoint = torch.load(path, weights_only=True)
        self.net.load_state_dict(checkpoint["net"])
        self.averaged.load_state_dict(checkpoint["ema"])
        self.optimiser.load_state_dict(checkpoint["optimiser"])
        self.step, self.best = checkpoint["step"], checkpoint["best"]


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
                    TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
