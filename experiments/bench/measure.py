"""Scenes and their contenders, what is measured of them, and the figures made of that."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from experiments.bench.running import run_driver

Part = Literal[
    "stepping", "ppo", "preferences", "split", "startup", "games", "games-ppo", "games-gpu"
]


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison."""

    name: str
    """As the table has it."""
    driver: str
    """The program in `drivers` that measures it."""
    settings: Mapping[str, Any]
    """What the program is given, `threads` among it."""
    variants: tuple[Mapping[str, Any], ...] = ()
    """Changes to the settings of which the fastest is to be found before the first repeat."""
    trial: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the settings while that is found out: fewer steps."""
    peer: str | None = None
    """Name of the environment that it lives in (see `peers`); None is this suite's own."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one contender came to in one repeat."""

    part: Part
    scene: str
    contender: str
    repeat: int
    value: float
    """In the scene's unit."""
    unit: str
    settings: Mapping[str, Any]
    details: Mapping[str, Any]
    """What else the driver said: steps, true return, versions, ..."""


ByContender = Mapping[str, Measurement]
"""The measurements of one repeat, by the contender's name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number made of the measurements of one repeat, and what it should be."""

    name: str
    of: Callable[[ByContender], float]
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Contenders that do the same work in turn."""

    part: Part
    name: str
    unit: str
    contenders: tuple[Contender, ...]
    figures: tuple[Figure, ...]


def ratio(over: str, under: str) -> Callable[[ByContender], float]:
    """Returns the function that divides one contender's value by another's."""
    return lambda measured: measured[over].value / measured[under].value


def value(contender: str) -> Callable[[ByContender], float]:
    """Returns the function that takes a contender's value as it is."""
    return lambda measured: measured[contender].value


@dataclass(frozen=True, slots=True)
class Outcome:
    """A figure over all repeats."""

    part: Part
    scene: str
    name: str
    per_repeat: tuple[float, ...]
    at_least: float | None
    at_most: float | None

    @property
    def median(self) -> float:
        """Returns the median over repeats."""
        return statistics.median(self.per_repeat)

    @property
    def reached(self) -> bool | None:
        """Returns whether the median is what it should be; None without a goal."""
        if self.at_least is not None:
            return self.median >= self.at_least
        return None if self.at_most is None else self.median <= self.at_most


def outcomes(scene: Scene, measured: list[Measurement]) -> list[Outcome]:
    """Returns a scene's figures over the repeats that hold all that they are made of."""
    repeats: dict[int, dict[str, Measurement]] = {}
    for one in measured:
        if (one.part, one.scene) == (scene.part, scene.name):
            repeats.setdefault(one.repeat, {})[one.contender] = one
    found = []
    for figure in scene.figures:
        values = []
        for repeat in repeats.values():
            try:
                values.append(figure.of(repeat))
            except KeyError:  # a contender that is missing, or was not reached
                continue
        if values:
            goals = figure.at_least, figure.at_most
            found.append(Outcome(scene.part, scene.name, figure.name, tuple(values), *goals))
    return found


def fastest(contender: Contender, python: Path) -> tuple[Contender, list[dict[str, Any]]]:
    """Returns the contender with the settings that made it fastest, and what each variant did."""
    if len(contender.variants) < 2:
        only = contender.variants[0] if contender.variants else {}
        return _with_settings(contender, only), []
    tried = []
    for variant in contender.variants:
        settings = {**contender.settings, **variant, **contender.trial}
        outcome = run_driver(python, contender.driver, settings)
        tried.append({**variant, "value": outcome["value"]})
    best = max(range(len(tried)), key=lambda i: tried[i]["value"])
    return _with_settings(contender, contender.variants[best]), tried


def _with_settings(contender: Contender, changes: Mapping[str, Any]) -> Contender:
    settings = {**contender.settings, **changes}
    return Contender(contender.name, contender.driver, settings, peer=contender.peer)
