"""What every training run does, whichever network it trains: steps, schedule, log, checkpoints, going on."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from rtsep.errors import ConfigError
from training import SAMPLERATE
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.corpora.stems import stem_sets
from training.evaluation.full_mixes import CHOICE, mix_columns, score_mixes
from training.evaluation.renderings import rendered_columns
from training.evaluation.separators import Separate
from training.evaluation.validation import TARGETS
from training.mixing.loader import LaneDataset, batches, share
from training.recipes.recipe import OptimiserConfig, Recipe, recipe_from
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.devices import World
from training.run.journal import Journal
from training.run.optimiser import optimiser_of
from training.run.start import Past

MOST_SKIPPED = 5  # steps in a row whose gradient may be no number


def learning_rate(step: int, config: OptimiserConfig) -> float:
    """Linear warm-up, then a cosine from the peak to `final_rate` of it at the last step."""
    if step < config.warm_up_steps:
        return config.learning_rate * (step + 1) / config.warm_up_steps
    progress = (step - config.warm_up_steps) / max(config.steps - config.warm_up_steps, 1)
    cosine = 0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0))
    return config.learning_rate * (config.final_rate + (1.0 - config.final_rate) * cosine)


@dataclass(frozen=True)
class Songs:
    """What a run is scored by; none of it is trained on.

    Parameters
    ----------
    songs
        Real songs, by the references' mixtures.
    mixes
        Full mixes of real songs, which choose the best checkpoint; without them the songs do.
    rendered
        Mixtures of held-out renderings, which are scored beside them.
    """

    songs: Sequence[Song]
    mixes: Sequence[FullMix]
    rendered: Sequence[FullMix]

    def __bool__(self) -> bool:
        return bool(self.songs or self.mixes or self.rendered)

    def scores(self, separate: Separate) -> dict[str, float]:
        """Score a model on the full mixes and the renderings."""
        full = mix_columns(score_mixes(separate, self.mixes)) if self.mixes else {}
        return full | (rendered_columns(score_mixes(separate, self.rendered)) if self.rendered else {})


class Run(ABC):
    """Network, optimiser and log of one run.

    Parameters
    ----------
    recipe
        What is trained.
    net
        Its network, with the weights that the run begins with.
    stems_root
        Folder of stems to mix.
    songs
        What it is scored by.
    run
        Folder for checkpoints and the log.
    world
        Device, and the processes that share every batch.
    past
        What the weights went through before.

    Raises
    ------
    ConfigError
        When the lanes cannot be shared evenly.
    """

    def __init__(self, recipe: Recipe, net: nn.Module, stems_root: Path, songs: Songs, run: Path, world: World,
                 past: Past) -> None:
        self.recipe, self.stems_root, self.songs, self.run = recipe, stems_root, songs, run
        self.world, self.past = world, past
        config = recipe.optimiser
        if config.lanes % world.size:
            raise ConfigError(f"optimiser: lanes: {config.lanes} cannot be shared evenly by {world.size} processes")
        self.lanes = share(range(config.lanes), world.rank, world.size)
        self.sets = torch.from_numpy(stem_sets(recipe.stems)).to(world.device)
        self.parameters = list(net.to(world.device).train().parameters())
        self.optimiser = optimiser_of(net, config)
        self.step = 0
        self.best = -math.inf
        self.seconds = 0.0
        self.skipped, self._skipped_in_a_row = 0, 0

    @abstractmethod
    def span(self) -> tuple[int, int]:
        """Frames that a network looks at before a chunk, and frames of a chunk."""

    @abstractmethod
    def update(self, stems: Tensor, restart: Tensor) -> float:
        """One optimiser step on one batch; returns the loss, not a number where the step was skipped."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Score the weights on songs and full mixes."""

    @abstractmethod
    def weights(self) -> dict[str, Any]:
        """Everything that going on depends on and that this class does not know; all processes call it."""

    @abstractmethod
    def restore(self, content: dict[str, Any]) -> None:
        """Take what `weights` gave."""

    @property
    def audio_hours(self) -> float:
        """Sound that the weights have heard."""
        return self.past.hours + self.step * self.recipe.optimiser.lanes * self.span()[1] / SAMPLERATE / 3600

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
                self.validate(losses, journal)
            for stems, restart in self.batches(workers) if self.step < steps else ():
                losses.append(self.update(stems, restart))
                if self.step % validate_every == 0 or self.step == steps:
                    self.seconds = time.monotonic() - began
                    row = self.validate(losses, journal)
                    losses.clear()
                    bar.update(task, note=_note(row, self.best))
                bar.update(task, completed=self.step)
                if self.step == steps:
                    return

    def batches(self, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Mix this process's share of every batch from the present step on; see `training.mixing.loader.batches`."""
        dataset = LaneDataset(self.stems_root, self.recipe.mixtures, self.lanes, *self.span(),
                              self.recipe.optimiser.seed, self.step)
        return batches(dataset, workers)

    def descend(self, loss: Tensor) -> float:
        """Take one step down the gradient of a loss.

        Returns
        -------
        mean
            The loss, mean over all processes; not a number where the gradient is none and the step was skipped.

        Raises
        ------
        ConfigError
            When that happens `MOST_SKIPPED` times in a row.
        """
        config = self.recipe.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.optimiser.zero_grad()
        loss.backward()
        mean = loss.detach()
        self.world.average([mean, *(weight.grad for weight in self.parameters if weight.grad is not None)])
        norm = nn.utils.clip_grad_norm_(self.parameters, config.clip)
        self.step += 1
        if not torch.isfinite(norm):
            self._skip()
            return math.nan
        self._skipped_in_a_row = 0
        self.optimiser.step()
        return mean.item()

    def _skip(self) -> None:
        """Count a step whose gradient is no number; complain when that does not stop."""
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row == MOST_SKIPPED:
            raise ConfigError(f"the loss is no number since {MOST_SKIPPED} steps, at step {self.step}: choose a lower "
                              f"optimiser: learning_rate, or look for broken sounds in {self.stems_root}; checkpoints "
                              f"from before are in {self.run}")

    def validate(self, losses: list[float], journal: Journal | None) -> dict[str, Any]:
        """Score the weights, append a row to the log, keep the last and the best checkpoint; return the row.

        Parameters
        ----------
        losses
            Of the steps since the row before.
        journal
            The log; where there is none, another process does all this.
        """
        weights = self.weights()
        if journal is None:
            return {}
        finite = [loss for loss in losses if math.isfinite(loss)]
        loss = sum(finite) / len(finite) if finite else math.nan
        scores = self.scores()
        row = {"step": self.step, "audio_hours": round(self.audio_hours, 3), "seconds": round(self.seconds),
               "loss": loss, "skipped": self.skipped, **scores}
        journal.append(row)
        chosen = [CHOICE] if CHOICE in scores else [target for target in TARGETS if target in scores]
        mean = sum(scores[name] for name in chosen) / len(chosen) if chosen else -loss
        better = mean > self.best
        self.best = mean if better else self.best
        curves = self.past.curves | ({self.run.name: journal.curve} if journal.curve else {})
        write_checkpoint([self.run / "last.pt", *([self.run / "best.pt"] if better else [])],
                         weights | {"recipe": asdict(self.recipe), "optimiser": self.optimiser.state_dict(),
                                    "step": self.step, "best": self.best, "seconds": self.seconds,
                                    "skipped": (self.skipped, self._skipped_in_a_row), "past": asdict(self.past),
                                    "log": row, "curves": curves})
        return row

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
            raise ConfigError(f"{path} cannot be resumed with this recipe, {', '.join(changed) or 'version'} "
                              "differs: give the recipe it was made with, or begin anew from its weights with --from")
        self.restore(content)
        self.optimiser.load_state_dict(content["optimiser"])
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
