"""The bench of graphics processors: its step is the network's, stream by stream; the processor stands in for a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bench.gpu import DeviceStep, main
from tests.training.tiny import tiny_network

STREAMS = 3
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")


@pytest.mark.parametrize(("device", "recorded"), [
    ("cpu", False), pytest.param("cuda", False, marks=GPU), pytest.param("cuda", True, marks=GPU)])
def test_hop_by_hop_it_is_the_network(device: str, recorded: bool) -> None:
    net, step = tiny_network(), DeviceStep(tiny_network(), STREAMS, torch.device(device), recorded)
    hops = [[torch.randn_like(spectrum) for spectrum in step.spectra] for _ in range(20)]
    found = []
    for hop in hops:
        for place, spectrum in zip(step.spectra, hop, strict=True):
            place.copy_(spectrum)
        step.run()
        found.append(step.masks.clone())
    with torch.no_grad():
        whole = [torch.cat(parts, dim=2) for parts in zip(*hops, strict=True)]
        bands, _ = net(net.observe(whole), net.initial_state(STREAMS))
    torch.testing.assert_close(torch.cat(found, dim=1), bands @ net.spread, atol=1e-4, rtol=1e-4)


def test_it_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--recipe", "stage", "--streams", "1", "--streams", "2", "--seconds", "0.05", "--device", "cpu",
                 "--json", str(tmp_path / "gpu.json")]) == 0
    rows = json.loads((tmp_path / "gpu.json").read_text())["results"]
    assert [(row["network"], row["streams"], row["cuda_graph"]) for row in rows] == [
        ("stage", 1, False), ("stage", 2, False)]
    assert all(0.0 < row["paced"]["p50_ms"] for row in rows)
    assert "one core of the processor" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device", "cuda"]) == 2
    assert "sees no GPU" in capsys.readouterr().err
