"""Sound that only ffmpeg decodes: m4a, wma, video and what else it knows, where it is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from rtsep.errors import AudioFileError
from rtsep.types import Audio

_TIMEOUT_S = 60.0  # to look into a file
_LOCAL = ("-protocol_whitelist", "file,pipe,crypto,data")
"""What a file may lead to: a playlist under the name of a sound could name any server."""


def installed() -> bool:
    """Whether ffmpeg and its ffprobe can be called."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None


class FfmpegSound:
    """The first sound track of a file, decoded by ffmpeg.

    Parameters
    ----------
    path
        A file.
    samplerate, channels
        Of the track, as `probe` found them.
    cut, remark
        What shows that the file ends too early, and what else it holds, as of a `Section`.

    Attributes
    ----------
    samplerate, channels
        Of the track.
    frames
        None: what containers announce is no promise.
    notes
        What ffmpeg could not decode, once the end is reached.

    """

    frames: int | None = None

    def __init__(self, path: Path, samplerate: int, channels: int, cut: str = "", remark: str = "") -> None:
        self.notes: list[str] = []
        self.samplerate = samplerate
        self.channels = channels
        self._cut, self._remark = cut, remark
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-nostdin", *_LOCAL, "-i", f"file:{path}", "-map", "0:a:0", "-f", "f32le", "-ac",
             str(self.channels), "-ar", str(self.samplerate), "-"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)

    def read(self, frames: int) -> Audio:
        """Decode the next block, float32 (up to `frames`, channels); no frames at the end."""
        assert self._process.stdout is not None
        data = self._process.stdout.read(frames * self.channels * 4)
        whole = len(data) // (4 * self.channels) * self.channels
        if not data:
            self._end()
        return np.frombuffer(data, "<f4", whole).reshape(-1, self.channels).astype(np.float32)

    def close(self) -> None:
        """End ffmpeg."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _end(self) -> None:
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines()
                 if not line.strip().startswith("Last message repeated")]
        if (self._process.wait() or lines) and not self.notes:
            self.notes.append(f"ffmpeg could not decode all of it: {_said(lines[-1]) if lines else 'it failed'}")
        elif self._cut and not self.notes:
            self.notes.append(f"the file is cut short: {self._cut}")
        elif self._remark and not self.notes:
            self.notes.append(self._remark)


def _said(line: str) -> str:
    """Return a message of ffmpeg without the address of what it comes from, in bounded length."""
    return re.sub(r"^\[[^\]]* @ 0x[0-9a-f]+\] ", "", line.strip())[:200]


def probe(path: Path) -> tuple[int, int] | None:
    """Sample rate and channels of the first sound track; None where ffmpeg is not installed or does not know the file.

    Raises
    ------
    AudioFileError
        When it knows the file, and finds no sound in it.
    """
    command = ["ffprobe", "-v", "error", *_LOCAL, "-select_streams", "a:0", "-show_entries",
               "stream=sample_rate,channels", "-of", "json", f"file:{path}"]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_TIMEOUT_S, check=False)
        tracks = json.loads(done.stdout)["streams"]
        if done.returncode == 0 and not tracks:
            raise AudioFileError(f"{path} holds no sound: ffmpeg finds no sound track in it")
        track = tracks[0]
        return int(track["sample_rate"]), int(track["channels"])
    except (OSError, ValueError, LookupError, subprocess.TimeoutExpired):
        return None
