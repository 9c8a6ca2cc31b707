"""What a hop may take, what follows from how long it takes, and what the user is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from rtsep.live.process.calibration import Choice, Period, calibrate, decide
from rtsep.live.process.monitor import PeriodWatch
from tests.live.streams.test_jack import end
from tests.rigs.live import StartServer, rtsep_live

STAGE = Choice(Path("stage.onnx"), "stage", 3.0, 256, 512, 44100)
PAPER = Choice(Path("paper.onnx"), "paper", 6.0, 512, 1024, 44100)
ULTRA = Choice(Path("ultra.onnx"), "ultra", 1.0, 128, 256, 44100)


@pytest.mark.parametrize(("period", "frames"), [
    (None, 256), (Period(256), 256), (Period(512), 256), (Period(128), 128), (Period(100), 100), (Period(1), 1),
    (Period(384), 192), (Period(441), 220.5), (Period(1000), 250), (Period(128, 88200), 64),
    (Period(480, 48000), 220.5)])
def test_a_hop_has_its_share_of_a_period(period: Period | None, frames: float) -> None:
    assert replace(STAGE, period=period).deadline_ms == pytest.approx(1e3 * frames / 44100)


def test_what_holds_is_told_with_the_period() -> None:
    choice = replace(STAGE, period=Period(512))
    assert decide(choice, [], auto=True) == (choice, [
        "stage: p99 3.0 of 5.8 ms a hop in periods of 512 frames: holds its deadline"])
    assert replace(STAGE, p99_ms=4.0).holds
    assert not replace(STAGE, p99_ms=4.1).holds  # 70 % of 5.8


def test_the_model_of_the_lowest_latency_that_holds_is_named_and_auto_takes_it() -> None:
    slow = replace(STAGE, p99_ms=9.0)
    others = [PAPER, replace(ULTRA, p99_ms=2.5), replace(PAPER, name="longer", latency=2048)]
    assert decide(slow, others, auto=False) == (slow, [
        "stage: p99 9.0 of 5.8 ms a hop: too slow for this computer; "
        "paper: p99 6.0 of 11.6 ms a hop: holds its deadline",
        "ways out: --model paper, or --auto"])
    assert decide(slow, others, auto=True) == (PAPER, [
        "stage: p99 9.0 of 5.8 ms a hop: too slow for this computer; "
        "paper: p99 6.0 of 11.6 ms a hop: holds its deadline, and is taken"])
    assert decide(slow, [*others, ULTRA], auto=True)[0] == ULTRA


@pytest.mark.parametrize("auto", [False, True])
def test_where_nothing_holds_the_requested_model_plays(auto: bool) -> None:
    slow = replace(STAGE, p99_ms=9.0)
    assert decide(slow, [replace(PAPER, p99_ms=9.0)], auto) == (slow, [
        "stage: p99 9.0 of 5.8 ms a hop: too slow for this computer; no other shipped model holds its own"])


def test_a_period_that_is_too_short_calls_for_the_worker() -> None:
    choice = replace(STAGE, period=Period(128))
    assert decide(choice, [], auto=False)[1] == [
        "stage: p99 3.0 of 2.9 ms a hop in periods of 128 frames: too slow for this computer; no other "
        "shipped model holds its own",
        "ways out: --engine worker, which has all of a hop's time"]


def test_blocks_that_turn_out_too_short_are_told_once() -> None:
    told: list[str] = []
    player = SimpleNamespace(blocksize=0, samplerate=44100)
    watch = PeriodWatch(STAGE, player, told.append)
    for player.blocksize in (512, 256, 256, 100, 100, 64):
        assert not watch()
    assert told == ["stage: p99 3.0 of 2.3 ms a hop in periods of 100 frames: too slow for such short "
                    "blocks; take longer ones, or --engine worker"]


@pytest.mark.parametrize(("rate", "taken"), [(None, 44100), (48000, 48000), (96000, 44100)])
def test_calibration_times_the_model_at_the_rate_of_the_device(tiny_model: Path, rate: int | None, taken: int) -> None:
    choice = calibrate(str(tiny_model), None, 1, 0.1, Period(512), rate)
    assert (choice.path, choice.samplerate, choice.period) == (tiny_model, taken, Period(512))
    assert choice.p99_ms > 0.0


def slow_model(tiny: Path, path: Path) -> Path:
    """Add a large product to a model that its estimates wait for, and that changes nothing."""
    model = onnx.load(tiny)
    graph, make = model.graph, onnx.helper.make_node
    bins = graph.input[0].type.tensor_type.shape.dim[1].dim_value
    (last,) = (node for node in graph.node if "estimates" in node.output)
    last.output[list(last.output).index("estimates")] = "quick"
    graph.initializer.extend([onnx.helper.make_tensor("column", onnx.TensorProto.INT64, [2], [bins, 1]),
                              onnx.helper.make_tensor("nothing", onnx.TensorProto.FLOAT, [], [1e-30]),
                              onnx.numpy_helper.from_array(np.full((bins, 400), 0.1, np.float32), "heavy")])
    graph.node.extend([make("Reshape", ["magnitude", "column"], ["upright"]),
                       make("MatMul", ["upright", "magnitude"], ["wide"]),
                       make("Tanh", ["wide"], ["small"]),
                       make("MatMul", ["small", "heavy"], ["product_0"]),
                       *(make("Tanh", [f"product_{index}"], [f"product_{index + 1}"]) for index in range(120)),
                       make("ReduceMean", ["product_120"], ["mean"], keepdims=0),
                       make("Mul", ["mean", "nothing"], ["almost_nothing"]),
                       make("Add", ["quick", "almost_nothing"], ["estimates"])])
    properties = {entry.key: entry.value for entry in model.metadata_props}
    document = json.loads(properties["rtsep"]) | {"name": path.stem}
    onnx.helper.set_model_props(model, properties | {"rtsep": json.dumps(document)})
    onnx.save(model, path)
    return path


def test_a_model_that_is_really_too_slow_gives_way_to_one_that_is_not(jack: StartServer, tiny_model: Path,
                                                                      tmp_path: Path) -> None:
    """Which one that is, and whether there is one, is the machine's matter; what is said is what is played."""
    model = slow_model(tiny_model, tmp_path / "slow.onnx")
    server = jack(512)
    with rtsep_live("--model", str(model), "--auto", env=server.env, calibrated=True) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        rtsep.wait_for_line("too slow for this computer; ")
        line = rtsep.lines[0]
        tables = end(rtsep, quiet=False)
    found = re.fullmatch(r"rtsep: slow: p99 \d+\.\d of 5\.8 ms a hop in periods of 512 frames: too slow "
                         r"for this computer; (?:(\w+): p99 .*: holds its deadline, and is taken|no other .*)\n", line)
    assert found, line
    assert re.search(rf"^{found[1] or 'slow'}, \d+\.\d s", tables, re.MULTILINE), tables
