"""`pbrl train`: starts a run from a preset or a task, or goes on with one."""

import argparse
import contextlib
import dataclasses
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import tyro
from rich.console import Console

from experiments.presets import PRESETS
from pbrl.annotators import TEACHERS
from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.cli import INTERRUPTED
from pbrl.cli.assembly import describe_task, open_trainer, run_from
from pbrl.cli.checks import check_config
from pbrl.cli.evaluate import evaluate_trained, print_evaluation
from pbrl.config import TrainConfig, differing_fields
from pbrl.display import display_for
from pbrl.errors import CheckpointError, ConfigError, PbrlError, nearest
from pbrl.runs import Run, locked, new_run
from pbrl.status import Display
from pbrl.trainer import Trainer

MAY_GROW = {"total_steps", "query.label_budget"}
"""Settings with which a run can be continued further than it was meant to go."""


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    # The preset comes first: after an option it could not be told from the option's value.
    named = [*arguments[:1]] if arguments and not arguments[0].startswith("-") else []
    options, rest = _parser().parse_known_args(arguments[len(named) :])
    if options.resume is not None:
        run, config = _resumed(named, options, rest)
    else:
        config = _configured(named, options, rest)
        run = new_run(options.runs, _stem(config))
    with locked(run):
        return _train(config, run, Console())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl train",
        usage="pbrl train PRESET [options], pbrl train --env ID [options], or "
        "pbrl train --resume RUN [options]",
        description="Train an agent from preferences between clips, or on the true reward. "
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
        help=f"who judges: {', '.join(TEACHERS)} (default: oracle, which makes no errors)",
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


def _configured(named: list[str], options: argparse.Namespace, rest: list[str]) -> TrainConfig:
    """Returns the settings of a new run, checked."""
    if bool(named) == (options.env is not None):
        raise ConfigError(
            "Name a preset, before all options, or a task: `pbrl train HalfCheetah` or "
            "`pbrl train --env ID`. "
            f"The presets are {', '.join(PRESETS)}."
        )
    if named and named[0] not in PRESETS:
        raise ConfigError(
            f"There is no preset {named[0]!r}. {nearest(named[0], PRESETS)} "
            "A Gymnasium id is given with --env."
        )
    config = _with_options(PRESETS[named[0]] if named else TrainConfig(), options)
    config = _with_settings(config, [*rest, "--help"] if options.settings else rest)
    check_config(config, describe_task(config.env.env_id))
    return config


def _with_options(config: TrainConfig, options: argparse.Namespace) -> TrainConfig:
    """Returns the settings changed by those options that were given."""
    if options.annotator is not None and options.annotator not in TEACHERS:
        raise ConfigError(
            f"There is no annotator {options.annotator!r}. {nearest(options.annotator, TEACHERS)}"
        )
    env = dataclasses.replace(
        config.env,
        env_id=options.env or config.env.env_id,
        allow_termination=options.allow_termination or config.env.allow_termination,
        true_reward=config.env.true_reward and not options.no_true_reward,
    )
    return dataclasses.replace(
        config,
        env=env,
        teacher=options.annotator or config.teacher,
        reward_source="true" if options.true_reward else config.reward_source,
    )


def _with_settings(config: TrainConfig, arguments: list[str]) -> TrainConfig:
    """Returns the settings changed by options such as --agent.lr; tyro explains wrong ones."""
    return tyro.cli(
        TrainConfig,
        args=arguments,
        default=config,
        prog="pbrl train",
        config=(tyro.conf.AvoidSubcommands, tyro.conf.FlagConversionOff),
    )


def _resumed(
    named: list[str], options: argparse.Namespace, rest: list[str]
) -> tuple[Run, TrainConfig]:
    """Returns a run to go on with and its settings, perhaps with more steps or labels."""
    if named or options.env:
        raise ConfigError("A run knows its task: give --resume alone, without preset or --env.")
    run = run_from(options.resume)
    saved = run.config()
    config = _with_settings(_with_options(saved, options), rest)
    changed = differing_fields(saved, config)
    if forbidden := set(changed) - MAY_GROW:
        fields = ", ".join(f"{n} ({changed[n][0]} to {changed[n][1]})" for n in sorted(forbidden))
        raise CheckpointError(
            f"{run.path} was trained with other settings: {fields}. A run can be continued with "
            "more --total-steps or a larger --query.label-budget; for the rest start a new run."
        )
    if shrunk := [name for name, (old, new) in changed.items() if new < old]:
        values = ", ".join(f"{n} was {changed[n][0]}, given {changed[n][1]}" for n in shrunk)
        raise CheckpointError(f"A run can only grow when it is continued: {values}.")
    check_config(config, describe_task(config.env.env_id))
    return run, config


def _train(config: TrainConfig, run: Run, console: Console) -> int:
    with display_for(console, f"{run.path}") as display:
        trainer = _opened(config, run, display)
        with _stopped_by_ctrl_c(trainer):
            trainer.train()
    if trainer.steps < trainer.total_steps:
        console.print(
            f"Stopped at step {trainer.steps:,}. Go on with: pbrl train --resume {run.path}",
            soft_wrap=True,
        )
        return INTERRUPTED
    print_evaluation(console, evaluate_trained(config, trainer))
    console.print(f"The run is in {run.path}; its agent opens in Stable-Baselines3's PPO.load.")
    return 0


def _opened(config: TrainConfig, run: Run, display: Display) -> Trainer:
    """Returns the trainer of a run that is new or goes on, and says which."""
    is_new = not run.config_file.exists()
    try:
        checkpoint = latest_checkpoint(run, display.say)
        trainer = open_trainer(config, run, display, checkpoint)
        run.write_config(config)
    except PbrlError:
        if is_new:  # and so holds nothing yet
            shutil.rmtree(run.path, ignore_errors=True)
        raise
    display.say(_opening(run, trainer, checkpoint))
    return trainer


def _opening(run: Run, trainer: Trainer, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return f"Training in {run.path}. Ctrl-C stops cleanly."
    if trainer.steps < trainer.total_steps:
        return f"Going on with {run.path} from step {checkpoint.steps:,}."
    return (
        f"{run.path} is finished: {trainer.steps:,} of {trainer.config.total_steps:,} steps are "
        f"done, and a rollout takes {trainer.rollout_size:,}. To go on, give more --total-steps."
    )


@contextlib.contextmanager
def _stopped_by_ctrl_c(trainer: Trainer) -> Iterator[None]:
    """Lets the first Ctrl-C end training after the rollout in progress; a second one is at once."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if trainer.stopping:
            raise KeyboardInterrupt
        trainer.stopping = True
        trainer.display.say("Stopping after this rollout, with a checkpoint. Again stops at once.")

    earlier = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _stem(config: TrainConfig) -> str:
    task = config.env.env_id.removeprefix("pbrl/").replace("/", "-")
    reward = "true" if config.reward_source == "true" else f"{config.query.label_budget}labels"
    return f"{task}-{reward}-seed{config.seed}"
