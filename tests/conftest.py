"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch

from rtsep.dsp.windows import PROFILES
from training.export.export import metadata, write_model
from training.nets.band_gru import BandGru, BandGruConfig

pytest_plugins = ("tests.rigs.live",)

STEMS = ("drums", "guitar", "other")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of samples, MIDI and songs; tests that need it are skipped where it is not."""
    root = Path(os.environ.get("RTSEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"no data folder {root}: set RTSEP_DATA to the folder with samples/, midi/ and medleydb/")
    return root


def pytest_configure() -> None:
    """Let programs that tests start hear Ctrl-C, which a shell ignores for what runs in its background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def tiny_network(profile: str = "stage", contexts: tuple[int, ...] = (2048,)) -> BandGru:
    """Make a small network with random weights whose masks swing between 0 and 1."""
    torch.manual_seed(3)
    config = BandGruConfig(bands=48, linear_bands=16, contexts=contexts, context_bands=32, context_linear=8, hidden=24,
                           mask_exponent=2.0, logit_bias=(-0.5, 0.0, 0.0))
    net = BandGru(config, PROFILES[profile], STEMS, 44100)
    with torch.no_grad():
        net.decoder.weight.mul_(6.0)
    return net.eval()


def make_tiny_model(path: Path, profile: str = "stage", contexts: tuple[int, ...] = (2048,)) -> Path:
    """Write `tiny_network` as a step model."""
    net = tiny_network(profile, contexts)
    summary = {"licence": "CC0-1.0", "credits": ["random weights"], "training": {"audio_hours": 0.0},
               "quality": {"guitar": {"sdr": 7.25}}}
    write_model(net.step_graph().model(), metadata(net, path.stem, 44100, summary), path)
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a small random-weight model in the geometry of `stage`, with one longer window as context."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny.onnx")
