"""All fuzzers by name."""

from __future__ import annotations

from tests.fuzz import audio_files, blocks, file_models, flat_files, geometries, midi, models, yaml_files
from tests.fuzz.harness import Attempt

KINDS: dict[str, Attempt] = {
    "models": models.attempt, "file-models": file_models.attempt, "flat": flat_files.attempt,
    "geometries": geometries.attempt, "blocks": blocks.attempt, "audio": audio_files.attempt,
    "yaml": yaml_files.attempt, "midi": midi.attempt}
NATIVE = ("models", "flat", "geometries", "blocks")
"""Those whose inputs reach the native code: they run under sanitizers."""
