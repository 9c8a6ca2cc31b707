"""Connections are the user's: what is cut stays cut, and what was only away comes back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rtsep.live.streams.jack_links import Links, PortLinks

jack = pytest.importorskip("jack", reason="pip install JACK-Client")

MIC, SYNTH = ("in_1", "system:capture_1"), ("in_1", "synth:out")
THERE = {"system:capture_1", "synth:out"}


def looks(links: Links, *states: tuple[set[tuple[str, str]], set[str]]) -> list[set[tuple[str, str]]]:
    """Look at one state after the other, each what is connected and which ports there are."""
    return [links.look(now, ports.__contains__) for now, ports in states]


def test_what_we_made_is_not_the_users() -> None:
    links = Links([MIC], by_hand=False)
    assert looks(links, (set(), THERE), ({MIC}, THERE), ({MIC}, THERE)) == [{MIC}, set(), set()]
    assert links.by_hand is None


def test_what_the_user_cuts_and_connects_is_kept() -> None:
    links = Links([MIC], by_hand=False)
    looks(links, (set(), THERE), ({MIC}, THERE), ({SYNTH}, THERE), ({SYNTH}, THERE))
    assert links.by_hand == (SYNTH,)
    looks(links, (set(), THERE), (set(), THERE))
    assert links.by_hand == (), "nothing at all is a wish too"


def test_a_cut_that_was_seen_once_needs_another_look() -> None:
    links = Links([MIC], by_hand=False)
    found = []
    for now in ({MIC}, set[tuple[str, str]](), set[tuple[str, str]]()):
        links.look(now, THERE.__contains__)
        found.append((links.settled, links.requested))
    assert found == [(True, {MIC}), (False, {MIC}), (True, set())]


def test_what_is_connected_again_as_we_made_it_is_ours_again() -> None:
    links = Links([MIC], by_hand=False)
    looks(links, ({MIC}, THERE), (set(), THERE), (set(), THERE), ({MIC}, THERE))
    assert links.by_hand is None


def test_a_client_that_leaves_loses_its_connections_a_moment_before_its_ports() -> None:
    links = Links([MIC], by_hand=False)
    away = {"system:capture_1"}
    looks(links, ({MIC}, THERE), ({SYNTH}, THERE), ({SYNTH}, THERE))
    assert looks(links, (set(), THERE), (set(), away), (set(), away), (set(), THERE)) == [
        set(), set(), set(), {SYNTH}]
    assert links.by_hand == (SYNTH,)


def test_what_the_user_connected_before_waits_for_its_port_and_nothing_takes_its_place() -> None:
    links = Links([SYNTH], by_hand=True)
    assert looks(links, (set(), {"system:capture_1"}), (set(), {"system:capture_1"}), (set(), THERE)) == [
        set(), set(), {SYNTH}]
    assert links.by_hand == (SYNTH,)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_connection_that_cannot_be_made_is_given_up(by_hand: bool) -> None:
    links = Links([MIC], by_hand)
    tried = looks(links, *[(set[tuple[str, str]](), THERE)] * 100)
    assert tried[:2] == [{MIC}, {MIC}], "a client that is there may not be ready yet"
    assert tried[-1] == set()
    assert links.requested == set()


def test_what_is_cut_before_the_next_look_stays_cut() -> None:
    pair = ("in_1", "system:capture_1")
    links = Links([pair], by_hand=False)
    assert links.look(set(), {pair[1]}.__contains__) == {pair}
    links.made(pair)
    assert [links.look(set(), {pair[1]}.__contains__) for _ in range(3)] == [set()] * 3
    assert links.requested == set()


class Server:
    """Stands for a client that sees all ports: those that there are, and what is connected."""

    def __init__(self) -> None:
        self.ports = {"rtsep-midi:control": True, "rtsep-midi-feedback:control": False, "knobs:out": False,
                      "knobs:in": True}
        self.wires: set[tuple[str, str]] = set()

    def get_port_by_name(self, name: str) -> SimpleNamespace:
        if name not in self.ports:
            raise jack.JackError(name)
        return SimpleNamespace(name=name, is_input=self.ports[name])

    def get_all_connections(self, name: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=other) for wire in self.wires if name in wire for other in wire if other != name]

    def connect(self, source: str, sink: str) -> None:
        assert (self.ports[source], self.ports[sink]) == (False, True)
        self.wires.add((source, sink))


def test_ports_of_another_process_get_their_connections_again() -> None:
    server = Server()
    names = ("rtsep-midi:control", "rtsep-midi-feedback:control")
    links = PortLinks(server, names, ())
    wires = {("knobs:out", names[0]), (names[1], "knobs:in")}
    server.wires = set(wires)
    links.follow()
    kept = links.pairs
    assert kept == ((names[0], "knobs:out"), (names[1], "knobs:in"))
    ports, server.ports, server.wires = server.ports, {}, set()  # the process is started again
    links.follow()
    links.follow()
    server.ports = ports
    for again in (links, PortLinks(server, names, kept)):  # and so may this one be
        server.wires = set()
        again.follow()
        assert server.wires == wires
    server.wires = set(list(wires)[:1])
    for _ in range(3):
        again.follow()
    assert len(again.pairs) == 1, "the user has cut the other one"
