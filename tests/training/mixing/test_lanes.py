"""The stream of mixtures: repeatable, gapless, entered at any batch, the same from any number of processes."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from rtsep.errors import ConfigError, RtsepError
from training.corpora.stems import STEMS, StemFolder
from training.mixing import loader
from training.mixing.lane import Lane
from training.mixing.loader import LaneDataset, Made, batches, share
from training.mixing.remix import RemixConfig, Remixer

CONFIG = RemixConfig(segment_seconds=(0.6, 0.9), restart=0.5)


def lane(root: Path, history: int = 3000, frames: int = 8820) -> Lane:
    """Open a lane of short segments."""
    return Lane(StemFolder(root), CONFIG, (1, 2), history, frames)


def test_remixed_segments_are_varied_and_repeatable(noise_stems: Path) -> None:
    def segment(seed: int) -> np.ndarray:
        remixer = Remixer(StemFolder(noise_stems), CONFIG, np.random.default_rng(seed))
        _, frames = remixer.plan()
        return remixer.segment(frames)

    for seed in range(3):
        first = segment(seed)
        np.testing.assert_array_equal(first, segment(seed))
        assert first.shape[:2] == (len(STEMS), 2)
        assert np.all(np.isfinite(first))
        other = segment(seed + 1)
        assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_lane_is_gapless_and_begins_with_a_restart(noise_stems: Path) -> None:
    stream = lane(noise_stems)
    before, restart = stream.chunk()
    assert restart
    assert not np.any(before[..., :3000])
    restarts = 0
    for _ in range(40):
        chunk, restart = stream.chunk()
        assert chunk.shape == (len(STEMS), 2, 11820)
        if restart:
            assert not np.any(chunk[..., :3000])
        else:
            np.testing.assert_array_equal(chunk[..., :3000], before[..., -3000:])
        assert np.any(chunk[..., 3000:])
        restarts += restart
        before = chunk
    assert 2 < restarts < 20


def test_a_lane_plays_whole_segments_in_a_row(noise_stems: Path) -> None:
    stream = Lane(StemFolder(noise_stems), RemixConfig(segment_seconds=(0.6, 0.9), restart=0.0), (1, 2), 100, 8820)
    played = np.concatenate([stream.chunk()[0][..., 100:] for _ in range(12)], axis=2)
    segments = []
    for number in range(4):
        remixer = Remixer(stream.folder, stream.config, np.random.default_rng([1, 2, number]))
        _, frames = remixer.plan()
        segments.append(remixer.segment(frames))
    expected = np.concatenate(segments, axis=2)
    np.testing.assert_array_equal(played[..., :expected.shape[2]], expected[..., :played.shape[2]])


@pytest.mark.parametrize("skipped", [1, 4, 5, 37])
def test_skipping_leads_to_the_same_chunks(noise_stems: Path, skipped: int) -> None:
    whole, entered = lane(noise_stems), lane(noise_stems)
    flags = [whole.chunk()[1] for _ in range(skipped)]
    assert [entered.skip() for _ in range(skipped)] == flags
    for _ in range(4):
        (expected, restart), (found, same) = whole.chunk(), entered.chunk()
        np.testing.assert_array_equal(found, expected)
        assert restart == same


@pytest.mark.parametrize(("workers", "first"), [(1, 0), (2, 3), (5, 2)])
def test_batches_do_not_depend_on_processes_or_on_where_they_begin(noise_stems: Path, workers: int, first: int) -> None:
    def take(workers: int, first: int, number: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        dataset = LaneDataset(noise_stems, CONFIG, range(3), 500, 4410, seed=7, first=first)
        return list(itertools.islice(batches(dataset, workers), number))

    torch.manual_seed(1)
    before = torch.get_rng_state()
    found = take(workers, first, 3)
    assert torch.equal(torch.get_rng_state(), before)  # initial weights do not depend on the loader
    for mine, theirs in zip(found, take(0, 0, first + 3)[first:], strict=True):
        assert torch.equal(mine[0], theirs[0])
        assert torch.equal(mine[1], theirs[1])


def test_what_a_process_meets_arrives_as_it_is(tmp_path: Path, noise_stems: Path) -> None:
    for workers in (0, 2):
        dataset = LaneDataset(noise_stems, CONFIG, range(2), 500, 4410, seed=7)
        dataset.folder.root = tmp_path  # nothing is there when a process looks again
        dataset.folder._looked = -1e9
        with pytest.raises(ConfigError, match="has no sounds for drums and guitar and accompaniment") as error:
            next(batches(dataset, workers))
        assert "Traceback" not in str(error.value)


class Interrupted(LaneDataset):
    """Presses Ctrl-C while the first chunk is made: all processes of a terminal hear it."""

    def __iter__(self) -> Iterator[Made | RtsepError]:
        for process in (os.getpid(), os.getppid()):
            os.kill(process, signal.SIGINT)
        time.sleep(0.2)
        yield from super().__iter__()


def test_ctrl_c_waits_until_a_batch_is_whole(noise_stems: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, take = [], loader._take
    monkeypatch.setattr(loader, "_take", lambda parts: taken.append(take(parts)) or taken[-1])
    with pytest.raises(KeyboardInterrupt):
        next(batches(Interrupted(noise_stems, CONFIG, range(1), 500, 4410, seed=7), workers=1))
    assert len(taken) == 1


def test_a_long_folder_of_temporary_files_loses_no_batch(noise_stems: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    code = ("import sys; from pathlib import Path; from training.mixing.loader import LaneDataset, batches; "
            "from training.mixing.remix import RemixConfig; "
            "dataset = LaneDataset(Path(sys.argv[1]), RemixConfig(), range(1), 500, 4410, 7); "
            "print(next(batches(dataset, 1))[0].shape[-1])")
    done = subprocess.run([sys.executable, "-c", code, str(noise_stems)], env=os.environ | {"TMPDIR": str(folder)},
                          cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout, done.stderr) == ("4910\n", "")


def test_kinds_that_a_recipe_does_not_name_are_not_left_unheard(noise_stems: Path) -> None:
    config = RemixConfig(counts={"drums": (0.0, 1.0), "guitar": (0.0, 1.0)})
    with pytest.raises(ConfigError, match="holds bass, of which this recipe does not say how many"):
        LaneDataset(noise_stems, config, range(1), 500, 4410, seed=7)


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_files_are_counted_in_the_end(noise_stems: Path, tmp_path: Path, workers: int,
                                             capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(noise_stems, tmp_path / "stems")
    (tmp_path / "stems" / "drums" / "header.wav").write_text("no sound")
    cut = tmp_path / "stems" / "guitar" / "cut.flac"  # a header that promises more than there is
    soundfile.write(cut, 0.1 * np.random.default_rng(1).standard_normal(44100), 44100)
    cut.write_bytes(cut.read_bytes()[:9000] + bytes(40000))
    stream = batches(LaneDataset(tmp_path / "stems", CONFIG, range(3), 500, 4410, seed=7), workers)
    for _ in range(12):
        next(stream)
    stream.close()
    said = capfd.readouterr().err
    assert f"skipped {cut}" in said
    assert said.rstrip().endswith(f"2 files of {tmp_path / 'stems'} could not be read and were skipped")


def test_files_that_a_system_keeps_for_itself_are_no_broken_sounds(noise_stems: Path, tmp_path: Path) -> None:
    shutil.copytree(noise_stems, tmp_path / "stems")
    (tmp_path / "stems" / "drums" / "._0.wav").write_bytes(b"Mac OS X")
    assert not StemFolder(tmp_path / "stems").broken


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_shares_cover_all_lanes_in_order(parts: int) -> None:
    assert list(itertools.chain(*(share(range(7), index, parts) for index in range(parts)))) == list(range(7))
