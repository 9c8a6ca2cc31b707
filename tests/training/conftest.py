"""Stems for the trainer's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

SAMPLERATE = 44100
torch.set_num_threads(1)  # as the command does: threads that wait for each other cost more than such small products


@pytest.fixture(scope="session")
def noise_stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with two sounds of a noise and a tone for each of three kinds."""
    root, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(1)
    time = np.arange(5 * SAMPLERATE) / SAMPLERATE
    for kind, hertz in (("drums", 2000), ("guitar", 900), ("bass", 80)):
        (root / kind).mkdir()
        for index in range(2):
            sound = 0.2 * np.sin(2 * np.pi * hertz * (1 + index) * time) + 0.05 * rng.standard_normal(time.size)
            soundfile.write(root / kind / f"{index}.wav", sound, SAMPLERATE)
    return root


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """Write a recipe of a few seconds: six steps of four short lanes of a small network in float32."""
    path = tmp_path / "tiny.yaml"
    network = {"bands": 32, "linear_bands": 8, "hidden": 16,
               "contexts": [2048], "context_bands": 16, "context_linear": 4}
    optimiser = {"steps": 6, "lanes": 4, "chunk_seconds": 0.4, "warm_up_steps": 2, "bf16": False}
    path.write_text(yaml.safe_dump({"name": "tiny", "profile": "stage", "network": network, "optimiser": optimiser,
                                    "mixtures": {"segment_seconds": [0.6, 1.0]}}))
    return path
