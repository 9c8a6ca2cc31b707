"""Recipes: everything that decides a training run, as one strict YAML file."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtsep.controls.shown import named, shown
from rtsep.controls.strict_yaml import parse
from rtsep.controls.user_files import read_text
from rtsep.dsp.windows import PROFILES, Geometry
from rtsep.errors import ConfigError
from training.corpora.stems import STEMS
from training.file_models.networks import FILE_CONFIGS, FileNetworkConfig
from training.loss.losses import FROM_SOUND, LOSSES
from training.mixing.remix import RemixConfig
from training.nets import CONFIGS
from training.nets.band_gru import BandGruConfig
from training.nets.paper_gru import PaperGruConfig
from training.recipes.numbers import Count, Lanes, Seconds, Seed, Share, Weight

FOLDER = Path(__file__).parent
NetworkConfig = BandGruConfig | PaperGruConfig | FileNetworkConfig
NETWORKS: dict[str, type[NetworkConfig]] = {config.kind: config for config in (*CONFIGS, *FILE_CONFIGS)}
"""Configuration of each kind of network, by the name that recipes use."""
_DEEPEST = 8  # recipes, each the base of the one before


@dataclass(frozen=True)
class OptimiserConfig:
    """How the weights are found.

    Parameters
    ----------
    steps
        Optimiser steps of the whole run; 0 keeps the weights that the run starts from.
    lanes, chunk_seconds
        Streams in a batch, and how much of each is seen in a step; the state is carried on.
    learning_rate, warm_up_steps, final_rate
        Peak of the schedule, its linear rise, and where the cosine ends as a part of the peak.
    weight_decay, clip
        Of the optimiser, and the largest norm of a gradient.
    ema
        Decay of the averaged weights, which are the ones validated and exported.
    stem_weights
        Weight of each stem in the loss.
    muon
        Whether Muon moves the matrices, and AdamW the rest only.
    bf16
        Whether matrix products run in bf16; weights, states and the loss stay in float32.
    seed
        Beginning of all random choices.
    """

    steps: Count = 5000
    lanes: Lanes = 32
    chunk_seconds: Seconds = 2.0
    learning_rate: Weight = 1e-3
    warm_up_steps: Count = 100
    final_rate: Share = 0.02
    weight_decay: Share = 1e-3
    clip: Weight = 1.0
    ema: Share = 0.998
    stem_weights: tuple[Weight, ...] = (1.0, 0.8, 1.4, 1.0, 0.4)
    muon: bool = False
    bf16: bool = True
    seed: Seed = 1


@dataclass(frozen=True)
class Recipe:
    """One model: name, geometry, network, mixtures, optimiser, stems, and the weight of each loss by its name."""

    name: str
    profile: str
    network: NetworkConfig = field(default_factory=BandGruConfig)
    mixtures: RemixConfig = field(default_factory=RemixConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    stems: tuple[str, ...] = STEMS
    loss: dict[str, Weight] = field(default_factory=lambda: {"negative_snr": 1.0})

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ConfigError(f"profile {shown(self.profile)}: choose one of {', '.join(PROFILES)}")
        strange = set(self.stems) - set(STEMS)
        if strange or not self.stems or len(set(self.stems)) < len(self.stems):
            raise ConfigError(f"stems are {shown(self.stems)}: some of {', '.join(STEMS)}, each once; other is all "
                              f"that is not named")
        if len(self.optimiser.stem_weights) != len(self.stems):
            raise ConfigError(f"optimiser: stem_weights: give {len(self.stems)}, one a stem")
        unknown = set(self.loss) - set(LOSSES)
        if unknown or not self.loss:
            raise ConfigError(f"loss: no loss {shown(min(unknown, default=''))}; known are {', '.join(LOSSES)}")
        if self.network.kind == "complex_band_gru" and set(self.loss) - set(FROM_SOUND):
            raise ConfigError(f"loss: {min(set(self.loss) - set(FROM_SOUND))} judges real masks; a network of the kind "
                              f"complex_band_gru may have {' and '.join(FROM_SOUND)}")

    @property
    def geometry(self) -> Geometry:
        """Transform lengths of the profile."""
        return PROFILES[self.profile]


def read_recipe(path: Path, deep: int = 0) -> Recipe:
    """Read a recipe; where it has a key `base`, it says only what differs from that recipe.

    Parameters
    ----------
    path
        The file.
    deep
        Of how many recipes it is the base, one after the other.

    Raises
    ------
    ConfigError
        For a missing file, an unknown key or a value of the wrong kind; the message gives its path.
    """
    fields = read_yaml(path)
    if isinstance(fields, dict) and "base" in fields:
        if deep >= _DEEPEST:
            raise ConfigError(f"{path.name}: base: more than {_DEEPEST} recipes, each the base of the one before")
        return overridden(find_recipe(_base(fields.pop("base"), path.name), deep + 1), fields, path.name)
    return recipe_from(fields, path.name)


def _base(name: object, where: str) -> str:
    """Check what a recipe names as its base."""
    if not isinstance(name, str) or shown(name) != repr(name) or not name.isprintable():
        raise ConfigError(f"{where}: base: {shown(name)} is no name of a recipe")
    return name


def find_recipe(name: str, deep: int = 0) -> Recipe:
    """Read a recipe by its name in `training/recipes`, or by its path; `deep` as of `read_recipe`."""
    shipped = FOLDER / f"{name}.yaml"
    return read_recipe(shipped if shipped.is_file() else Path(name), deep)


def read_yaml(path: Path) -> Any:
    """Read a YAML file; errors as of `read_recipe`."""
    if not path.is_file():
        raise ConfigError(f"no recipe {path}: give a file, or one of the recipes {', '.join(recipe_names())}")
    return parse(read_text(path), path.name)


def recipe_names() -> list[str]:
    """Names of the recipes that come along."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def overridden(recipe: Recipe, changes: Any, where: str) -> Recipe:
    """Change some values of a recipe; sections are merged, values replaced; errors as of `read_recipe`."""
    if not isinstance(changes, dict):
        raise ConfigError(f"{where}: expected a mapping, got {shown(changes)}")
    return recipe_from(_merged(recipe, changes), where)


_WORDS = {str: "a text", bool: "true or false", tuple: "a list",
          dict: "a mapping"}
"""What a value should be, as people call it."""


def _merged(settings: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Fields of a dataclass with changes laid over them."""
    fields = dataclasses.asdict(settings)
    for key, value in changes.items():
        inside = getattr(settings, str(key), None)
        section = dataclasses.is_dataclass(inside) and isinstance(value, dict)
        fields[key] = _merged(inside, value) if section else value
    return fields


def recipe_from(fields: Any, where: str) -> Recipe:
    """Make a recipe of a mapping; `where` names its source in errors, as `ConfigError` of `read_recipe`."""
    return typing.cast(Recipe, _build(Recipe, fields, where))


def _build(kind: type, fields: Any, where: str) -> Any:
    """Make a dataclass of a mapping, recursively."""
    if not isinstance(fields, dict):
        raise ConfigError(f"{where}: expected a mapping, got {shown(fields)}")
    hints = typing.get_type_hints(kind, include_extras=True)
    unknown = set(fields) - set(hints)
    if unknown:
        raise ConfigError(f"{where}: unknown key {shown(min(map(str, unknown)))}; known are {', '.join(hints)}")
    values = {name: _convert(hints[name], value, f"{where}: {name}") for name, value in fields.items()}
    missing = [field.name for field in dataclasses.fields(kind) if field.name not in fields
               and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING]
    if missing:
        raise ConfigError(f"{where}: the key {missing[0]} is missing")
    return kind(**values)


def _network_kind(fields: Any, where: str) -> type:
    """Find the configuration class that a network's `kind` names, `band_gru` where it names none."""
    kind = fields.get("kind", "band_gru") if isinstance(fields, dict) else "band_gru"
    if kind not in NETWORKS:
        raise ConfigError(f"{where}: kind: no network {shown(kind)}; known are {', '.join(NETWORKS)}")
    return NETWORKS[kind]


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Turn a YAML value into what a field is declared as."""
    if hint == NetworkConfig:
        return _build(_network_kind(value, where), value, where)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return arguments[1].read(arguments[0], value, where)
    if origin is tuple and isinstance(value, list | tuple):
        if arguments[-1] is not ... and len(value) != len(arguments):
            raise ConfigError(f"{where}: expected {len(arguments)} values, got {shown(list(value))}")
        return tuple(_convert(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {str(key): _convert(arguments[1], item, f"{where}: {named(str(key))}") for key, item in value.items()}
    plain = hint if isinstance(hint, type) and not isinstance(hint, types.GenericAlias) else None
    if plain is not None and isinstance(value, plain):
        return value
    raise ConfigError(f"{where}: expected {_WORDS.get(origin or hint, str(hint))}, got {shown(value)}")
