"""A run: resumed to the bit, whole after Ctrl-C and a full disk, ended by NaN, shared by several processes."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml

from rtsep.errors import ConfigError
from training.recipes.recipe import find_recipe, overridden, read_recipe
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.devices import World, world
from training.run.journal import Journal, read_rows
from training.run.run import MOST_SKIPPED
from training.run.trainer import Trainer

ROOT = Path(__file__).parents[3]


def losses(run: Path) -> list[str]:
    """Losses of a log as they are written, all digits."""
    return [row["loss"] for row in read_rows(run / "log.csv")]


def interrupted(trainer: Trainer, after: int, workers: int = 0) -> None:
    """Train until Ctrl-C comes with the given step."""
    update = trainer.update

    def update_or_stop(stems: torch.Tensor, restart: torch.Tensor) -> float:
        if trainer.step == after:
            raise KeyboardInterrupt
        return update(stems, restart)

    trainer.update = update_or_stop
    with pytest.raises(KeyboardInterrupt):
        trainer.train(validate_every=2, workers=workers)
    del trainer.update


@pytest.mark.parametrize("name", ["tiny", "stage"])
def test_a_resumed_run_equals_one_that_never_stopped(name: str, tiny_recipe: Path, noise_stems: Path,
                                                     tmp_path: Path) -> None:
    tiny = read_recipe(tiny_recipe)
    short = yaml.safe_load(tiny_recipe.read_text())["optimiser"] | {"bf16": True}
    recipe = tiny if name == "tiny" else overridden(find_recipe(name), {"optimiser": short}, name)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    whole.mkdir()
    parted.mkdir()
    first = Trainer(recipe, noise_stems, [], whole)
    first.train(validate_every=2, workers=0)
    interrupted(Trainer(recipe, noise_stems, [], parted), after=3, workers=2)
    assert read_checkpoint(parted / "last.pt")["step"] == 2
    second = Trainer(recipe, noise_stems, [], parted)
    second.resume(parted / "last.pt")
    second.train(validate_every=2, workers=1)
    assert len(losses(parted)) == 3
    assert losses(parted) == losses(whole)
    for mine, theirs in zip(first.averaged.parameters(), second.averaged.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    for mine, theirs in zip(first.state, second.state, strict=True):
        assert torch.equal(mine, theirs)
        assert torch.any(mine)


def test_a_run_without_steps_keeps_the_weights_it_starts_from(tiny_recipe: Path, noise_stems: Path,
                                                              tmp_path: Path) -> None:
    recipe = read_recipe(tiny_recipe)
    Trainer(recipe, noise_stems, [], tmp_path).train(validate_every=3, workers=0)
    kept = tmp_path / "kept"
    kept.mkdir()
    unchanged = overridden(recipe, {"optimiser": {"steps": 0}}, "unchanged")
    Trainer(unchanged, noise_stems, [], kept, start=str(tmp_path / "last.pt")).train(validate_every=3, workers=0)
    for name, value in read_checkpoint(tmp_path / "last.pt")["ema"].items():
        assert torch.equal(read_checkpoint(kept / "last.pt")["ema"][name], value)
    heard = [float(read_rows(run / "log.csv")[-1]["audio_hours"]) for run in (tmp_path, kept)]
    assert heard[0] == heard[1] > 0.0, "what the weights have heard before counts"
    curves = read_checkpoint(kept / "last.pt")["curves"]
    assert list(curves) == [tmp_path.name], "a run without steps has no curve and keeps that of its weights"
    assert curves[tmp_path.name]["audio_hours"][-1] == pytest.approx(heard[0], abs=0.01)


def test_resuming_drops_rows_after_the_checkpoint_and_stops_at_the_end(tiny_recipe: Path, noise_stems: Path,
                                                                       tmp_path: Path) -> None:
    recipe = read_recipe(tiny_recipe)
    Trainer(recipe, noise_stems, [], tmp_path).train(validate_every=3, workers=0)
    with (tmp_path / "log.csv").open("a") as handle:
        handle.write("9,0.1,9,1.0,0\n")
    again = Trainer(recipe, noise_stems, [], tmp_path)
    again.resume(tmp_path / "last.pt")
    again.train(validate_every=3, workers=0)
    assert [row["step"] for row in read_rows(tmp_path / "log.csv")] == ["3", "6"]
    assert again.step == 6


def test_a_run_is_neither_overwritten_nor_resumed_by_another_recipe(tiny_recipe: Path, noise_stems: Path,
                                                                    tmp_path: Path) -> None:
    recipe = read_recipe(tiny_recipe)
    Trainer(recipe, noise_stems, [], tmp_path).train(validate_every=6, workers=0)
    with pytest.raises(ConfigError, match=r"holds a run already.*--resume .*last\.pt"):
        Trainer(recipe, noise_stems, [], tmp_path).train(validate_every=6, workers=0)
    other = Trainer(overridden(recipe, {"optimiser": {"steps": 9}}, "x"), noise_stems, [], tmp_path)
    with pytest.raises(ConfigError, match=r"optimiser differs.*--from"):
        other.resume(tmp_path / "last.pt")
    with pytest.raises(ConfigError, match=r"no checkpoint .*nothing"):
        other.resume(tmp_path / "nothing.pt")


def test_a_full_disk_leaves_the_checkpoint_whole(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> None:
    trainer = Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path)
    interrupted(trainer, after=2)
    (tmp_path / "last.draft").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match=r"cannot write .*last\.pt \(No space left on device\).*--resume"):
        trainer.train(validate_every=4, workers=0)
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 2
    assert not (tmp_path / "last.draft").is_symlink()
    again = Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path)
    again.resume(tmp_path / "last.pt")
    again.train(validate_every=4, workers=0)
    assert again.step == 6


def test_single_bad_steps_are_skipped_and_counted_and_many_end_the_run(tiny_recipe: Path, noise_stems: Path,
                                                                       tmp_path: Path) -> None:
    recipe = overridden(read_recipe(tiny_recipe), {"optimiser": {"steps": 20}}, "x")
    trainer = Trainer(recipe, noise_stems, [], tmp_path)
    (stems, restart), *_ = [next(trainer.batches(0))]
    before = [parameter.detach().clone() for parameter in trainer.net.parameters()]
    broken = stems.clone()
    broken[1, 0, 0, 5000] = math.inf
    assert math.isnan(trainer.update(broken, restart))
    assert trainer.skipped == 1
    for value, kept in zip(trainer.net.parameters(), before, strict=True):
        assert torch.equal(value, kept)
    assert math.isfinite(trainer.update(stems, restart))
    for _ in range(MOST_SKIPPED - 1):
        trainer.update(broken, restart)
    with pytest.raises(ConfigError, match=f"no number since {MOST_SKIPPED} steps, at step {MOST_SKIPPED + 2}: choose"):
        trainer.update(broken, restart)
    assert all(torch.all(torch.isfinite(parameter)) for parameter in trainer.averaged.parameters())


def test_skipped_steps_stand_in_the_log_and_the_mean_leaves_them_out(tiny_recipe: Path, noise_stems: Path,
                                                                     tmp_path: Path) -> None:
    trainer = Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path)
    trainer.skipped = 1
    row = trainer.validate([1.0, math.nan, 2.0], Journal(tmp_path, 0))
    assert (row["loss"], row["skipped"]) == (1.5, 1)
    assert read_rows(tmp_path / "log.csv")[0]["skipped"] == "1"
    assert read_checkpoint(tmp_path / "best.pt")["best"] == -1.5


def test_the_best_checkpoint_stays_when_the_last_gets_worse(tiny_recipe: Path, noise_stems: Path,
                                                            tmp_path: Path) -> None:
    trainer, journal = Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path), Journal(tmp_path, 0)
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0)):
        trainer.step = step
        trainer.validate([loss], journal)
    assert read_checkpoint(tmp_path / "best.pt")["step"] == 2
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 3
    assert read_checkpoint(tmp_path / "last.pt")["best"] == -1.0


def command(recipe: Path, stems: Path, run: Path, *more: str) -> list[str]:
    """Arguments after `python` that train without real songs."""
    return ["-m", "training", "--data", str(run), "train", str(recipe), str(stems), str(run), *more]


@pytest.fixture
def endless(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a run that does not end by itself, with its first checkpoint written, in `tmp_path / "run"`."""
    fields = yaml.safe_load(tiny_recipe.read_text())
    fields["optimiser"]["steps"] = 10 ** 6
    recipe = tmp_path / "endless.yaml"
    recipe.write_text(yaml.safe_dump(fields))
    run = tmp_path / "run"
    with subprocess.Popen([sys.executable, *command(recipe, noise_stems, run, "--validate-every", "1")],
                          cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not (run / "last.pt").is_file() and process.poll() is None:
            time.sleep(0.05)
        yield process
        process.kill()


def test_ctrl_c_ends_with_a_sentence_and_a_whole_checkpoint(endless: subprocess.Popen[str], tmp_path: Path) -> None:
    os.killpg(endless.pid, signal.SIGINT)  # as a terminal does: to the processes that mix, too
    _, said = endless.communicate(timeout=600)
    assert endless.returncode == 1, said
    assert "stopped; the last checkpoint and all finished files are whole" in said
    assert "Traceback" not in said
    step = read_checkpoint(tmp_path / "run" / "last.pt")["step"]
    assert step >= 1
    assert abs(int(read_rows(tmp_path / "run" / "log.csv")[-1]["step"]) - step) <= 1


def test_a_process_that_is_killed_is_a_sentence(endless: subprocess.Popen[str]) -> None:
    children = Path(f"/proc/{endless.pid}/task/{endless.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)  # as Linux does where memory ends
    _, said = endless.communicate(timeout=600)
    assert endless.returncode == 1, said
    assert "a process that mixes or renders was killed" in said
    assert "Traceback" not in said


def test_two_processes_with_half_the_lanes_each_do_what_one_does(tiny_recipe: Path, noise_stems: Path,
                                                                 tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    Trainer(read_recipe(tiny_recipe), noise_stems, [], one).train(validate_every=2, workers=0)
    arguments = command(tiny_recipe, noise_stems, two, "--validate-every", "2", "--workers", "0", "--device", "cpu")
    subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments],
                   cwd=ROOT, check=True, timeout=600, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert [float(loss) for loss in losses(two)] == pytest.approx([float(loss) for loss in losses(one)], abs=1e-4)
    mine, theirs = read_checkpoint(one / "last.pt"), read_checkpoint(two / "last.pt")
    for name, value in mine["ema"].items():
        torch.testing.assert_close(theirs["ema"][name], value, atol=1e-4, rtol=0)
    for first, second in zip(mine["state"], theirs["state"], strict=True):
        assert second.shape == first.shape  # of all lanes, so that any number of processes can go on
        torch.testing.assert_close(second, first, atol=1e-3, rtol=1e-3)


def test_devices_that_are_not_there_are_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match=r"--device cuda: this torch .* sees no GPU; use --device cpu"), world("cuda"):
        pass
    with world("auto") as here:
        assert (here.device.type, here.rank, here.size) == ("cpu", 0, 1)


def test_lanes_must_be_shared_evenly(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lanes: 4 cannot be shared evenly by 3 processes"):
        Trainer(read_recipe(tiny_recipe), noise_stems, [], tmp_path, World(rank=1, size=3))


def test_a_half_written_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    write_checkpoint([path], {"recipe": {}, "net": {}, "ema": {}, "log": {}, "curves": {}})
    assert read_checkpoint(path)["log"] == {}
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ConfigError, match=r"a\.pt is no checkpoint of this trainer"):
        read_checkpoint(path)


def test_spoilt_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    weights = torch.arange(1000, dtype=torch.float32)
    write_checkpoint([path], {"recipe": {}, "net": {"w": weights}, "ema": {}, "log": {}, "curves": {}})
    whole = path.read_bytes()
    at = whole.index(weights.numpy().tobytes()) + 2001
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:])
    with pytest.raises(ConfigError, match=r"a\.pt is no checkpoint of this trainer \(damaged: the checksum of"):
        read_checkpoint(path)
    path.write_bytes(whole)
    assert torch.equal(read_checkpoint(path)["net"]["w"], weights)
