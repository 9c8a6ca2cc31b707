"""One file of a batch: separated as it was planned, in whichever process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtsep.audio.files import STDIN, AudioReader
from rtsep.files.levels import Output
from rtsep.files.naming import Plan
from rtsep.model.catalogue import FILE_MODEL
from rtsep.report.spectrograms import Spectrogram, draw_spectrograms, spectrogram_of

if TYPE_CHECKING:
    from rtsep.files.track import SeparatedFile

_PICTURE_HZ = 32_000  # shows all that a picture has room for


@dataclass(frozen=True)
class Batch:
    """What all files of a batch have in common.

    Parameters
    ----------
    model, stems, mask_gain
        As of `separate_file`; those that a plan has no path for are not written.
    output
        How stems are written.
    plot
        Whether a picture of the mixture and its stems is drawn beside them.
    """

    model: str | Path = FILE_MODEL
    stems: tuple[str, ...] | None = None
    mask_gain: float = 1.0
    output: Output = field(default_factory=Output)
    plot: bool = False


def separate_planned(batch: Batch, plan: Plan, progress: Callable[[float, float | None], None]) -> SeparatedFile:
    """Separate one file of a batch; what is raised is that of `separate_file`."""
    from rtsep.files.track import separate_track  # loads the model's readers, which names and plans do without

    output = Output(batch.output.encoding, batch.output.clip, batch.output.overwrite or plan.ours)
    result = separate_track(plan.source, plan.paths.get, batch.model, batch.stems, batch.mask_gain, progress,
                            output, plan.tags)
    if batch.plot:
        draw_spectrograms(plan.picture, dict(_spectrograms(result)), _PICTURE_HZ, plan.source.name)
    return result


def summary(plan: Plan, status: str, result: SeparatedFile | None = None, error: str = "") -> dict[str, Any]:
    """Tell what became of a file, in values of JSON."""
    told: dict[str, Any] = {"source": str(plan.source), "status": status,
                            "outputs": {stem: str(path) for stem, path in plan.paths.items()}}
    if result is not None:
        told |= {"samplerate": result.samplerate, "channels": result.channels, "frames": result.frames,
                 "seconds": round(result.seconds, 3), "elapsed_s": round(result.elapsed_s, 3),
                 "times_real_time": round(result.times_real_time, 1), "bad_frames": result.bad_frames,
                 "notes": list(result.notes)}
    return told | ({"error": error} if error else {})


def _spectrograms(result: SeparatedFile) -> Iterator[tuple[str, Spectrogram]]:
    """Yield those of the mixture and its stems, from the first frame to the last."""
    mixture = {} if result.source == STDIN else {"mixture": result.source}  # which cannot be read again
    for name, path in (mixture | result.outputs).items():
        with AudioReader(path) as reader:
            frames = round(result.frames * _PICTURE_HZ / result.samplerate)
            yield name, spectrogram_of(reader.blocks(_PICTURE_HZ), frames, _PICTURE_HZ)
