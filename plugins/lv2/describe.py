"""What the LV2 plugins say of themselves, from the table of controls: Turtle for hosts, a C header for the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rtsep import __version__
from rtsep.controls.table import CONTROLS, Control, Kind, Table, Unit, values

REMOVE, SPLIT = "urn:rtsep:remove", "urn:rtsep:split"
MODEL = "urn:rtsep:model"
NAMES = {REMOVE: "rtsep remove", SPLIT: "rtsep split"}
HELP = {REMOVE: "Takes instruments out of a mix, or leaves them alone: each stem has a level, mute and solo.",
        SPLIT: "Splits a mix into its stems, a stereo pair each."}
BINARY = "rtsep.so"
SIDES = ("left", "right")
_PREFIXES = """@prefix atom: <http://lv2plug.in/ns/ext/atom#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pg: <http://lv2plug.in/ns/ext/port-groups#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
@prefix units: <http://lv2plug.in/ns/extensions/units#> .
@prefix urid: <http://lv2plug.in/ns/ext/urid#> .
"""


@dataclass(frozen=True)
class Port:
    """A control of the plugins: a row of the table, of a stem where every stem has one."""

    control: Control
    stem: str | None

    @property
    def symbol(self) -> str:
        """Name for hosts' files, which never changes."""
        return _symbol(self.control.name if self.stem is None else f"{self.control.name}_{self.stem}")

    @property
    def name(self) -> str:
        """Name for people."""
        words = self.control.name.replace("_", " ")
        return words if self.stem is None else f"{self.stem}: {words}"

    @property
    def in_decibels(self) -> bool:
        """Whether it is in dB, with the lowest value for off."""
        return self.control.kind is Kind.FADER and self.control.unit is Unit.DB

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return self.control.limits_db if self.in_decibels else (0.0, self.control.highest)

    @property
    def default(self) -> float:
        """Value at rest."""
        return 0.0 if self.in_decibels else self.control.default or 0.0


def control_ports(stems: Sequence[str], table: Table = CONTROLS) -> list[Port]:
    """Give the ports of all faders and switches: the plugin's own, then stem by stem."""
    own = [Port(control, None) for control in values(table) if not control.per_stem]
    return own + [Port(control, stem) for stem in stems for control in values(table) if control.per_stem]


def header(stems: Sequence[str], model: str, table: Table = CONTROLS) -> str:
    """Write `ports.h`, from which the code knows its ports.

    Parameters
    ----------
    stems
        Of the models that the plugins run.
    model
        File of the model in the bundle.
    table
        Rows of the controls.
    """
    rows = [f"    {{RTSEP_{port.control.name.upper()}, {0 if port.stem is None else stems.index(port.stem)}, "
            f"{int(port.in_decibels)}, {port.limits[0]!r}f, {port.limits[1]!r}f}},"
            for port in control_ports(stems, table)]
    texts = {"STEM_NAMES": ",".join(stems), "MODEL": model, "REMOVE_URI": REMOVE, "SPLIT_URI": SPLIT,
             "MODEL_URI": MODEL}
    return "\n".join(["/* Made by plugins/lv2/describe.py. */", '#include "rtsep.h"', "",
                      *(f'#define {name} "{text}"' for name, text in texts.items()), "",
                      f"enum {{ STEMS = {len(stems)}, CONTROLS = {len(rows)} }};", "",
                      "typedef struct {", "    rtsep_Control control;", "    int stem, decibels;",
                      "    float minimum, maximum;", "} Port;", "", "static const Port ports[CONTROLS] = {", *rows,
                      "};", ""])


def manifest() -> str:
    """Write `manifest.ttl`: which plugins there are."""
    plugins = [f"<{uri}> a lv2:Plugin ;\n    lv2:binary <{BINARY}> ;\n    rdfs:seeAlso <{uri.split(':')[-1]}.ttl> ."
               for uri in NAMES]
    return "\n\n".join([_PREFIXES.rstrip(), *plugins]) + "\n"


def description(uri: str, stems: Sequence[str], table: Table = CONTROLS) -> str:
    """Write the Turtle file of a plugin.

    Parameters
    ----------
    uri
        `REMOVE` or `SPLIT`.
    stems
        Of the models that it runs.
    table
        Rows of the controls.
    """
    groups = {"in": "in", "out": "out"} if uri == REMOVE else {"in": "in"} | {_symbol(stem): stem for stem in stems}
    ports = [*_sound_ports(uri, groups), _latency_port(), *map(_control_port, control_ports(stems, table))]
    numbered = [f"[\n        lv2:index {index} ;\n{port}\n    ]" for index, port in enumerate(ports)]
    major, minor = (int(part) for part in __version__.split(".")[1:3])
    main = f"pg:mainInput <{uri}#in> ;\n    pg:mainOutput <{uri}#{list(groups)[1]}> ;"
    return "\n".join([
        _PREFIXES, f"<{MODEL}> a lv2:Parameter ;\n    rdfs:label \"model\" ;\n"
        f"    rdfs:comment \"A flat model file with the same stems, in place of the one in the bundle.\" ;\n"
        f"    rdfs:range atom:Path .\n", *(_group(uri, symbol, name) for symbol, name in groups.items()),
        f"<{uri}> a lv2:Plugin, lv2:SpectralPlugin ;\n    doap:name \"{NAMES[uri]}\" ;\n"
        f"    doap:license <https://spdx.org/licenses/MIT> ;\n    rdfs:comment \"{HELP[uri]}\" ;\n"
        f"    lv2:minorVersion {2 * major} ;\n    lv2:microVersion {2 * minor} ;\n"
        f"    lv2:optionalFeature lv2:hardRTCapable, urid:map, state:mapPath, state:freePath ;\n"
        f"    lv2:extensionData state:interface ;\n    {main}\n    lv2:port {' , '.join(numbered)} .\n"])


def _sound_ports(uri: str, groups: dict[str, str]) -> Iterator[str]:
    for symbol, name in groups.items():
        way = "Input" if symbol == "in" else "Output"
        for side in SIDES:
            yield _lines(f"a lv2:AudioPort, lv2:{way}Port", f'lv2:symbol "{symbol}_{side}"',
                         f'lv2:name "{name} {side}"', f"pg:group <{uri}#{symbol}>", f"lv2:designation pg:{side}")


def _latency_port() -> str:
    return _lines("a lv2:ControlPort, lv2:OutputPort", 'lv2:symbol "latency"', 'lv2:name "latency"', "lv2:minimum 0",
                  "lv2:maximum 65536", "lv2:portProperty lv2:reportsLatency, lv2:integer, lv2:connectionOptional",
                  "lv2:designation lv2:latency", "units:unit units:frame")


def _control_port(port: Port) -> str:
    lines = ["a lv2:ControlPort, lv2:InputPort", f'lv2:symbol "{port.symbol}"', f'lv2:name "{port.name}"',
             f"lv2:default {port.default}", f"lv2:minimum {port.limits[0]}", f"lv2:maximum {port.limits[1]}",
             f'rdfs:comment "{port.control.help}"']
    if port.control.kind is Kind.SWITCH:
        lines.append("lv2:portProperty lv2:toggled")
    if port.in_decibels:
        lines += ["units:unit units:db", f'lv2:scalePoint [ rdfs:label "off" ; rdf:value {port.limits[0]} ]']
    return _lines(*lines)


def _group(uri: str, symbol: str, name: str) -> str:
    way = "Input" if symbol == "in" else "Output"
    source = "" if symbol == "in" else f" ;\n    pg:source <{uri}#in>"
    return (f"<{uri}#{symbol}> a pg:StereoGroup, pg:{way}Group ;\n    lv2:symbol \"{symbol}\" ;\n"
            f"    lv2:name \"{name}\"{source} .\n")


def _lines(*statements: str) -> str:
    return " ;\n".join(f"        {statement}" for statement in statements)


def _symbol(name: str) -> str:
    return re.sub(r"\W", "_", name)
