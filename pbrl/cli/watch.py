"""`pbrl watch`: shows a run's agent acting, with its predicted and its true reward."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import envs
from labeling_ui.display import check_display
from labeling_ui.drawing import fit_into
from labeling_ui.watching import Moment
from pbrl.errors import CheckpointError, TaskError
from pbrl.runs import Run
from pbrl.whole_numbers import at_least_zero

if TYPE_CHECKING:
    from envs.mujoco.drawing import Painter


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    check_display()
    from labeling_ui.watch_window import watch

    run = Run(options.run.resolve())
    player = Player(run, seed=options.seed, deterministic=not options.stochastic)
    try:
        watch(player, lambda pictures, fps: _write_film(run, pictures, fps))
    finally:
        player.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl watch",
        description="Watch a run's agent act, with predicted and true reward as moving curves. "
        "Each episode is played by the newest checkpoint, so a run in training can be followed.",
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument(
        "--stochastic", action="store_true", help="sample actions, as in training, not the mean"
    )
    parser.add_argument("--seed", type=at_least_zero, default=0, help="seed of the first episode")
    return parser


class Player:
    """A run's agent in its task, an episode at a time; see `labeling_ui.watching.Source`.

    Args:
        run: The run.
        seed: Of the first episode; the next one has the next.
        deterministic: Take the mean action instead of a sample.

    Raises:
        CheckpointError: The folder is no run, or has no checkpoint yet.
    """

    def __init__(self, run: Run, *, seed: int = 0, deterministic: bool = True) -> None:
        import torch

        from pbrl.cli.assembly import describe_task, make_env

        self._run, self._config = run, run.config()
        self._seed, self._deterministic = seed, deterministic
        self._checkpoint = self._agent = self._ensemble = None
        self._load()
        torch.set_num_threads(self._config.torch_threads)
        self._task = describe_task(self._config.env.env_id)
        self._env = make_env(self._config.env, 1, record_frames=not self._task.draws_from_states)
        self._painter: tuple[tuple[int, int], Painter] | None = None
        self._steps: Iterator = iter(())
        self.title = f"{self._task.env_id.rpartition('/')[2].rpartition('-v')[0]}: {run.name}"
        self.fps = self._task.clip_fps

    def begin(self) -> str:
        """Starts an episode of the newest agent and says which one that is."""
        from pbrl.evaluation import walk

        self._load()
        assert self._agent is not None and self._checkpoint is not None
        steps = self._task.episode_steps
        sure = self._deterministic and not self._task.endless
        self._steps = walk(self._agent, self._env, steps, self._seed, sure)
        self._seed += 1
        return f"the agent after {self._checkpoint.steps:,} steps"

    def next(self) -> Moment | None:
        """Takes a step; None at the episode's end."""
        step = next(self._steps, None)
        if step is None:
            return None
        predicted = None
        if self._ensemble is not None:
            rewards = self._ensemble.reward(step.observations[None], step.actions[None])
            predicted = float(rewards[0, 0])
        true = float(step.true_rewards[0]) if self._config.env.true_reward else None
        state = step.render_states if step.frame is None else step.frame
        return Moment(np.array(state), predicted, true)

    def picture(self, moment: Moment, width: int, height: int) -> np.ndarray:
        """Returns a picture (height, width, 3) of a moment."""
        if not self._task.draws_from_states:
            picture = np.empty((height, width, 3), np.uint8)
            fit_into(picture, moment.state)
            return picture
        try:
            return self._painter_of(width, height).frames(moment.state)[0]
        except envs.TaskError as error:
            raise TaskError(str(error)) from error

    def close(self) -> None:
        """Closes the task."""
        self._env.close()
        if self._painter is not None:
            self._painter[1].close()

    def _load(self) -> None:
        """Loads the newest checkpoint, unless that is the one that acts."""
        from pbrl.agents import PreferencePPO
        from pbrl.checkpoints import latest_checkpoint
        from pbrl.reward.saved import saved_ensemble

        checkpoint = latest_checkpoint(self._run, print)
        if checkpoint is None:
            raise CheckpointError(
                f"{self._run.path} has no checkpoint yet: watch it a little later."
            )
        if checkpoint == self._checkpoint:
            return
        self._agent = PreferencePPO.load(checkpoint.agent, device="cpu")
        if self._config.learns_reward:
            self._ensemble = saved_ensemble(self._config, checkpoint)
        self._checkpoint = checkpoint

    def _painter_of(self, width: int, height: int) -> "Painter":
        from envs.mujoco.drawing import Painter

        if self._painter is None or self._painter[0] != (width, height):
            if self._painter is not None:
                self._painter[1].close()
            painter = Painter(envs.TASKS[self._task.env_id], width, height)
            self._painter = (width, height), painter
        return self._painter[1]


def _write_film(run: Run, pictures: Iterator[np.ndarray], fps: float) -> Path:
    """Writes a film into the run's folder under a name that is free."""
    from pbrl.video import write_video

    number = 1
    while (path := run.path / f"watched-{number}.mp4").exists():
        number += 1
    write_video(path, pictures, fps)
    return path
