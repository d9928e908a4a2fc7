"""`pbrl sweep`: makes all runs of a grid over presets, and writes what came of them."""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path

from experiments.analysis.aggregates import aggregates_of
from experiments.analysis.returns import returns_of
from experiments.figures.results_table import results_markdown
from experiments.presets import PRESETS
from experiments.sweeps.cells import Cell, Changes, words_of
from experiments.sweeps.collecting import tables_beside
from experiments.sweeps.outcomes import Outcome
from pbrl.annotators import TARGET, TEACHERS
from pbrl.cli.many_runs import add_options, make_and_collect, runs_folder
from pbrl.cli.options import with_settings
from pbrl.config import FOR_QUESTIONS, TrainConfig
from pbrl.errors import ConfigError, nearest
from pbrl.runs import disk_errors
from pbrl.whole_numbers import at_least_one, at_least_zero

INSTEAD = {
    "seed": "--seeds",
    "total_steps": "--steps",
    "query.label_budget": "--labels",
    "reward_source": "--true-reward, or nothing",
    "teacher": "--teachers",
    "threads": "--threads",
    "device": "--device",
    "env.env_id": "another task",
}
"""Settings that have options of their own."""
ANSWERING = (*TEACHERS, TARGET)
NOT_HERE = ("annotator", "store", "store_run", "look_for", "labels_from")
"""Settings of runs that are not left to themselves."""


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    cells = list(_cells(options))
    path = options.out or runs_folder(options) / "outcomes.csv"
    code, outcomes = make_and_collect(cells, options, path)
    if outcomes:
        print(_write_tables(outcomes, path))
    return code


def _write_tables(outcomes: Sequence[Outcome], path: Path) -> Path:
    """Writes what all runs in the CSV file come to as tables beside it."""
    tables = tables_beside(path)
    returns = returns_of(outcomes)
    with disk_errors(tables):
        tables.write_text(results_markdown(returns, aggregates_of(returns)))
    return tables


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl sweep",
        description="Make all runs of a grid over presets, as many at a time as this machine has "
        "processors, measure each, and write a line for each to a CSV file. Ctrl-C stops them with "
        "checkpoints; the same command goes on with them. A finished run is never made again.",
        allow_abbrev=False,
    )
    parser.add_argument("tasks", nargs="+", metavar="TASK", help="names of presets")
    parser.add_argument(
        "--labels",
        type=at_least_one,
        nargs="+",
        metavar="N",
        help="label budgets (default: the preset's, or none with --true-reward)",
    )
    parser.add_argument("--true-reward", action="store_true", help="runs on the true reward too")
    parser.add_argument(
        "--teachers",
        nargs="+",
        default=["oracle"],
        metavar="NAME",
        help=f"who answers: {', '.join(ANSWERING)} (default: oracle)",
    )
    parser.add_argument(
        "--seeds",
        type=at_least_zero,
        nargs="+",
        default=[1],
        metavar="N",
        help="seeds (default: 1)",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings as `pbrl train --settings` lists them, for example agent.lr=1e-4; one that "
        "is there twice (agent.lr=1e-4 agent.lr=1e-3) makes runs with each; 64,64 is a list",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the CSV file (default: DIR/outcomes.csv); tables of it go beside it, as Markdown",
    )
    add_options(parser, Path("runs/sweep"))
    return parser


def _cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Yields all runs; all of a seed come before those of the next."""
    for task in options.tasks:
        if task not in PRESETS:
            raise ConfigError(f"There is no preset {task!r}. {nearest(task, PRESETS)}")
        if not PRESETS[task].env.true_reward:
            raise ConfigError(
                f"{task} has no return that runs could be measured by: `pbrl reproduce fig4 "
                f"--tasks {task}` makes them, and measures how much of the behaviour they show."
            )
    for name in options.teachers:
        if name not in ANSWERING:
            raise ConfigError(f"There is no teacher {name!r}. {nearest(name, ANSWERING)}")
    for number, task in itertools.product(options.seeds, options.tasks):
        preset = PRESETS[task]
        steps = options.steps or preset.total_steps
        for changes in _combinations(options.set, preset):
            words = _words(changes)
            if options.true_reward:
                used = tuple(c for c in changes if c[0].partition(".")[0] not in FOR_QUESTIONS)
                yield Cell(task, None, number, steps, _words(used), used, options.threads)
            for labels, teacher in itertools.product(_budgets(options, preset), options.teachers):
                erring = teacher != "oracle"
                who = TARGET if teacher == TARGET else f"{teacher} teacher" * erring
                variant = ", ".join(filter(None, [who, words]))
                of_teacher = (("teacher", teacher),) if erring else ()
                of_all = (*of_teacher, *changes)
                yield Cell(task, labels, number, steps, variant, of_all, options.threads)


def _words(changes: Changes) -> str:
    return ", ".join(f"{name}={_in_words(value)}" for name, value in changes)


def _budgets(options: argparse.Namespace, preset: TrainConfig) -> list[int]:
    if options.labels is None:
        return [] if options.true_reward else [preset.query.label_budget]
    return options.labels


def _combinations(settings: Sequence[str], preset: TrainConfig) -> Iterator[Changes]:
    """Yields every combination of the values that settings are given."""
    values: dict[str, list] = {}
    for setting in settings:
        name, value = _read(setting, preset)
        values.setdefault(name, []).append((name, value))
    yield from itertools.product(*values.values())


def _read(setting: str, preset: TrainConfig) -> tuple[str, object]:
    """Returns the dotted name and the value of `NAME=VALUE`; tyro explains wrong ones."""
    text, equals, value = setting.partition("=")
    name = text.strip("-").replace("-", "_")
    if not equals or not value:
        raise ConfigError(
            "--set takes settings as NAME=VALUE, the name again with each further value, for "
            f"example agent.lr=1e-4 agent.lr=1e-3; given: {setting!r}."
        )
    if name in INSTEAD:
        raise ConfigError(f"--set {name} is not taken: say {INSTEAD[name]}.")
    if name in NOT_HERE:
        raise ConfigError(
            f"--set {name} is not taken: the runs of a sweep are answered by synthetic teachers "
            "and keep their own labels."
        )
    flag = "--" + name.replace("_", "-")
    config = with_settings(preset, [flag, *value.split(",")], "pbrl sweep")
    return name, attrgetter(name)(config)


def _in_words(value: object) -> str:
    """Returns a value as part of a folder's name."""
    text = "x".join(words_of(value))
    return text.replace("/", "-").replace(" ", "")
