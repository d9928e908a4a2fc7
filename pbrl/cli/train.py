"""`pbrl train`: starts a run from a preset or a task, or goes on with one."""

import contextlib
import shutil
import signal
from argparse import Namespace
from collections.abc import Iterator, Sequence
from types import FrameType

from rich.console import Console

from pbrl.annotators import TARGET
from pbrl.behaviours import BEHAVIOURS
from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.cli import INTERRUPTED
from pbrl.cli.assembly import StoresGiven, describe_task, open_trainer, records_frames
from pbrl.cli.evaluate import evaluate_trained, print_evaluation
from pbrl.cli.frame_costs import cost_of_frames
from pbrl.cli.options import new_settings, parse, resumed_settings, stores_given
from pbrl.cli.stores import with_name_in_store
from pbrl.cli.viewer_process import (
    ViewerDisplay,
    has_display,
    how_to_label,
    is_open_already,
)
from pbrl.config import TrainConfig
from pbrl.display import display_for
from pbrl.reward_learning import RewardLearning
from pbrl.runs import Run, locked, new_run
from pbrl.status import Display
from pbrl.trainer import Trainer


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    preset, options, rest = parse(arguments)
    with contextlib.ExitStack() as held:
        if options.resume is not None:
            run, config = resumed_settings(preset, options, rest)
        else:
            config = new_settings(preset, options, rest)
            with _ctrl_c_held_back():
                run = new_run(options.runs, _stem(config))
                held.callback(_remove_if_empty, run)
        held.enter_context(locked(run))
        return _train(config, run, Console(), options)


def _remove_if_empty(run: Run) -> None:
    """Removes a run that was hardly begun: without settings it can't be gone on with."""
    if not run.config_file.exists() and not run.checkpoints.exists():
        with _ctrl_c_held_back():
            shutil.rmtree(run.path, ignore_errors=True)


def _train(config: TrainConfig, run: Run, console: Console, options: Namespace) -> int:
    stores = stores_given(options)
    with contextlib.ExitStack() as held:
        with display_for(console, f"{run.path}") as shown:
            display = ViewerDisplay(shown, run)
            trainer = held.enter_context(contextlib.closing(_opened(config, run, display, stores)))
            if trainer.people is not None:
                _call_for_people(trainer.config, run, display, stores, not options.no_viewer)
            if stopped := _train_or_stop(trainer):
                display.say(f"{stopped} Go on with: pbrl train --resume {run.path}")
                return INTERRUPTED
        if options.episodes and not _measure(trainer, run, options.episodes, console):
            return INTERRUPTED
    if checkpoint := latest_checkpoint(run, console.print):
        console.print(
            f"Stable-Baselines3's PPO.load opens the agent: {checkpoint.agent}", soft_wrap=True
        )
    return 0


def _measure(trainer: Trainer, run: Run, count: int, console: Console) -> bool:
    """Measures the trained agent and its reward; returns whether the user let it."""
    try:
        print_evaluation(console, evaluate_trained(trainer, count, console))
    except KeyboardInterrupt:
        console.print(
            f"Stopped. The run is finished; `pbrl eval {run.path}` measures it.", soft_wrap=True
        )
        return False
    return True


def _train_or_stop(trainer: Trainer) -> str:
    """Trains to the end; returns a sentence if the user stopped it before, else nothing."""
    try:
        with _stopped_by_ctrl_c(trainer):
            trainer.train()
    except KeyboardInterrupt:
        return "Stopped at once; what is since the last checkpoint is redone."
    if trainer.steps < trainer.total_steps:
        return f"Stopped at step {trainer.steps:,}."
    return ""


def _opened(config: TrainConfig, run: Run, display: Display, stores: StoresGiven) -> Trainer:
    """Returns the trainer of a run that is new or goes on, and says which."""
    checkpoint = latest_checkpoint(run, display.say)
    if not run.config_file.exists():  # it is new
        config = with_name_in_store(config, run, stores.store)
    trainer = open_trainer(config, run, display, checkpoint, stores)
    run.write_config(trainer.config)
    display.say(_opening(run, trainer, checkpoint))
    return trainer


def _call_for_people(
    config: TrainConfig, run: Run, display: ViewerDisplay, stores: StoresGiven, with_viewer: bool
) -> None:
    """Opens the viewer, or says how to; and says what it costs that people need pictures."""
    task = describe_task(config.env.env_id)
    if records_frames(config, task):
        display.say(cost_of_frames(config, task))
    how = how_to_label(run, config)
    if not with_viewer:
        display.say(f"People judge the clips with: {how}")
    elif not has_display():
        display.say(f"There is no display here to open the viewer on. Where there is one: {how}")
    elif is_open_already(run, config, stores.store):
        display.say(f"The viewer is open already. Another one: {how}")
    else:
        display.open_viewer(config, stores.store)


def _opening(run: Run, trainer: Trainer, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return f"Training in {run.path}. Ctrl-C stops cleanly."
    if trainer.steps < trainer.total_steps:
        return f"Going on with {run.path} from step {checkpoint.steps:,}."
    finished = (
        f"{run.path} is finished: {trainer.steps:,} of {trainer.config.total_steps:,} steps are "
        f"done, and a rollout takes {trainer.rollout_size:,}."
    )
    learning = trainer.learning
    if isinstance(learning, RewardLearning) and learning.asked < trainer.config.query.label_budget:
        return (
            f"{finished} Only the reward learns from further labels; for the agent to learn from "
            "them too, give more --total-steps."
        )
    return f"{finished} To go on, give more --total-steps."


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Lets Ctrl-C wait for the end of what must not be done by half."""
    pressed: list[int] = []
    earlier = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _stopped_by_ctrl_c(trainer: Trainer) -> Iterator[None]:
    """Lets the first Ctrl-C end training after the rollout in progress; a second one is at once.

    So is the first during a long fit, the end of which may be an hour away.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if trainer.stopping or trainer.in_long_fit:
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
    task = config.env.env_id.rpartition(":")[2]  # what comes before is the module of a user's task
    task = task.removeprefix("pbrl/").replace("/", "-")
    reward = f"{config.query.label_budget}labels"
    if config.reward_source == "true":
        reward = "true"
    elif config.reward_source == "teacher":
        reward = f"{config.teacher}-score"
    elif config.annotator != "teacher":
        reward = f"{reward}-human" if config.annotator == "human" else "frozen"
    elif config.teacher in (*BEHAVIOURS, TARGET):
        reward = f"{config.teacher}-{reward}"
    return f"{task}-{reward}-seed{config.seed}"
