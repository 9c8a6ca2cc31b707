"""Try an installed rtsep: native code runs the shipped model, and the stems of a file sum to it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from rtsep import Separator

with tempfile.TemporaryDirectory() as folder:
    executor = Separator("stage").executor
    song = 0.1 * np.random.default_rng(1).standard_normal((44100, 2))
    soundfile.write(Path(folder, "song.wav"), song, 44100, subtype="FLOAT")
    subprocess.run([sys.executable, "-m", "rtsep.cli.main", "separate", "song.wav", "-o", "out"], cwd=folder,
                   check=True)
    stems = [soundfile.read(path)[0] for path in Path(folder, "out", "song").glob("*.wav")]
print(f"{executor}, {len(stems)} stems")
if not executor.startswith("native code") or np.abs(np.sum(stems, axis=0) - song).max() > 1e-4:
    sys.exit("this wheel is not what it should be")
