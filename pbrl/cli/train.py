"""`pbrl train`: starts a run from a preset or a task, or goes on with one."""

import contextlib
import shutil
import signal
from collections.abc import Iterator, Sequence
from types import FrameType

from rich.console import Console

from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.cli import INTERRUPTED
from pbrl.cli.assembly import open_trainer
from pbrl.cli.evaluate import evaluate_trained, print_evaluation
from pbrl.cli.options import new_settings, parse, resumed_settings
from pbrl.config import TrainConfig
from pbrl.display import display_for
from pbrl.errors import PbrlError
from pbrl.runs import Run, locked, new_run
from pbrl.status import Display
from pbrl.trainer import Trainer


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    preset, options, rest = parse(arguments)
    if options.resume is not None:
        run, config = resumed_settings(preset, options, rest)
    else:
        config = new_settings(preset, options, rest)
        run = new_run(options.runs, _stem(config))
    with locked(run):
        return _train(config, run, Console())


def _train(config: TrainConfig, run: Run, console: Console) -> int:
    go_on = f"Go on with: pbrl train --resume {run.path}"
    with display_for(console, f"{run.path}") as display:
        trainer = _opened(config, run, display)
        try:
            with _stopped_by_ctrl_c(trainer):
                trainer.train()
        except KeyboardInterrupt:
            display.say(f"Stopped at once; what is since the last checkpoint is redone. {go_on}")
            return INTERRUPTED
        if trainer.steps < trainer.total_steps:
            display.say(f"Stopped at step {trainer.steps:,}. {go_on}")
            return INTERRUPTED
    print_evaluation(console, evaluate_trained(config, trainer))
    if checkpoint := latest_checkpoint(run, console.print):
        console.print(
            f"Stable-Baselines3's PPO.load opens the agent: {checkpoint.agent}", soft_wrap=True
        )
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
    finished = (
        f"{run.path} is finished: {trainer.steps:,} of {trainer.config.total_steps:,} steps are "
        f"done, and a rollout takes {trainer.rollout_size:,}."
    )
    if trainer.learning and trainer.learning.asked < trainer.config.query.label_budget:
        return (
            f"{finished} Only the reward learns from further labels; for the agent to learn from "
            "them too, give more --total-steps."
        )
    return f"{finished} To go on, give more --total-steps."


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
