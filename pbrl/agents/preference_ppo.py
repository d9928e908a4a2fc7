"""PPO that takes its rewards from outside: Stable-Baselines3's PPO in two halves.

Schulman et al., *Proximal Policy Optimization Algorithms*, 2017 (arXiv 1707.06347), as
Stable-Baselines3 implements it: same constructor, policies, callbacks, logger, `save`, `load` and
`predict`. `collect()` acts, `update(rewards)` learns from whatever rewards the caller gives for
what was collected, and `learn()` does both with the task's own.

Departures from Stable-Baselines3:

- Values and log-probabilities are computed for a whole rollout at once, after it: callbacks don't
  find them in their locals, and `rollout_buffer` stays empty.
- Of environments that step in two halves, callbacks find what the second half did in their locals,
  and the first half's next step is under way.
- All noise and all minibatches are drawn from one generator of the agent, made from `seed` and
  saved with it.
- The optimiser is Adam, observations are boxes, actions boxes or discrete; there is no gSDE.
"""

import math
import pathlib
from collections import deque
from collections.abc import Iterable
from io import BufferedIOBase
from typing import Any

import cloudpickle
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.utils import update_learning_rate
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from pbrl.agents import normalization
from pbrl.agents.acting import Mind, draw_noise, evaluate
from pbrl.agents.learning import UpdateReport, check_rewards, make_experience, run_epochs, summarize
from pbrl.agents.optimizer import adam_settings, read_learner, write_learner
from pbrl.agents.picture_format import PictureFormat, arrange
from pbrl.agents.policy import PolicyFunction, read_weights, sample
from pbrl.agents.ppo_update import Experience, Hyperparameters, make_update
from pbrl.agents.recording import Recording
from pbrl.agents.reward_scaling import scale_rewards
from pbrl.agents.turns import Turn, take_turns
from pbrl.agents.vec_env import (
    GymnasiumVecEnv,
    games_over,
    parts_of,
    pictures,
    render_states,
)
from pbrl.compilation import compile_function
from pbrl.errors import ConfigError, NumericalError
from pbrl.rollout import Rollout


class PreferencePPO(PPO):
    """SB3's PPO, except that acting and learning can be called one by one."""

    _last_obs: Any  # (N, ...), what the environments showed last

    def __init__(
        self,
        *args: Any,
        normalize_reward: bool = False,
        compiled: bool = True,
        picture_format: PictureFormat = "contiguous",
        **kwargs: Any,
    ) -> None:
        """Takes what `stable_baselines3.PPO` takes; `env` may be a Gymnasium VectorEnv too.

        Args:
            *args: of `stable_baselines3.PPO`.
            normalize_reward: divide rewards by the running deviation of their discounted sums.
            compiled: compile acting and updating at their first call (some seconds, once).
            picture_format: how convolutions compute (see `picture_format`).
            **kwargs: of `stable_baselines3.PPO`.

        Raises:
            ConfigError: spaces, distribution or optimiser are not supported.
        """
        self.normalize_reward = normalize_reward
        self.compiled = compiled
        self.picture_format: PictureFormat = picture_format
        super().__init__(*args, **kwargs)

    def _setup_model(self) -> None:
        saved = dict(self.__dict__)  # what `load` read; of a new agent, without the keys below
        self._use_local_extractor()
        super()._setup_model()
        if not isinstance(self.observation_space, spaces.Box):
            raise ConfigError(
                f"The observation space is {self.observation_space}, but PreferencePPO supports "
                "Box: gymnasium.wrappers.FlattenObservation makes one of most others."
            )
        actions = self.action_space
        if isinstance(actions, spaces.Box) and len(actions.shape) != 1:
            raise ConfigError(
                f"The action space is {actions}, but PreferencePPO supports boxes of one axis: "
                "gymnasium.wrappers.TransformAction reshapes actions."
            )
        self._rng: np.random.Generator = saved.get("_rng", self._rng)
        self.reward_statistics = saved.get("reward_statistics", RunningMeanStd(shape=()))
        self.running_returns = saved.get("running_returns", np.zeros(self.n_envs))
        if len(self.running_returns) != self.n_envs:
            self.running_returns = np.zeros(self.n_envs)
        self._recording: Recording | None = None
        self._make_functions()

    def _use_local_extractor(self) -> None:
        """Puts this package's extractor in place of a saved one, which is another Python's code."""
        extractor = self.policy_kwargs.get("features_extractor_class")
        if getattr(extractor, "__name__", None) == normalization.NormalizedObservations.__name__:
            own = normalization.NormalizedObservations
            self.policy_kwargs = {**self.policy_kwargs, "features_extractor_class": own}

    def _make_functions(self) -> None:
        """Makes the functions of tensors that acting and learning consist of."""
        picture_format = self.picture_format
        apply = self._apply = PolicyFunction(self.policy, picture_format)

        def act(
            prepared: tuple[Tensor, ...],
            buffers: tuple[Tensor, ...],
            observations: Tensor,
            noise: Tensor,
        ) -> Tensor:
            arranged = arrange(observations, picture_format)
            return sample(apply.answer(prepared, buffers, arranged), noise)

        self._adam = adam_settings(self.policy.optimizer)
        update = make_update(apply, self._adam, self.normalize_advantage)
        compiled = compile_function if self.compiled else lambda function: function
        self._mind = Mind(apply, compiled(apply), picture_format)
        self._act, self._update = compiled(act), compiled(update)

    @staticmethod
    def _wrap_env(
        env: GymEnv | VectorEnv, verbose: int = 0, monitor_wrapper: bool = True
    ) -> VecEnv:
        adapted = GymnasiumVecEnv(env) if isinstance(env, VectorEnv) else env
        return PPO._wrap_env(adapted, verbose, monitor_wrapper)

    def _excluded_save_params(self) -> list[str]:
        made = ["_recording", "_adam", "_apply", "_mind", "_act", "_update"]
        return [*super()._excluded_save_params(), *made]

    def save(
        self,
        path: str | pathlib.Path | BufferedIOBase,
        exclude: Iterable[str] | None = None,
        include: Iterable[str] | None = None,
    ) -> None:
        """Saves SB3's zip, readable by plain Stable-Baselines3 (see `normalization`)."""
        cloudpickle.register_pickle_by_value(normalization)
        try:
            super().save(path, exclude, include)
        finally:
            cloudpickle.unregister_pickle_by_value(normalization)

    def set_random_seed(self, seed: int | None = None) -> None:
        """Seeds SB3's generators, the environment's next reset and the agent's own generator."""
        super().set_random_seed(seed)
        self._rng = np.random.default_rng(seed)

    def rng_state(self) -> dict[str, Any]:
        """Returns the state of the generator behind noise and minibatches (fit for JSON)."""
        return dict(self._rng.bit_generator.state)

    def set_rng_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state that `rng_state` returned."""
        self._rng.bit_generator.state = state

    # Acting

    def collect(self) -> Rollout:
        """Acts for `n_steps` steps in every environment.

        The arrays of the rollout are reused by the next one.

        Raises:
            NumericalError: an observation or action is not finite.
        """
        env = self._environment()
        if self._last_obs is None:
            self._last_obs = env.reset()
            self._last_episode_starts = np.ones(self.n_envs, dtype=bool)
        if self.ep_info_buffer is None:
            self.ep_info_buffer = deque(maxlen=self._stats_window_size)
            self.ep_success_buffer = deque(maxlen=self._stats_window_size)
        try:
            self.collect_rollouts(env, self._init_callback(None), self.rollout_buffer, self.n_steps)
        except Exception:  # a task may choke on the action that follows from a NaN of its own
            if self._recording is not None:
                self._recording.check_finite(self._last_obs)
            raise
        return self._whole_recording().rollout

    def resume_acting(self) -> None:
        """Goes on where the environments are, after a `restore` of theirs, without a reset.

        They need an attribute `observations` (N, ...), what they showed last.
        """
        inner: Any = self._environment().unwrapped
        self._last_obs = np.array(inner.envs.observations)
        self._last_episode_starts = np.zeros(self.n_envs, dtype=bool)

    @property
    def last_rollout(self) -> Rollout | None:
        """The rollout that was collected last, or in part before an error; None before any."""
        return None if self._recording is None else self._recording.rollout

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Acts, as SB3's `learn` calls it. Returns False if the callback stopped it."""
        self.policy.set_training_mode(False)
        recording = self._recording_for(env, n_rollout_steps)
        observations = torch.from_numpy(recording.rollout.observations)
        noise = draw_noise(self._rng, recording.rollout.actions.shape, self.action_space)
        noise, weights = noise.to(self.device), read_weights(self.policy)
        prepared = self._apply.prepare(weights.vector)
        bounds = self.action_space if isinstance(self.action_space, spaces.Box) else None
        last_obs = self._last_obs = np.array(self._last_obs)
        last_starts = self._last_episode_starts = np.array(self._last_episode_starts)

        def begin(turn: Turn) -> np.ndarray:
            """Begins a step and returns the actions that it executes."""
            t, rows, part = turn
            recording.rollout.observations[t, rows] = last_obs[rows]
            recording.show(t, rows, render_states(part), pictures(part))
            seen = observations[t, rows].to(self.device)
            actions = self._act(prepared, weights.buffers, seen, noise[t, rows]).cpu().numpy()
            recording.actions[t, rows] = actions
            executed = actions if bounds is None else np.clip(actions, bounds.low, bounds.high)
            part.step_async(executed)
            return executed

        def finish(turn: Turn, executed: np.ndarray) -> bool:
            """Waits for the end of a step; returns False if the callback stops acting with it."""
            t, rows, part = turn
            new_obs, rewards, dones, infos = part.step_wait()
            last_obs[rows], last_starts[rows] = new_obs, dones
            self._update_info_buffer(infos, dones)
            recording.record(t, rows, executed, rewards, dones, infos, games_over(part))
            if rows.stop < env.num_envs:
                return True
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            return callback.on_step()

        callback.on_rollout_start()
        if not take_turns(n_rollout_steps, parts_of(env), begin, finish):
            return False
        recording.check_finite(last_obs)
        evaluate(recording, self._mind, weights, last_obs)
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def _environment(self) -> VecEnv:
        if self.env is None:
            raise RuntimeError("The agent has no environment to act in: call set_env() first.")
        return self.env

    def _recording_for(self, env: VecEnv, num_steps: int) -> Recording:
        """Returns the arrays to record in: the last ones wherever they fit."""
        shape = (num_steps, *render_states(env).shape)
        if self._recording is None or self._recording.rollout.render_states.shape != shape:
            spaces_of_one = self.observation_space, self.action_space
            with_frames = pictures(env) is not None
            self._recording = Recording(shape, *spaces_of_one, with_frames=with_frames)
        self._recording.restart()
        return self._recording

    def _whole_recording(self) -> Recording:
        if self._recording is None or not self._recording.complete:
            raise RuntimeError("There is no whole rollout to learn from: call collect() first.")
        return self._recording

    # Learning

    def update(
        self, rewards: np.ndarray, *, progress_remaining: float | None = None
    ) -> UpdateReport:
        """Learns from the last rollout, with these rewards.

        Args:
            rewards: (T, N), for the steps of the last rollout.
            progress_remaining: 1 at the start of training to 0 at its end, for schedules;
                None leaves it as it is (`learn` sets it).

        Raises:
            NumericalError: a reward, or a parameter after learning, is not finite. The policy is
                then as it was.
        """
        recording = self._whole_recording()
        check_rewards(rewards, recording.values.shape)
        if progress_remaining is not None:
            self._current_progress_remaining = progress_remaining
        experience = self._experience(recording, rewards)
        self.policy.set_training_mode(True)
        optimizer = self.policy.optimizer
        update_learning_rate(optimizer, self._now(self.lr_schedule))
        outcome = run_epochs(
            self._update,
            *read_learner(optimizer),
            tuple(self.policy.buffers()),
            experience,
            self._hyperparameters(),
            self._adam,
            self.n_epochs,
            self.batch_size,
            self._rng,
        )
        if not torch.isfinite(outcome.learner.parameters).all():
            raise NumericalError(
                "The policy's parameters are no longer finite after this update; "
                "they are left as before it. A lower learning rate may help."
            )
        write_learner(outcome.learner, outcome.steps, optimizer)
        self._adapt(experience.observations)
        report = summarize(outcome.statistics, experience, self.batch_size, self._std())
        self._n_updates += report.epochs
        return report

    def _experience(self, recording: Recording, rewards: np.ndarray) -> Experience:
        """Returns a rollout with advantages for `rewards` (T, N), scaled if that was asked for."""
        if self.normalize_reward:
            ended = recording.rollout.ended
            rewards = scale_rewards(
                rewards, ended, self.gamma, self.running_returns, self.reward_statistics
            )
        return make_experience(recording, rewards, self.gamma, self.gae_lambda, self.device)

    def _now(self, schedule: Any) -> float:
        """Returns the value that a schedule has at this point of training."""
        return schedule(self._current_progress_remaining)

    def _hyperparameters(self) -> Hyperparameters:
        values = (
            self._now(self.lr_schedule),
            self._now(self.clip_range),
            math.inf if self.clip_range_vf is None else self._now(self.clip_range_vf),
            self.ent_coef,
            self.vf_coef,
            self.max_grad_norm,
            math.inf if self.target_kl is None else 1.5 * self.target_kl,
        )
        return Hyperparameters(
            *(torch.tensor(value, dtype=torch.float32, device=self.device) for value in values)
        )

    def _adapt(self, observations: Tensor) -> None:
        """Shows a rollout's observations to the extractors that learn statistics of them."""
        for module in self.policy.modules():
            # By its method, not its class: a loaded extractor's class came with the file.
            if hasattr(module, "adapt"):
                module.adapt(observations)  # pyright: ignore[reportCallIssue]

    def _std(self) -> float:
        """Returns the mean standard deviation of continuous actions, NaN for discrete ones."""
        log_std = getattr(self.policy, "log_std", None)
        return math.nan if log_std is None else log_std.exp().mean().item()

    def train(self) -> None:
        """Learns from the task's own rewards and logs, as SB3's `learn` calls it."""
        report = self.update(self._whole_recording().rollout.true_rewards)
        record = self.logger.record
        record("train/learning_rate", self._now(self.lr_schedule))
        record("train/entropy_loss", -report.entropy)
        record("train/policy_gradient_loss", report.policy_loss)
        record("train/value_loss", report.value_loss)
        record("train/approx_kl", report.approx_kl)
        record("train/clip_fraction", report.clip_fraction)
        record("train/loss", report.loss)
        record("train/explained_variance", report.explained_variance)
        if not math.isnan(report.std):
            record("train/std", report.std)
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", self._now(self.clip_range))
        if self.clip_range_vf is not None:
            record("train/clip_range_vf", self._now(self.clip_range_vf))
