"""The training run, top to bottom in the order in which it happens."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from rtsep.errors import ConfigError
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.corpora.stems import stem_sets
from training.evaluation.full_mixes import CHOICE, mix_columns, score_mixes
from training.evaluation.renderings import rendered_columns
from training.evaluation.validation import network_scores, targets_of, torch_separator
from training.loss.losses import Loss, Truth
from training.mixing.loader import LaneDataset, batches, share
from training.nets import build
from training.nets.band_gru import State
from training.nets.spectra import spectra
from training.recipes.recipe import OptimiserConfig, Recipe, recipe_from
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.devices import World
from training.run.journal import Curve, Journal
from training.run.optimiser import optimiser_of
from training.run.start import Past, start_from

SAMPLERATE = 44100
SLICE = 2  # lanes whose spectra are made at once on a CPU: small enough for its cache
MOST_SKIPPED = 5  # steps in a row whose gradient may be no number


def learning_rate(step: int, config: OptimiserConfig) -> float:
    """Linear warm-up, then a cosine from the peak to `final_rate` of it at the last step."""
    if step < config.warm_up_steps:
        return config.learning_rate * (step + 1) / config.warm_up_steps
    progress = (step - config.warm_up_steps) / max(config.steps - config.warm_up_steps, 1)
    cosine = 0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0))
    return config.learning_rate * (config.final_rate + (1.0 - config.final_rate) * cosine)


class Trainer:
    """Network, averaged network, optimiser, carried state and log of one run.

    Parameters
    ----------
    recipe
        What is trained.
    stems_root
        Folder of stems to mix.
    songs
        Real songs that are scored by the references' mixtures; they are never trained on.
    mixes
        Full mixes of real songs, which choose the best checkpoint; without them the songs do.
    rendered
        Mixtures of held-out renderings, which are scored beside them.
    run
        Folder for checkpoints and the log.
    world
        Device, and the processes that share every batch.
    start
        Where the first weights come from, as of `start_from`; random weights where empty.

    Raises
    ------
    ConfigError
        When the lanes cannot be shared evenly, or the start is of another network.
    """

    def __init__(self, recipe: Recipe, stems_root: Path, songs: Sequence[Song], run: Path, world: World | None = None,
                 start: str = "", mixes: Sequence[FullMix] = (), rendered: Sequence[FullMix] = ()) -> None:
        self.recipe, self.stems_root, self.run = recipe, stems_root, run
        self.songs, self.mixes, self.rendered = songs, mixes, rendered
        self.world = world or World()
        config = recipe.optimiser
        if config.lanes % self.world.size:
            raise ConfigError(f"optimiser: lanes: {config.lanes} cannot be shared evenly by "
                              f"{self.world.size} processes")
        self.lanes = share(range(config.lanes), self.world.rank, self.world.size)
        torch.manual_seed(config.seed)
        self.net = build(recipe.network, recipe.geometry, recipe.stems, SAMPLERATE)
        self.past = start_from(self.net, start) if start else Past()
        self.net.to(self.world.device).train()
        self.averaged = copy.deepcopy(self.net)
        self.loss = Loss(recipe.loss, config.stem_weights, self.net.spread, recipe.geometry)
        self.sets = torch.from_numpy(stem_sets(recipe.stems)).to(self.world.device)
        self.optimiser = optimiser_of(self.net, config)
        self.state = self._initial_state()
        self.step = 0
        self.best = -math.inf
        self.seconds = 0.0
        self.skipped, self._skipped_in_a_row = 0, 0

    def train(self, validate_every: int, workers: int) -> None:
        """Run to the recipe's last step, validating and checkpointing on the way; with no steps keep the weights.

        Parameters
        ----------
        validate_every
            Steps.
        workers
            Processes that mix; what they mix does not depend on their number.

        Raises
        ------
        ConfigError
            When the folder holds another run, the loss is no number any more, or the disk is full.
        """
        steps = self.recipe.optimiser.steps
        journal = Journal(self.run, self.step) if self.world.leads else None
        losses: list[float] = []
        began = time.monotonic() - self.seconds
        with _progress(self.world.leads) as bar:
            task = bar.add_task(self.recipe.name, total=steps, completed=self.step, note="")
            if steps == 0:
                self._validate(losses, journal)
            for stems, restart in self.batches(workers) if self.step < steps else ():
                losses.append(self.update(stems, restart))
                if self.step % validate_every == 0 or self.step == steps:
                    self.seconds = time.monotonic() - began
                    row = self._validate(losses, journal)
                    losses.clear()
                    bar.update(task, note=_note(row, self.best))
                bar.update(task, completed=self.step)
                if self.step == steps:
                    return

    def batches(self, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Mix this process's share of every batch from the present step on; see `training.mixing.loader.batches`."""
        config, geometry = self.recipe.optimiser, self.recipe.geometry
        longest = max(geometry.analysis, *self.recipe.network.contexts, 0)
        frames = round(config.chunk_seconds * SAMPLERATE / geometry.hop) * geometry.hop
        dataset = LaneDataset(self.stems_root, self.recipe.mixtures, self.lanes, longest - geometry.hop, frames,
                              config.seed, self.step)
        return batches(dataset, workers)

    def update(self, stems: Tensor, restart: Tensor) -> float:
        """One optimiser step on one batch; returns the loss, not a number where the step was skipped."""
        config, device = self.recipe.optimiser, self.world.device
        stems, restart = stems.to(device), restart.to(device)
        observed, truth = self._prepare(stems)
        before = [torch.where(restart[:, None], 0.0, state) for state in self.state]
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.optimiser.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            masks, after = self.net(observed, before)
        loss = self.loss(masks, truth)
        loss.backward()
        mean = loss.detach()
        self.world.average([mean, *(parameter.grad for parameter in self.net.parameters())])
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        self.step += 1
        if not torch.isfinite(norm):
            self._skip()
            return math.nan
        self._skipped_in_a_row = 0
        self.state = [state.detach().float() for state in after]
        self.optimiser.step()
        decay = min(config.ema, self.step / (self.step + 10.0))
        with torch.no_grad():
            for average, value in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                average.lerp_(value, 1.0 - decay)
        return mean.item()

    @torch.no_grad()
    def _prepare(self, stems: Tensor) -> tuple[Tensor, Truth]:
        """Turn samples (lanes, mixed stems, 2, history + frames) into the network's input and what the loss needs."""
        size = SLICE if stems.device.type == "cpu" else len(stems)
        pieces = [self._prepare_slice(piece) for piece in stems.split(size)]
        return torch.cat([observed for observed, _ in pieces]), Truth.join([truth for _, truth in pieces])

    def _prepare_slice(self, stems: Tensor) -> tuple[Tensor, Truth]:
        geometry = self.recipe.geometry
        lengths = (geometry.analysis, *self.recipe.network.contexts)
        longest = max(lengths)
        stems = torch.einsum("os,bscf->bocf", self.sets, stems)
        parts = spectra(stems[..., longest - geometry.analysis:], geometry.analysis, geometry)
        mixture = stems.sum(dim=1)
        mixed = [parts.sum(dim=1), *(spectra(mixture[..., longest - n:], n, geometry) for n in lengths[1:])]
        return self.net.observe(mixed), self.loss.truth(parts.permute(0, 3, 1, 2, 4), mixed[0].transpose(1, 2))

    def _initial_state(self) -> State:
        return [state.to(self.world.device) for state in self.net.initial_state(len(self.lanes))]

    def _skip(self) -> None:
        """Leave a step out whose gradient is no number; complain when that does not stop."""
        self.state = self._initial_state()
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row == MOST_SKIPPED:
            raise ConfigError(f"the loss is no number since {MOST_SKIPPED} steps, at step {self.step}: choose a lower "
                              f"optimiser: learning_rate, or look for broken sounds in {self.stems_root}; checkpoints "
                              f"from before are in {self.run}")

    def _validate(self, losses: list[float], journal: Journal | None) -> dict[str, Any]:
        """Score the averaged weights, append a row to the log, keep the last and the best checkpoint."""
        state = [self.world.gather(state) for state in self.state]
        if journal is None:
            return {}
        targets = targets_of(self.recipe.stems) if self.songs else ()
        scores = network_scores(self.songs, self.averaged, targets)
        separate = torch_separator(self.averaged)
        full = mix_columns(score_mixes(separate, self.mixes)) if self.mixes else {}
        rendered = rendered_columns(score_mixes(separate, self.rendered)) if self.rendered else {}
        config = self.recipe.optimiser
        hours = self.past.hours + self.step * config.lanes * config.chunk_seconds / 3600
        finite = [loss for loss in losses if math.isfinite(loss)]
        loss = sum(finite) / len(finite) if finite else math.nan
        row = {"step": self.step, "audio_hours": round(hours, 3), "seconds": round(self.seconds), "loss": loss,
               "skipped": self.skipped, **scores, **full, **rendered}
        journal.append(row)
        mean = full[CHOICE] if full else sum(scores.values()) / len(scores) if scores else -loss
        better = mean > self.best
        self.best = mean if better else self.best
        write_checkpoint([self.run / "last.pt", *([self.run / "best.pt"] if better else [])],
                         self._content(state, row, journal.curve))
        return row

    def _content(self, state: State, row: dict[str, Any], curve: Curve) -> dict[str, Any]:
        """Everything that going on from here depends on."""
        return {"recipe": asdict(self.recipe), "net": self.net.state_dict(), "ema": self.averaged.state_dict(),
                "optimiser": self.optimiser.state_dict(), "state": state, "step": self.step, "best": self.best,
                "seconds": self.seconds, "skipped": (self.skipped, self._skipped_in_a_row),
                "past": asdict(self.past), "log": row,
                "curves": self.past.curves | ({self.run.name: curve} if curve else {})}

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint exactly as if the run had not stopped.

        Raises
        ------
        ConfigError
            When the checkpoint is of another recipe.
        """
        content = read_checkpoint(path)
        theirs = asdict(recipe_from(content["recipe"], str(path)))
        changed = [key for key, value in asdict(self.recipe).items() if theirs[key] != value]
        if changed or "past" not in content:
            raise ConfigError(f"{path} cannot be resumed with this recipe, {' and '.join(changed) or 'version'} "
                              "differs: give the recipe it was made with, or begin anew from its weights with --from")
        self.net.load_state_dict(content["net"])
        self.averaged.load_state_dict(content["ema"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.state = [state[self.lanes.start:self.lanes.stop].to(self.world.device) for state in content["state"]]
        self.step, self.best, self.seconds = content["step"], content["best"], content["seconds"]
        self.skipped, self._skipped_in_a_row = content["skipped"]
        self.past = Past(**content["past"])


def _note(row: dict[str, Any], best: float) -> str:
    """Write validation SDR and loss for the progress bar."""
    scores = {key: value for key, value in row.items() if key in ("loss", "guitar", "drums", "full_rest", CHOICE)}
    return " ".join(f"{key} {value:.2f}" for key, value in scores.items()) + f" best {best:.2f}"


def _progress(visible: bool) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
                    TimeRemainingColumn(), TextColumn("{task.fields[note]}"), disable=not visible)
