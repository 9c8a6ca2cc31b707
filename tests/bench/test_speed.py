"""The speed benches: their graphs compute what they claim to, and each bench runs and reports."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

import bench.scaling
from bench import executors, peers
from bench.lib.machine import weight_bytes
from bench.lib.paced import Loop, Turns
from bench.lib.peer_streams import PEERS, Card, Peer, PeerStream, flat
from bench.lib.steps import FusedGraph, dynamic_int8, noise
from bench.lib.streams import _group, most_streams, turns
from bench.small import family, memory_of
from rtsep import RtsepError
from rtsep.backends import open_step
from rtsep.backends.step import advance
from rtsep.dsp.windows import PROFILES
from rtsep.model.gate import read_step
from tests.rigs.models import STEMS
from tests.training.tiny import tiny_network
from training.export.parity import parity_db
from training.export.quantise import in_blocks
from training.nets.band_gru import BandGru, BandGruConfig
from training.nets.step_graph import StepGraph

PARAMETERS = {"DTLN": 0.987e6, "DeepFilterNet 2 (shape of)": 2.31e6, "HS-TasNet (sized)": 42e6,
              "Open-Unmix, one way (sized)": 10.4e6}


def test_the_fused_graph_has_the_operator_and_does_what_training_does(tmp_path: Path) -> None:
    net = tiny_network()
    model = net.step_graph(FusedGraph).model()
    assert [node.op_type for node in model.graph.node].count("GRU") == net.config.layers
    assert parity_db(net, executors.written(net, model, tmp_path / "fused.onnx")) < -70.0


@pytest.mark.parametrize(("store", "operator", "size", "worst"), [
    (dynamic_int8, "MatMulInteger", 0.32, -20.0), (in_blocks, "MatMulNBits", 0.32, -20.0),
    (lambda graph: in_blocks(graph, 4), "MatMulNBits", 0.2, 0.0)], ids=["dynamic", "8 bit", "4 bit"])
def test_fewer_bits_are_smaller_and_near(tmp_path: Path, store: Callable[[StepGraph], onnx.ModelProto], operator: str,
                                         size: float, worst: float) -> None:
    net = BandGru(BandGruConfig(contexts=(2048,)), PROFILES["stage"], STEMS, 44100)
    full = executors.written(net, net.step_graph().model(), tmp_path / "full.onnx")
    small = executors.written(net, store(net.step_graph()), tmp_path / "small.onnx")
    kinds = [node.op_type for node in onnx.load(small).graph.node]
    assert kinds.count(operator) == len(net.step_graph().products)
    assert weight_bytes(small) < size * weight_bytes(full)
    assert reference_error(full, small) < worst


def reference_error(full: Path, small: Path) -> float:
    """Error of a model's estimates after some hops of noise, against another's, dB."""
    rng = np.random.default_rng(1)
    features = {name: rng.exponential(size=(20, bins)).astype(np.float32)
                for name, bins in (("magnitude", 513), ("context_0", 1025))}
    expected, found = (advance(open_step(read_step(path)), features)[-1] for path in (full, small))
    return 10.0 * float(np.log10(np.sum(np.square(found - expected)) / np.sum(np.square(expected))))


def test_states_are_carried_from_step_to_step() -> None:
    arrays = noise({"magnitude": [1, 4], "state_0": [1, 2]}, ["estimates", "state_0_out"])
    assert not arrays["state_0"].any()
    assert arrays["magnitude"].all()


@pytest.mark.parametrize(("peer", "graph"), PEERS, ids=lambda value: getattr(value, "name", ""))
def test_peers_have_their_published_size_and_turn_music_into_sound(peer: Peer, graph: Callable[[], StepGraph],
                                                                   tmp_path: Path) -> None:
    path = peers.save(graph().model(), tmp_path / "peer.onnx")
    weights = sum(int(np.prod(weight.dims)) for weight in onnx.load(path).graph.initializer)
    assert weights == pytest.approx(PARAMETERS[peer.name], rel=0.06)
    stream, rng = PeerStream(peer, path), np.random.default_rng(1)
    for _ in range(8):
        out = stream.hop(rng.standard_normal((peer.channels, peer.hop)).astype(np.float32))
    assert out.shape[1:] == (peer.channels, peer.hop)
    assert np.all(np.isfinite(out))
    assert np.std(out) > 0.0


def test_the_stream_of_a_peer_overlaps_its_windows(tmp_path: Path) -> None:
    graph = StepGraph()
    graph.output("doubled", graph.node("Add", graph.input("magnitude", (1, 257)), graph.constant(0.0)), (1, 257))
    path = peers.save(graph.model(), tmp_path / "same.onnx")
    same = Peer("same", "", 16000, 256, 512, 1, 512, lambda spectra, _: {"magnitude": flat(np.abs(spectra[-1]))},
                lambda _, spectra: np.fft.irfft(spectra[-1])[np.newaxis])
    audio = np.random.default_rng(1).standard_normal((1, 2560)).astype(np.float32)
    stream = PeerStream(same, path)
    out = np.concatenate([stream.hop(block) for block in np.split(audio, 10, axis=1)], axis=2)[0]
    np.testing.assert_allclose(out[:, 256:], audio[:, :-256], atol=1e-5)


def test_peers_report_beside_our_own_model(tmp_path: Path, tiny_model: Path) -> None:
    song = 0.1 * np.random.default_rng(1).standard_normal((2, 44100)).astype(np.float32)
    report = peers.measure([peers.shipped(str(tiny_model)), peers.naive_export("stage", tmp_path)], song, 0.1)
    assert [row["name"] for row in report["results"]] == ["rtsep tiny", "naive export of stage"]
    assert all(row["ms_a_second"] > 0.0 for row in report["results"])


@pytest.mark.parametrize(("samplerate", "channels"), [(16000, 1), (44100, 2)])
def test_music_comes_as_a_system_takes_it(samplerate: int, channels: int) -> None:
    song = np.random.default_rng(1).standard_normal((2, 44100)).astype(np.float32)
    hops = peers.hops_of(song, Card("any", "", samplerate, 128, 512, channels))
    assert {hop.shape for hop in hops} == {(channels, 128)}
    assert len(hops) == samplerate // 128


EXECUTORS = """
import sys
from bench import executors
from tests.training.tiny import tiny_network
executors.network = lambda *_: (tiny_network(), "tiny")
sys.exit(executors.main(["--seconds", "0.1", "--json", sys.argv[1]]))
"""


def test_executors_report(tmp_path: Path) -> None:
    # in a process of its own: OpenVINO leaves an alternate signal stack behind that is unmapped
    report = tmp_path / "report.json"
    done = subprocess.run([sys.executable, "-c", EXECUTORS, str(report)], capture_output=True, text=True, timeout=300,
                          check=True)
    rows = json.loads(report.read_text())["results"]
    assert {row["graph"] for row in rows} == set(executors.GRAPHS)
    assert "fused GRU" in done.stdout


def test_the_longest_of_a_sweep_is_another_network(tmp_path: Path) -> None:
    small, large = ({**bench.scaling.MIDDLE, "hidden": hidden} for hidden in (64, 256))
    sizes = [weight_bytes(bench.scaling.network(tmp_path / f"{index}.onnx", one))
             for index, one in enumerate((small, large))]
    assert sizes[1] > 2 * sizes[0]


def test_streams_run_in_processes_of_their_own(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0))
    found = turns(str(tiny_model), 1, 1, min(cores, 2), 0.1)
    assert [count for _, count in found] == [round(0.1 * 44100 / 256)] * min(cores, 2)
    monkeypatch.setattr("bench.lib.streams.TIMEOUT_S", 0.0)
    with pytest.raises(RtsepError, match="1 groups of 2 streams did not end in time"):
        turns(str(tiny_model), 1, 2, 1, 0.0)


def test_turns_longer_than_a_hop_are_missed(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.array([0.9, 1.1, 1.0, 5.0, 0.0]) * 256 / 44100
    steps = []

    def paced(loop: Loop, seconds: float) -> Turns:
        steps.append(loop.work())
        assert (loop.period_s, seconds) == (256 / 44100, 0.5)
        return Turns(0.0 * times, times)

    monkeypatch.setattr("bench.lib.streams.paced", paced)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: None)
    found: queue.Queue[tuple[int, int]] = queue.Queue()
    _group(str(tiny_model), 1, 2, 0, 0.5, threading.Barrier(1), found)
    assert found.get_nowait() == (2, 5)
    assert len(steps) == 1


@pytest.mark.parametrize("truth", [0, 1, 7, 15])
def test_the_most_streams_are_found(monkeypatch: pytest.MonkeyPatch, truth: int) -> None:
    monkeypatch.setattr("bench.lib.streams.misses",
                        lambda model, channels, streams, cores, seconds: int(streams > truth))
    assert most_streams("any", 1, 1, 0.1, 16) == truth


def test_memory_of_this_process_is_told() -> None:
    assert family(os.getpid())[0] == os.getpid()
    assert 1e7 < memory_of(os.getpid(), "Pss") <= memory_of(os.getpid(), "Rss")


def test_an_unknown_model_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.main(["--model", "banjo"]) == 2
    assert "no model 'banjo'" in capsys.readouterr().err
