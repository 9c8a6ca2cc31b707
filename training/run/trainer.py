"""Training of the networks that stream: lanes whose state is carried from step to step, and averaged weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training import SAMPLERATE
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.evaluation.validation import network_scores, targets_of, torch_separator
from training.loss.losses import Loss, Truth
from training.nets import build
from training.nets.network import State
from training.nets.spectra import spectra
from training.recipes.recipe import Recipe
from training.run.devices import World
from training.run.run import Run, Songs
from training.run.start import Past, start_from

SLICE = 2  # lanes whose spectra are made at once on a CPU: small enough for its cache


class Trainer(Run):
    """A run of a streaming network; the averaged weights are the ones validated and exported.

    Parameters
    ----------
    recipe, stems_root, songs, run, world, mixes, rendered
        As of `Run`.
    start
        Where the first weights come from, as of `start_from`; random weights where empty.

    Raises
    ------
    ConfigError
        When the recipe's network does not stream, the lanes cannot be shared evenly, or the start is of another
        network.
    """

    def __init__(self, recipe: Recipe, stems_root: Path, songs: Sequence[Song], run: Path, world: World | None = None,
                 start: str = "", mixes: Sequence[FullMix] = (), rendered: Sequence[FullMix] = ()) -> None:
        torch.manual_seed(recipe.optimiser.seed)
        self.net = build(recipe.network, recipe.geometry, recipe.stems, SAMPLERATE)
        past = start_from(self.net, start) if start else Past()
        super().__init__(recipe, self.net, stems_root, Songs(songs, mixes, rendered), run, world or World(), past)
        self.averaged = copy.deepcopy(self.net)
        self.loss = Loss(recipe.loss, recipe.optimiser.stem_weights, self.net.spread, recipe.geometry)
        self.state = self._initial_state()

    def span(self) -> tuple[int, int]:
        """Frames that the longest window reaches back, and whole hops of a chunk."""
        geometry = self.recipe.geometry
        longest = max(geometry.analysis, *self.net.config.contexts, 0)
        hops = round(self.recipe.optimiser.chunk_seconds * SAMPLERATE / geometry.hop)
        return longest - geometry.hop + geometry.look_ahead * geometry.hop, hops * geometry.hop

    def update(self, stems: Tensor, restart: Tensor) -> float:
        """One optimiser step, as of `Run`, on stems (lanes, mixed stems, 2, history + frames)."""
        device = self.world.device
        stems, restart = stems.to(device), restart.to(device)
        observed, truth = self._prepare(stems)
        before = [torch.where(restart[:, None], 0.0, state) for state in self.state]
        with torch.autocast(device.type, torch.bfloat16, enabled=self.recipe.optimiser.bf16):
            masks, after = self.net(observed, before)
        loss = self.descend(self.loss(masks, truth))
        if math.isnan(loss):
            self.state = self._initial_state()
            return loss
        self.state = [state.detach().float() for state in after]
        self._average()
        return loss

    def scores(self) -> dict[str, float]:
        """Score the averaged weights."""
        real = self.songs.songs
        songs = network_scores(real, self.averaged, targets_of(self.recipe.stems)) if real else {}
        return songs | self.songs.scores(torch_separator(self.averaged))

    def weights(self) -> dict[str, Any]:
        """Give the network, its average, and the state of the lanes of all processes."""
        return {"net": self.net.state_dict(), "ema": self.averaged.state_dict(),
                "state": [self.world.gather(state) for state in self.state]}

    def restore(self, content: dict[str, Any]) -> None:
        """Take what `weights` gave."""
        self.net.load_state_dict(content["net"])
        self.averaged.load_state_dict(content["ema"])
        self.state = [state[self.lanes.start:self.lanes.stop].to(self.world.device) for state in content["state"]]

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights towards the present ones, faster at the start."""
        decay = min(self.recipe.optimiser.ema, self.step / (self.step + 10.0))
        for average, value in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
            average.lerp_(value, 1.0 - decay)

    @torch.no_grad()
    def _prepare(self, stems: Tensor) -> tuple[Tensor, Truth]:
        """Turn samples into the network's input and what the loss needs."""
        size = SLICE if stems.device.type == "cpu" else len(stems)
        pieces = [self._prepare_slice(piece) for piece in stems.split(size)]
        return torch.cat([observed for observed, _ in pieces]), Truth.join([truth for _, truth in pieces])

    def _prepare_slice(self, stems: Tensor) -> tuple[Tensor, Truth]:
        geometry = self.recipe.geometry
        lengths = (geometry.analysis, *self.net.config.contexts)
        longest = max(lengths)
        stems, ahead = torch.einsum("os,bscf->bocf", self.sets, stems), geometry.look_ahead * geometry.hop
        newest = stems.sum(dim=1)[..., ahead:]
        parts = spectra(stems[..., longest - geometry.analysis:stems.shape[-1] - ahead], geometry.analysis, geometry)
        masked = parts.sum(dim=1)
        mixed = [spectra(newest[..., longest - n:], n, geometry) for n in lengths[0 if ahead else 1:]]
        observed = self.net.observe(mixed if ahead else [masked, *mixed])
        return observed, self.loss.truth(parts.permute(0, 3, 1, 2, 4), masked.transpose(1, 2))

    def _initial_state(self) -> State:
        return [state.to(self.world.device) for state in self.net.initial_state(len(self.lanes))]
