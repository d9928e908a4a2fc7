"""`pbrl train`: starts a run from a preset or a task, or goes on with one."""

import argparse
import contextlib
import dataclasses
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import tyro
from rich.console import Console

from experiments.presets import PRESETS
from pbrl.annotators import TEACHERS
from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.cli.assembly import check_config, describe_task, open_trainer, run_from
from pbrl.cli.evaluate import evaluate_trained, print_evaluation
from pbrl.config import TrainConfig, differing_fields
from pbrl.errors import CheckpointError, ConfigError, nearest
from pbrl.runs import Run, locked, new_run
from pbrl.trainer import Trainer

MAY_CHANGE = {"total_steps", "query.label_budget"}
"""Fields with which a run can be continued further than it was meant to go."""


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options, rest = _parser().parse_known_args(arguments)
    console = Console()
    if options.resume is not None:
        run, config = _resumed(options, rest)
    else:
        config = _configured(options, rest)
        run = new_run(Path(options.runs), _stem(config))
    with locked(run):
        return _train(config, run, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl train",
        description="Train an agent from preferences between clips, or on the true reward.",
        epilog="Every setting of a run is an option too, for example --seed 3 --agent.lr 1e-3 "
        "--query.label-budget 350; `pbrl train PRESET --settings` lists them with their values.",
    )
    parser.add_argument("preset", nargs="?", help=f"what to train: {', '.join(PRESETS)}")
    parser.add_argument("--env", metavar="ID", help="a Gymnasium id, in place of a preset")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run's folder")
    parser.add_argument("--runs", default="runs", help="folder of the runs (default: runs)")
    parser.add_argument(
        "--annotator",
        metavar="NAME",
        help=f"who judges: {', '.join(TEACHERS)} (default: oracle, which makes no errors)",
    )
    parser.add_argument("--true-reward", action="store_true", help="train on the true reward")
    parser.add_argument(
        "--no-true-reward", action="store_true", help="the task's own reward means nothing"
    )
    parser.add_argument(
        "--allow-termination", action="store_true", help="accept episodes that end early"
    )
    parser.add_argument("--settings", action="store_true", help="list every setting, and stop")
    return parser


def _configured(options: argparse.Namespace, rest: list[str]) -> TrainConfig:
    """Returns the settings of a new run, checked."""
    if (options.preset is None) == (options.env is None):
        raise ConfigError(
            "Name either a preset or a task: `pbrl train HalfCheetah` or `pbrl train --env ID`. "
            f"The presets are {', '.join(PRESETS)}."
        )
    if options.preset is not None and options.preset not in PRESETS:
        raise ConfigError(
            f"There is no preset {options.preset!r}. {nearest(options.preset, PRESETS)} "
            "A Gymnasium id is given with --env."
        )
    config = PRESETS[options.preset] if options.preset else TrainConfig()
    config = _with_options(config, options)
    config = _with_settings(config, [*rest, "--help"] if options.settings else rest)
    check_config(config, describe_task(config.env.env_id))
    return config


def _with_options(config: TrainConfig, options: argparse.Namespace) -> TrainConfig:
    env = dataclasses.replace(
        config.env,
        env_id=options.env or config.env.env_id,
        allow_termination=options.allow_termination,
        true_reward=not options.no_true_reward,
    )
    if options.annotator is not None and options.annotator not in TEACHERS:
        raise ConfigError(
            f"There is no annotator {options.annotator!r}. {nearest(options.annotator, TEACHERS)}"
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


def _resumed(options: argparse.Namespace, rest: list[str]) -> tuple[Run, TrainConfig]:
    """Returns a run to go on with and its settings, perhaps with more steps or labels."""
    if options.preset or options.env:
        raise ConfigError("A run knows its task: give --resume alone, without preset or --env.")
    run = run_from(options.resume)
    saved = run.config()
    given = {"env_id": options.env, "annotator": options.annotator}
    config = saved
    if any(given.values()) or options.true_reward or options.no_true_reward:
        config = _with_options(saved, options)
    config = _with_settings(config, rest)
    changed = differing_fields(saved, config)
    if forbidden := set(changed) - MAY_CHANGE:
        fields = ", ".join(f"{n} ({changed[n][0]} to {changed[n][1]})" for n in sorted(forbidden))
        raise CheckpointError(
            f"{run.path} was trained with other settings: {fields}. A run can be continued with "
            "more total_steps or a larger query.label_budget; for the rest start a new run."
        )
    if shrunk := [name for name, (old, new) in changed.items() if new < old]:
        raise CheckpointError(
            f"{', '.join(shrunk)} can only grow when a run is continued: "
            + ", ".join(f"{n} was {changed[n][0]}, given {changed[n][1]}" for n in shrunk)
            + "."
        )
    return run, config


def _train(config: TrainConfig, run: Run, console: Console) -> int:
    from pbrl.display import display_for

    with display_for(console, f"{run.path}") as display:
        checkpoint = latest_checkpoint(run, display.say)
        trainer = open_trainer(config, run, display, checkpoint)
        run.write_config(config)
        display.say(_opening(run, checkpoint))
        with _stopped_by_ctrl_c(trainer):
            trainer.train()
    if trainer.steps < trainer.total_steps:
        console.print(f"Stopped at step {trainer.steps:,}. Go on with: pbrl train --resume {run}")
        return 130
    print_evaluation(console, evaluate_trained(config, trainer))
    console.print(f"The run is in {run.path}; its agent opens in Stable-Baselines3's PPO.load.")
    return 0


def _opening(run: Run, checkpoint: Checkpoint | None) -> str:
    if checkpoint:
        return f"Going on with {run.path} from step {checkpoint.steps:,}."
    return f"Training in {run.path}. Ctrl-C stops cleanly."


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
