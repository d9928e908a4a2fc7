"""The loop: act, ask, fit, reward, learn, log, save.

Whole rollouts only, and never one more than the asked number of steps holds.
"""

import copy
import dataclasses
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np

from pbrl.agents import PreferencePPO, UpdateReport
from pbrl.behaviours import BEHAVIOURS
from pbrl.checkpoints import Checkpoint, save_checkpoint, to_arrays, to_tensors
from pbrl.config import TrainConfig
from pbrl.episodes import EpisodeReturns
from pbrl.errors import NumericalError
from pbrl.frozen_reward import FrozenReward
from pbrl.metrics import STEPS, MetricsLog, reward_metrics, run_metrics, update_metrics
from pbrl.people import People
from pbrl.query.schedule import is_round
from pbrl.reward_learning import RewardLearning
from pbrl.rollout import Rollout
from pbrl.runs import Run, disk_errors
from pbrl.status import Clock, Display, Pace, Status

SAVED_TO_WAIT = 10_000
"""Steps since the last checkpoint after which another is written when training waits for people."""
TEACHER_WINDOW = 10
"""Episodes over which a teacher's thresholds are averaged (B-Pref, Lee et al. 2021)."""


class Environments(Protocol):
    """What the trainer asks of environments; the agent steps them."""

    def snapshot(self) -> Mapping[str, np.ndarray]:
        """Returns everything needed to go on exactly from here."""
        ...

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot."""


class Trainer:
    """Trains one agent.

    Args:
        config: The run's settings, checked.
        run: The run's folder, held by this process.
        env: The environments.
        agent: The agent that acts in them.
        learning: The preference side, or None to train on the true reward, or on what a scripted
            teacher thinks of each step.
        display: Shows how it goes.
        clock: Counts what the time goes to.
        people: Gives people their turn, if it is they who answer.
    """

    def __init__(
        self,
        config: TrainConfig,
        run: Run,
        env: Environments,
        agent: PreferencePPO,
        learning: RewardLearning | FrozenReward | None,
        display: Display,
        clock: Clock,
        people: People | None = None,
    ) -> None:
        self.config, self.run, self.env, self.agent = config, run, env, agent
        self.learning, self.display, self.clock = learning, display, clock
        self.people = people
        self.stopping = False
        """Set from outside, it ends training after the rollout in progress."""
        self.true_returns = EpisodeReturns(config.env.num_envs)
        self.learned_returns = EpisodeReturns(config.env.num_envs)
        self.rollout_size = config.env.num_envs * config.agent.rollout_steps
        self.total_steps = config.total_steps // self.rollout_size * self.rollout_size
        self._saved = self._first_step = 0
        self._learnt = False
        """Whether something may have been learnt since the last checkpoint."""
        self._fitted_share: float | None = None  # of a long fit that is under way
        self._unrewarded: np.ndarray | None = None
        """Where episodes ended in a rollout whose rewards are not known yet."""
        self._pace = Pace()
        if isinstance(learning, RewardLearning):
            learning.told = self._tell_of_fit

    @property
    def steps(self) -> int:
        """Returns the environment steps so far."""
        return self.agent.num_timesteps

    @property
    def in_long_fit(self) -> bool:
        """Returns whether a fit is under way after which no rollout comes for a long time."""
        return self._fitted_share is not None

    def train(self) -> None:
        """Trains from wherever the parts stand to the end, and leaves a checkpoint.

        Raises:
            NumericalError: Something is not finite; the last states are saved in the run.
            PbrlError: The disk is full or a label cannot be had; earlier checkpoints are intact.
        """
        self._first_step = self.steps
        self._pace.mark(self.steps, self.clock.working)
        metrics = MetricsLog(self.run, self.steps)
        try:
            self._begin()
            while self.steps < self.total_steps and not self.stopping:
                metrics.write(self._iterate())
                self._pace.mark(self.steps, self.clock.working)
                status = self.status()
                self.display.show(status)
                if self.people is not None:
                    self.people.note(status)
                if self.steps - self._saved >= self.config.checkpoint_steps:
                    self.save()
            if self._learnt:
                self.save()
        except NumericalError as error:
            raise NumericalError(f"{error} {self._keep_last_states()}") from error
        finally:
            metrics.close()
            if self.people is not None:
                self.people.farewell(self.status())

    def _begin(self) -> None:
        """Lets those answer who are due before the next rollout.

        Of a run without steps left, that spends a label budget that was raised on the reward alone.
        """
        fit = self.learning.last_fit if self.learning else None
        if self.people is not None:
            self.people.begin()
            self._consult()
        elif self.steps >= self.total_steps:
            self._consult()
        self._learnt |= self.learning is not None and self.learning.last_fit is not fit

    def _tell_of_fit(self, share: float) -> None:
        """Shows how far a long fit is; a run that is to stop does not begin the first one."""
        first = self.learning is not None and not self.learning.ready
        if first and self.stopping:
            raise KeyboardInterrupt
        self._fitted_share = share if share < 1 else None
        if first:
            self._pace.restart()  # it comes once
        status = self.status()
        self.display.show(status)
        if first and self.people is not None:
            self.people.note_first_fit(status, share)

    def _iterate(self) -> dict[str, float | int | None]:
        """Acts and learns for one rollout and returns what to log of it."""
        with self._fitting_aside(), self.clock.time("acting"):
            rollout = self._collect()
        self.true_returns.add(rollout.true_rewards, rollout.boundaries)
        self._unrewarded = rollout.boundaries
        rewards = self._rewards(rollout)
        self._unrewarded = None
        unknown = np.full(rollout.true_rewards.shape, np.nan)
        self.learned_returns.add(unknown if rewards is None else rewards, rollout.boundaries)
        update: UpdateReport | None = None
        if rewards is not None:
            progress_remaining = 1 - (self.steps - self.rollout_size) / self.total_steps
            with self.clock.time("learning"):
                update = self.agent.update(rewards, progress_remaining=progress_remaining)
        self._learnt = True
        return (
            {STEPS: self.steps}
            | run_metrics(self.status())
            | reward_metrics(self.learning, rollout.true_rewards, rewards)
            | update_metrics(update)
        )

    def _fitting_aside(self) -> AbstractContextManager[None]:
        """Returns what fits the reward while the agent acts, where that was asked for."""
        if isinstance(self.learning, RewardLearning):
            return self.learning.fitting_aside()
        return nullcontext()

    def _collect(self) -> Rollout:
        rollout = self.agent.collect()
        if not self.config.env.true_reward:
            unknown = np.full(rollout.true_rewards.shape, np.nan)
            return dataclasses.replace(rollout, true_rewards=unknown)
        if not np.isfinite(rollout.true_rewards).all():
            step, env = np.argwhere(~np.isfinite(rollout.true_rewards))[0]
            raise NumericalError(
                f"The true reward of environment {env} is {rollout.true_rewards[step, env]} at "
                f"step {step} of its rollout. A task without one is trained with --no-true-reward."
            )
        return rollout

    def _rewards(self, rollout: Rollout) -> np.ndarray | None:
        """Returns the rewards to learn from, None while there is nothing to learn from yet."""
        if self.config.reward_source == "teacher":
            return BEHAVIOURS[self.config.teacher].step_rewards(rollout)
        if self.learning is None:
            clips = self.config.agent.clip_true_reward
            return np.clip(rollout.true_rewards, -1.0, 1.0) if clips else rollout.true_rewards
        self.learning.remember(rollout)
        if not self._consult():
            return None
        return self.learning.reward(rollout) if self.learning.ready else None

    def _consult(self) -> bool:
        """Gives those who answer their turn; returns False if the run was stopped meanwhile."""
        if self.people is not None:
            return self.people.turn(self.status, lambda: self.stopping, self._save_to_wait)
        query, learning = self.config.query, self.learning
        if isinstance(learning, RewardLearning) and is_round(
            query, self.steps, self.total_steps, self.rollout_size
        ):
            returns = self.true_returns.mean(TEACHER_WINDOW)
            learning.ask_and_fit(self.steps, self.total_steps, returns)
        return True

    def status(self) -> Status:
        """Returns where the run stands."""
        learning, steps = self.learning, self.steps - self._first_step
        asks = isinstance(learning, RewardLearning)
        earned, by_teacher = self.learned_returns.mean(), self.config.reward_source == "teacher"
        return Status(
            phase=self._phase(),
            steps=self.steps,
            total_steps=self.total_steps,
            steps_per_second=steps / max(self.clock.working, 1e-9),
            labels=self._answers(),
            label_budget=self.config.query.label_budget if asks else 0,
            true_return=self.true_returns.mean(),
            learned_return=earned if learning else None,
            score_return=earned if by_teacher else None,
            accuracy=learning.accuracy if learning else None,
            shares=self.clock.shares(),
            seconds_left=self._pace.seconds_for(self.total_steps - self.steps),
        )

    def _answers(self) -> int:
        """Returns how many answers there are, those that are learnt from no more among them."""
        if self.people is not None:
            return self.people.answered
        if isinstance(self.learning, RewardLearning):
            return self.learning.asked  # a synthetic annotator answers at once
        return self.learning.labels if self.learning else 0

    def _phase(self) -> str:
        if self.learning is None:
            return f"training on {self.config.trained_on}"
        if isinstance(self.learning, FrozenReward):
            return f"training on a reward learnt before, from {self.learning.labels} answers"
        if self._fitted_share is not None:
            return f"fitting the first reward, {self._fitted_share:.0%} done"
        if self.people and self.people.phase:
            return self.people.phase
        if not self.learning.ready:
            return "acting with the untrained policy, for the first clips"
        return "training on the learned reward"

    def _save_to_wait(self) -> None:
        """Saves before a wait of unknown length, unless little has happened since the last time."""
        if self.steps - self._saved >= SAVED_TO_WAIT:
            self.save()

    def save(self) -> Checkpoint:
        """Writes a checkpoint of everything.

        A run that goes on from one that was written while it waited for answers does not know what
        the last rollout would have earned.
        """
        learned = copy.deepcopy(self.learned_returns)
        if self._unrewarded is not None:
            learned.add(np.full(self._unrewarded.shape, np.nan), self._unrewarded)
        state = {
            "env": dict(self.env.snapshot()),
            "true_returns": self.true_returns.state(),
            "learned_returns": learned.state(),
            "learning": self.learning.state() if self.learning else {},
        }
        if self.people:
            state["people"] = self.people.state()
        with self.clock.time("saving"):
            checkpoint = save_checkpoint(self.run, self.steps, self.agent.save, to_tensors(state))
        self._saved, self._learnt = self.steps, False
        return checkpoint

    def restore(self, checkpoint: Checkpoint) -> None:
        """Puts all but the agent, which is loaded from its own file, where it was."""
        state: dict[str, Any] = to_arrays(checkpoint.state())
        self.env.restore(state["env"])
        self.agent.resume_acting()
        self.true_returns.set_state(state["true_returns"])
        self.learned_returns.set_state(state["learned_returns"])
        if self.learning is not None:
            self.learning.set_state(state["learning"])
        if self.people is not None:
            self.people.set_state(state["people"])
        self._saved, self._learnt = checkpoint.steps, False

    def close(self) -> None:
        """Lets go of the label store."""
        if self.learning is not None:
            self.learning.close()

    def _keep_last_states(self) -> str:
        """Saves the last rollout for whoever looks for the cause, and says where."""
        rollout = self.agent.last_rollout
        if rollout is None:
            return "Training stopped before the first rollout was complete."
        kept = self.run.path / f"not_finite_{self.steps}.npz"
        arrays = {f.name: getattr(rollout, f.name) for f in dataclasses.fields(rollout)}
        del arrays["frames"]  # encoded pictures, no numbers
        with disk_errors(kept):
            np.savez_compressed(kept, **arrays)
        return (
            f"Training stopped at step {self.steps:,}. The last rollout is in {kept}; the run's "
            "last checkpoint is from before."
        )
