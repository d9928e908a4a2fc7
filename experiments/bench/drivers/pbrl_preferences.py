"""Learns a task from synthetic comparisons as `pbrl train` does; says how many steps a second.

Everything between the first step and the last checkpoint counts, but for the seconds in which
graphs are compiled (or read from the compiler's cache), which are given apart.
"""

import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from experiments.presets import PRESETS
from pbrl import compilation
from pbrl.cli import assembly
from pbrl.config import TrainConfig
from pbrl.runs import Run
from pbrl.status import Clock, Part, Status


class Compiling:
    """Adds up the seconds spent making graphs.

    Args:
        make: What makes them, `pbrl.compilation`'s.
    """

    def __init__(self, make: Callable) -> None:
        self._make = make
        self.seconds = 0.0

    def __call__(self, *args: Any) -> Callable:
        """Makes a graph."""
        begun = time.perf_counter()
        try:
            return self._make(*args)
        finally:
            self.seconds += time.perf_counter() - begun


class SteadyClock(Clock):
    """A run's clock that leaves out the seconds spent compiling."""

    compiling: Compiling

    @contextmanager
    def time(self, part: Part) -> Iterator[None]:
        """Counts the time until the block ends as spent in `part`."""
        before = self.compiling.seconds
        with super().time(part):
            yield
        self.seconds[part] -= self.compiling.seconds - before


class Silent:
    """Shows nothing."""

    def show(self, status: Status) -> None:
        """Does nothing."""

    def say(self, sentence: str) -> None:
        """Prints it: a warning might be of use."""
        print(sentence, file=sys.stderr)


def tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Returns settings with tuples where JSON has lists."""
    return {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}


def configured(settings: dict[str, Any]) -> TrainConfig:
    """Returns a preset, changed to what the settings say."""
    preset = PRESETS[settings.get("preset", "HalfCheetah")]
    parts = {
        part: dataclasses.replace(getattr(preset, part), **tuples(settings.get(part, {})))
        for part in ("env", "agent", "reward", "query")
    }
    return dataclasses.replace(
        preset,
        **parts,
        total_steps=settings["steps"],
        seed=settings["seed"],
        threads=settings["threads"],
        learner_threads=settings.get("learner_threads", 1),
        device=settings.get("device", preset.device),
        reward_source=settings.get("reward_source", preset.reward_source),
    )


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a run.

    Args:
        settings: `steps`, `seed`, `threads`, perhaps `preset`, `learner_threads`, `device` and
            `reward_source`, and by the names of `pbrl.config` whatever is to differ from the preset
            in `env`, `agent`, `reward` and `query`.
    """
    compiling = SteadyClock.compiling = Compiling(compilation._make_graph)
    compilation._make_graph = compiling
    assembly.Clock = SteadyClock
    with tempfile.TemporaryDirectory() as folder:
        trainer = assembly.open_trainer(configured(settings), Run(Path(folder)), Silent(), None)
        begun = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - begun - compiling.seconds
    parts = trainer.clock.seconds
    return {
        "value": trainer.steps / seconds,
        "steps": trainer.steps,
        "labels": trainer.learning.labels if trainer.learning else 0,
        "true_return": trainer.true_returns.mean(),
        "warm_up_seconds": compiling.seconds,
        "shares": {part: spent / seconds for part, spent in parts.items()}
        | {"the rest": 1 - sum(parts.values()) / seconds},
        "versions": {"pbrl": metadata.version("pbrl")},
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
