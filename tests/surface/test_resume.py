"""As it was: what is kept, what holds before it, and files that cannot be used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rtsep.cli.live import _resumed
from rtsep.cli.main import build_parser
from rtsep.errors import ConfigError
from rtsep.live.protocol import Connections
from rtsep.surface.resume import FILE, LastRun, LastRunWriter, read_last_run
from tests.rigs.live import rtsep_live
from tests.rigs.surface import Run


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "rtsep" / FILE


def options(*words: str) -> object:
    return build_parser().parse_args(["live", *words])


def test_what_was_played_comes_back(still_run: Run, own_settings: Path) -> None:
    assert read_last_run() == LastRun()
    still_run.surface.set("mask_gain", 6.0)
    still_run.surface.set("level guitar", "off")
    links = Connections((("in_1", "player:out"),), None)
    state = still_run.session.state
    state.settings = type(state.settings)(**vars(state.settings) | {"connections": links})
    LastRunWriter(still_run.surface, options("--input", "UMC", "--remove", "guitar")).keep()
    args = options()
    kept = read_last_run().put(args)
    assert (args.input, args.output, args.remove, args.model) == ("UMC", None, ["guitar"], "stage")
    assert (kept.values["level"]["guitar"], kept.values["mute"]["drums"], kept.connections) == (0.0, 0.0, links)
    assert kept.values["mask_gain"] == pytest.approx(1.9953, abs=1e-4)


def test_options_hold_before_what_was_kept(still_run: Run) -> None:
    LastRunWriter(still_run.surface, options("--input", "UMC", "--remove", "guitar", "--output", "RME")).keep()
    args = options("--input", "demo", "--split")
    kept = read_last_run().put(args)
    assert (args.input, args.output, args.remove, args.split) == ("demo", "RME", None, True)
    assert set(kept.values) == {"mask_gain", "wet", "bypass"}, "stems are others now"
    assert set(read_last_run().put(options("--model", "ultra")).values) == {"mask_gain", "wet", "bypass"}


@pytest.mark.parametrize("text", ["{", "[1]", '{"volume": 1}', '{"input": 3}', '{"stem": "guitar"}', '{"split": "no"}',
                                  '{"controls": {"wet": 2}}', '{"connections": {"inputs": [1]}}', '{"connections": 1}'])
def test_a_file_that_cannot_be_used_is_a_sentence(own_settings: Path, text: str) -> None:
    own_settings.parent.mkdir()
    own_settings.write_text(text)
    with pytest.raises(ConfigError, match=FILE):
        read_last_run()


def test_a_run_begins_as_the_last_one_ended(tiny_model: Path, tmp_path: Path, own_settings: Path) -> None:
    run = ("--input", "demo", "--output", "none", "--seconds", "0.3", "--resume-state", "--quiet")
    with rtsep_live(*run, "--model", str(tiny_model), "--remove", "drums", "--mask-gain", "6", cwd=tmp_path) as first:
        first.finish()
        assert first.process.returncode == 0
    kept = json.loads(own_settings.read_text())
    assert (kept["input"], kept["remove"], kept["controls"]["mask_gain"]) == ("demo", ["drums"], 6.0)
    assert "output" in kept
    with rtsep_live("--resume-state", "--seconds", "0.3", "--wet", "0.5", "--quiet", cwd=tmp_path) as second:
        second.finish()
        assert second.process.returncode == 0
    again = json.loads(own_settings.read_text())
    assert again == kept | {"controls": kept["controls"] | {"wet": 0.5}}
    assert sorted(path.name for path in tmp_path.glob("demo-out*")) == ["demo-out", "demo-out-2"]


def test_a_broken_file_begins_the_run_anew(own_settings: Path) -> None:
    own_settings.parent.mkdir()
    own_settings.write_text("{")
    notices: list[str] = []
    assert _resumed(options("--resume-state"), notices.append) == LastRun()
    assert len(notices) == 1
    assert notices[0].endswith("; the run begins anew")


@pytest.mark.parametrize(("before", "now", "inputs", "outputs"), [
    ("--input UMC", "", True, True),
    ("--input UMC", "--input UMC --model ultra --mask-gain 3", True, True),
    ("--input UMC", "--input song", False, True),
    ("--output RME", "--output none", True, False),
    ("--remove guitar", "--remove drums", True, True),
    ("--remove guitar", "--split", True, False),
    ("--split", "--remove drums", True, False),
    ("--split", "--model ultra", True, False),
    ("--split", "", True, True),
])
def test_connections_hold_where_no_option_asks_for_others(still_run: Run, before: str, now: str, inputs: bool,
                                                          outputs: bool) -> None:
    links = Connections((("in_1", "player:out"),), (), (("rtsep-midi:control", "knobs:out"),))
    state = still_run.session.state
    state.settings = replace(state.settings, connections=links)
    LastRunWriter(still_run.surface, options(*before.split())).keep()
    kept = read_last_run().put(options(*now.split()))
    assert kept.connections == Connections(links.inputs if inputs else None, links.outputs if outputs else None,
                                           links.midi)


def test_without_connections_of_rtseps_own_those_made_by_hand_come_back_alone() -> None:
    links = Connections((("in_1", "player:out"),), None)
    for kept, found in ((links, Connections(links.inputs, ())), (Connections(), Connections((), ()))):
        assert LastRun(connections=kept).put(options("--no-connect")).connections == found
