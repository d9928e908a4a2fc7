"""What is written after `pbrl train`, as settings: of a new run, or of one that goes on."""

import argparse
import dataclasses
import math
import os
from collections.abc import Sequence
from pathlib import Path

import tyro

from experiments.presets import PRESETS, settings_for
from pbrl.annotators import TARGET, TEACHERS
from pbrl.behaviours import BEHAVIOURS
from pbrl.cli.assembly import StoresGiven, describe_task, run_from
from pbrl.cli.checks import check_config
from pbrl.cli.evaluate import EPISODES
from pbrl.cli.stores import written_down
from pbrl.config import QueryConfig, TrainConfig, differing_fields
from pbrl.errors import CheckpointError, ConfigError, nearest
from pbrl.processors import usable_processors
from pbrl.runs import Run
from pbrl.whole_numbers import at_least_zero

MAY_GROW = {"total_steps", "query.label_budget", "env.allow_termination"}
"""Settings that may change when a run goes on: further than it was meant to go, or past an early
end of an episode."""
MAY_CHANGE = {
    f"query.{name}"
    for name in ("ahead", "max_lag", "fit_answers", "max_age_steps", "overlap", "clip_megabytes")
} | {"threads"}
"""How training and people keep pace, and how many processors step the simulator, may change at
will: it is no part of what is learnt."""


LABELS_PER_LAG = 35
"""Labels of the budget for each answer that may be late: 20 of 700."""


def parse(arguments: Sequence[str]) -> tuple[str | None, argparse.Namespace, list[str]]:
    """Returns the preset, the options of the command, and the rest: settings."""
    # The preset comes first: after an option it could not be told from the option's value.
    named = bool(arguments) and not arguments[0].startswith("-")
    options, rest = _parser().parse_known_args(arguments[named:])
    return arguments[0] if named else None, options, rest


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl train",
        usage="pbrl train PRESET [options], pbrl train --env ID [options], or "
        "pbrl train --resume RUN [options]",
        description="Train an agent from preferences between clips, or on the true reward, or on "
        "what a behaviour's scripted teacher thinks of each step (--reward-source teacher). "
        f"PRESET says what to train: {', '.join(PRESETS)}.",
        epilog="Every setting of a run is an option too, for example --seed 3 --agent.lr 1e-3 "
        "--query.label-budget 350; `pbrl train PRESET --settings` lists them with their values.",
        allow_abbrev=False,
    )
    parser.add_argument("--env", metavar="ID", help="a Gymnasium id, in place of a preset")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run's folder")
    parser.add_argument(
        "--runs", type=Path, default="runs", help="folder of the runs (default: runs)"
    )
    parser.add_argument(
        "--annotator",
        metavar="NAME",
        help="who judges: human, people at the viewer; none, nobody (see --labels); or a synthetic "
        f"{', '.join(TEACHERS)} (default: oracle, which makes no errors), {TARGET}, which tells "
        "the clips' true returns, or a scripted one who knows a behaviour and no reward: "
        f"{', '.join(BEHAVIOURS)}",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        default="",
        help="label store shared with others, a file or postgresql://USER@HOST/DATABASE "
        "(default: labels.db in the run's folder)",
    )
    parser.add_argument(
        "--look-for", metavar="TEXT", help="what people are to judge by, in your own words"
    )
    parser.add_argument(
        "--labels",
        "--labels-from",
        dest="labels",
        metavar="STORE",
        default="",
        help="with --annotator none: learn the reward once from the answers of this run's folder "
        "or label store (STORE#RUN if it holds several runs)",
    )
    parser.add_argument(
        "--max-lag",
        type=int,
        metavar="N",
        help="answers by which people may fall behind before training waits (default: 20)",
    )
    parser.add_argument(
        "--overlap",
        type=float,
        metavar="F",
        help="share of the questions that two people are asked",
    )
    parser.add_argument(
        "--no-viewer", action="store_true", help="open no viewer: `pbrl label RUN` does it later"
    )
    parser.add_argument(
        "--episodes",
        type=at_least_zero,
        default=EPISODES,
        metavar="N",
        help="fresh episodes that the trained agent is measured by, 0 for none "
        f"(default: {EPISODES})",
    )
    true_reward = parser.add_mutually_exclusive_group()
    true_reward.add_argument("--true-reward", action="store_true", help="train on the true reward")
    true_reward.add_argument(
        "--no-true-reward", action="store_true", help="the task's own reward means nothing"
    )
    parser.add_argument(
        "--allow-termination", action="store_true", help="accept episodes that end early"
    )
    parser.add_argument("--settings", action="store_true", help="list every setting, and stop")
    return parser


def new_settings(preset: str | None, options: argparse.Namespace, rest: list[str]) -> TrainConfig:
    """Returns the settings of a new run, checked."""
    if (preset is None) == (options.env is None):
        raise ConfigError(
            "Name a preset, before all options, or a task: `pbrl train HalfCheetah` or "
            "`pbrl train --env ID`. "
            f"The presets are {', '.join(PRESETS)}."
        )
    if preset is not None and preset not in PRESETS:
        raise ConfigError(
            f"There is no preset {preset!r}. {nearest(preset, PRESETS)} "
            "A Gymnasium id is given with --env."
        )
    config = _with_options(PRESETS[preset] if preset else settings_for(options.env), options)
    config = with_settings(config, [*rest, "--help"] if options.settings else rest)
    if options.true_reward and config.reward_source != "true":
        raise ConfigError(
            f"--true-reward and --reward-source {config.reward_source} contradict each other: "
            "leave one of the two out."
        )
    check_config(config, describe_task(config.env.env_id))
    threads = config.threads or idle_processors(config.env.num_envs)
    query = config.query
    if options.max_lag is None and not _is_given("--query.max-lag", rest):
        query = dataclasses.replace(query, max_lag=_lag_that_suits(query))
    return dataclasses.replace(
        config, threads=threads, learner_threads=config.learner_threads or threads, query=query
    )


def _is_given(option: str, rest: list[str]) -> bool:
    """Returns whether a setting was named, with hyphens or underscores as tyro takes both."""
    return any(word.partition("=")[0].replace("_", "-") == option for word in rest)


def _lag_that_suits(query: QueryConfig) -> int:
    """Returns a lag that is no large part of a small budget."""
    return min(query.max_lag, math.ceil(query.label_budget / LABELS_PER_LAG))


def idle_processors(most: int) -> int:
    """Returns how many processors a new run may take without getting in another's way, 1 to `most`.

    They are those that this process may run on (a run that is pinned to some takes these), less
    those that were busy in the last minute.
    """
    return max(1, min(most, usable_processors() - round(os.getloadavg()[0])))


def stores_given(options: argparse.Namespace) -> StoresGiven:
    """Returns the label stores as they were written, passwords included."""
    return StoresGiven(options.store, options.labels)


def _with_options(config: TrainConfig, options: argparse.Namespace) -> TrainConfig:
    """Returns the settings changed by those options that were given."""
    named, people = options.annotator, ("human", "none")
    if named == "teacher":  # as `--settings` calls it: the one that `--teacher` names
        named = config.teacher
    teachers = (*TEACHERS, *BEHAVIOURS, TARGET)
    if named is not None and named not in (*teachers, *people):
        raise ConfigError(
            f"There is no annotator {named!r}. {nearest(named, (*teachers, *people))}"
        )
    who = named if named in people else "teacher" if named else config.annotator
    env = dataclasses.replace(
        config.env,
        env_id=options.env or config.env.env_id,
        allow_termination=options.allow_termination or config.env.allow_termination,
        true_reward=config.env.true_reward and not options.no_true_reward,
    )
    query = dataclasses.replace(
        config.query,
        max_lag=config.query.max_lag if options.max_lag is None else options.max_lag,
        overlap=config.query.overlap if options.overlap is None else options.overlap,
    )
    return dataclasses.replace(
        config,
        env=env,
        query=query,
        annotator=who,
        teacher=named if named in teachers else config.teacher,
        store=written_down(options.store) or config.store,
        look_for=config.look_for if options.look_for is None else options.look_for,
        labels_from=written_down(options.labels) or config.labels_from,
        reward_source="true" if options.true_reward else config.reward_source,
    )


def with_settings(
    config: TrainConfig, arguments: list[str], program: str = "pbrl train"
) -> TrainConfig:
    """Returns the settings changed by options such as --agent.lr; tyro explains wrong ones."""
    return tyro.cli(
        TrainConfig,
        args=arguments,
        default=config,
        prog=program,
        config=(tyro.conf.AvoidSubcommands, tyro.conf.FlagConversionOff),
    )


def resumed_settings(
    preset: str | None, options: argparse.Namespace, rest: list[str]
) -> tuple[Run, TrainConfig]:
    """Returns a run to go on with and its settings, perhaps with more steps or labels."""
    if preset or options.env:
        raise ConfigError("A run knows its task: give --resume alone, without preset or --env.")
    run = run_from(options.resume)
    saved = run.config()
    config = with_settings(_with_options(saved, options), rest)
    changed = differing_fields(saved, config)
    if forbidden := set(changed) - MAY_GROW - MAY_CHANGE:
        fields = ", ".join(f"{n} ({changed[n][0]} to {changed[n][1]})" for n in sorted(forbidden))
        raise CheckpointError(
            f"{run.path} was trained with other settings: {fields}. A run can be continued with "
            "more --total-steps, a larger --query.label-budget or other --threads; for the rest "
            "start a new run."
        )
    grown = {name: values for name, values in changed.items() if name in MAY_GROW}
    if shrunk := [name for name, (old, new) in grown.items() if new < old]:
        values = ", ".join(f"{n} was {changed[n][0]}, given {changed[n][1]}" for n in shrunk)
        raise CheckpointError(f"A run can only grow when it is continued: {values}.")
    check_config(config, describe_task(config.env.env_id))
    return run, config
