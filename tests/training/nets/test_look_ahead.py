"""Networks that look ahead: the newest window tells, together with the masked one, how an older window is masked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rtsep import Separator
from rtsep.dsp.windows import PROFILES
from rtsep.errors import ConfigError
from rtsep.model.gate import read_step
from tests.rigs.models import STEMS
from tests.training.tiny import tiny_network, write_tiny_model
from training.export.parity import parity_db
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.spectra import spectra
from training.recipes.recipe import overridden, read_recipe
from training.run.trainer import Trainer

SONG = PROFILES["song"]
LATE = SONG.look_ahead * SONG.hop


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the small network of this profile."""
    return write_tiny_model(tmp_path_factory.mktemp("song") / "tiny.onnx", "song")


def test_the_runtime_does_what_training_does(model: Path) -> None:
    assert parity_db(tiny_network("song"), model) < -80


def test_the_model_file_says_how_far_it_looks(model: Path) -> None:
    assert read_step(model).card.geometry == SONG
    assert Separator(model).latency == SONG.synthesis + LATE
    assert Separator(model, blocksize=128).latency == SONG.synthesis + LATE - 128


def test_stems_add_up_to_the_late_mixture(model: Path) -> None:
    separator = Separator(model, 2)
    mixture = (0.1 * np.random.default_rng(1).standard_normal((2, 30_000))).astype(np.float32)
    total = separator.process(mixture).sum(axis=0)
    np.testing.assert_allclose(total[:, separator.latency:], mixture[:, :-separator.latency], atol=1e-5)


def test_a_pulse_is_masked_by_what_is_heard_after_it() -> None:
    net = tiny_network("song")
    with torch.inference_mode():
        observed = torch.rand(1, 20, 1 + net.features_size)
        changed = observed.clone()
        changed[:, 12:] += 1.0
        before, after = (net(sound, net.initial_state(1))[0] for sound in (observed, changed))
    differ = (before != after).any(dim=3).any(dim=2)[0]
    assert not differ[:12].any()
    assert differ[12:].all()  # these are masks of windows from 12 - look_ahead on


def test_the_state_goes_on_between_chunks() -> None:
    net = tiny_network("song")
    observed = torch.rand(2, 11, 1 + net.features_size)
    with torch.inference_mode():
        whole, _ = net(observed, net.initial_state(2))
        first, state = net(observed[:, :3], net.initial_state(2))
        second, _ = net(observed[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-5, rtol=0)


def test_training_compares_masks_with_the_older_sound(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> None:
    more = {"profile": "song", "network": {"stereo": True}, "loss": {"magnitude_mse": 1.0}}
    trainer = Trainer(overridden(read_recipe(tiny_recipe), more, "x"), noise_stems, [], tmp_path)
    history, frames = trainer.span()
    lengths = (SONG.analysis, *trainer.net.config.contexts)
    assert history == max(lengths) - SONG.hop + LATE
    stems = torch.randn(1, trainer.sets.shape[1], 2, history + frames)
    observed, truth = trainer._prepare(stems)
    mixture, hops = stems.sum(dim=1), frames // SONG.hop

    def of(late: int, length: int) -> torch.Tensor:
        return spectra(mixture[..., :mixture.shape[-1] - late], length, SONG)[..., -hops:, :]

    torch.testing.assert_close(observed, trainer.net.observe([of(0, length) for length in lengths]))
    assert truth.stems is not None
    torch.testing.assert_close(truth.stems.sum(dim=2).transpose(1, 2), of(LATE, SONG.analysis), atol=1e-2, rtol=1e-3)


def test_it_needs_both_channels() -> None:
    with pytest.raises(ConfigError, match="stereo"):
        BandGru(BandGruConfig(), SONG, STEMS, 44100)
