"""PPO that takes its rewards from outside: Stable-Baselines3's PPO in two halves.

Schulman et al., *Proximal Policy Optimization Algorithms*, 2017 (arXiv 1707.06347), as
Stable-Baselines3 implements it: same constructor, policies, callbacks, logger, `save`, `load` and
`predict`. `collect()` acts, `update(rewards)` learns from whatever rewards the caller gives for
what was collected, and `learn()` does both with the task's own.

Departures from Stable-Baselines3:

- Values and log-probabilities are computed for a whole rollout at once, after it: callbacks don't
  find them in their locals, and `rollout_buffer` stays empty.
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
from stable_baselines3.common.utils import explained_variance, update_learning_rate
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from pbrl.agents import normalization
from pbrl.agents.advantages import generalized_advantages
from pbrl.agents.compilation import compiled
from pbrl.agents.optimizer import adam_settings, read_learner, write_learner
from pbrl.agents.policy import log_likelihood, policy_function, read_weights, sample
from pbrl.agents.ppo_update import (
    Experience,
    Hyperparameters,
    Learner,
    Statistics,
    UpdateReport,
    UpdateStep,
    make_update,
)
from pbrl.agents.recording import Recording
from pbrl.agents.reward_scaling import scale_rewards
from pbrl.agents.vec_env import GymnasiumVecEnv
from pbrl.errors import ConfigError, NumericalError
from pbrl.rollout import Rollout


class PreferencePPO(PPO):
    """SB3's PPO, except that acting and learning can be called one by one."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 (SB3's)
        normalize_reward: bool = False,
        compile_update: bool = True,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Takes what `stable_baselines3.PPO` takes; `env` may be a Gymnasium VectorEnv too.

        Args:
            *args: of `stable_baselines3.PPO`.
            normalize_reward: divide rewards by the running deviation of their discounted sums.
            compile_update: compile the update at its first call (some seconds, once).
            **kwargs: of `stable_baselines3.PPO`.

        Raises:
            ConfigError: spaces, distribution or optimiser are not supported.
        """
        self.normalize_reward = normalize_reward
        self.compile_update = compile_update
        super().__init__(*args, **kwargs)

    def _setup_model(self) -> None:
        loaded = dict(self.__dict__)  # after load(), what was saved; else without these keys
        super()._setup_model()
        if not isinstance(self.observation_space, spaces.Box):
            raise ConfigError(
                f"The observation space is {self.observation_space}, but PreferencePPO supports "
                "Box: gymnasium.wrappers.FlattenObservation makes one of most others."
            )
        self._rng = loaded.get("_rng") or np.random.default_rng(self.seed)
        self.reward_statistics = loaded.get("reward_statistics") or RunningMeanStd(shape=())
        self.running_returns = loaded.get("running_returns", np.zeros(self.n_envs))
        self._recording: Recording | None = None
        self._make_functions()

    def _make_functions(self) -> None:
        """Makes the functions of tensors that acting and learning consist of."""
        apply = policy_function(self.policy)
        self._adam = adam_settings(self.policy.optimizer)

        def act(
            vector: Tensor, buffers: tuple[Tensor, ...], observations: Tensor, noise: Tensor
        ) -> Tensor:
            return sample(apply(vector, buffers, observations), noise)

        update = make_update(apply, self._adam, self.normalize_advantage)
        self._apply = apply
        self._act = compiled(act) if self.compile_update else act
        self._update_step: UpdateStep = compiled(update) if self.compile_update else update

    @staticmethod
    def _wrap_env(
        env: GymEnv | VectorEnv, verbose: int = 0, monitor_wrapper: bool = True
    ) -> VecEnv:
        adapted = GymnasiumVecEnv(env) if isinstance(env, VectorEnv) else env
        return PPO._wrap_env(adapted, verbose, monitor_wrapper)

    def _excluded_save_params(self) -> list[str]:
        made = ["_recording", "_adam", "_apply", "_act", "_update_step"]
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

    def rng_state(self) -> dict[str, Any]:
        """Returns the state of the generator behind noise and minibatches (fit for JSON)."""
        return self._rng.bit_generator.state

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
        if self._last_obs is None:
            self._last_obs = self.env.reset()
            self._last_episode_starts = np.ones(self.n_envs, dtype=bool)
        if self.ep_info_buffer is None:
            self.ep_info_buffer = deque(maxlen=self._stats_window_size)
            self.ep_success_buffer = deque(maxlen=self._stats_window_size)
        callback = self._init_callback(None)
        self.collect_rollouts(self.env, callback, self.rollout_buffer, self.n_steps)
        return self._recording.rollout

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
        rollout = recording.rollout
        observations = torch.from_numpy(rollout.observations)
        weights = read_weights(self.policy)
        noise = self._noise(rollout.actions.shape)
        bounds = self.action_space if isinstance(self.action_space, spaces.Box) else None
        callback.on_rollout_start()
        for t in range(n_rollout_steps):
            rollout.observations[t] = self._last_obs
            rollout.render_states[t] = _render_states(env)
            drawn = self._act(*weights, observations[t].to(self.device), noise[t])
            actions = recording.actions[t] = drawn.cpu().numpy()
            executed = actions if bounds is None else np.clip(actions, bounds.low, bounds.high)
            new_obs, rewards, dones, infos = env.step(executed)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            self._update_info_buffer(infos, dones)
            recording.record(t, executed, rewards, dones, infos)
            self._last_obs = new_obs
            self._last_episode_starts = dones
        recording.check_finite()
        self._evaluate(recording)
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def _recording_for(self, env: VecEnv, num_steps: int) -> Recording:
        """Returns the arrays to record in: the last ones wherever they fit."""
        shape = (num_steps, *_render_states(env).shape)
        if self._recording is None or self._recording.rollout.render_states.shape != shape:
            self._recording = Recording(
                num_steps, env.num_envs, self.observation_space, self.action_space, shape[-1]
            )
        self._recording.restart()
        return self._recording

    @property
    def _gaussian(self) -> bool:
        return isinstance(self.action_space, spaces.Box)

    def _noise(self, shape: tuple[int, ...]) -> Tensor:
        """Returns a rollout's noise (T, N, A): normal, or Gumbel for discrete actions."""
        if self._gaussian:
            return torch.from_numpy(self._rng.standard_normal(shape, np.float32)).to(self.device)
        gumbel = self._rng.gumbel(size=shape).astype(np.float32)
        return torch.from_numpy(gumbel).to(self.device)

    @torch.no_grad()
    def _evaluate(self, recording: Recording) -> None:
        """Fills in values and log-probabilities under the policy that acted."""
        rollout = recording.rollout
        steps = rollout.true_rewards.shape
        heads = self._apply(*read_weights(self.policy), self._flat(rollout.observations))
        log_probs = log_likelihood(heads, self._flat(recording.actions))
        recording.values[:] = heads.values.reshape(steps[::-1]).T.cpu()
        recording.log_probs[:] = log_probs.reshape(steps[::-1]).T.cpu()
        recording.last_values[:] = self._values(self._last_obs)
        recording.final_values[:] = 0
        if recording.final_observations:
            finals = self._values(np.stack(recording.final_observations))
            recording.final_values[rollout.truncated] = finals
        recording.complete = True

    @torch.no_grad()
    def _values(self, observations: np.ndarray) -> np.ndarray:
        """Returns values (B,) of observations (B, ...)."""
        tensor = torch.as_tensor(observations, device=self.device)
        return self.policy.predict_values(tensor).squeeze(-1).cpu().numpy()

    def _flat(self, array: np.ndarray) -> Tensor:
        """Returns (T, N, ...) as a tensor (N * T, ...), environment by environment, as SB3."""
        tensor = torch.from_numpy(array).to(self.device).transpose(0, 1)
        return tensor.reshape(-1, *array.shape[2:])

    # Learning

    def train(self) -> None:
        """Learns from the task's own rewards, as SB3's `learn` calls it."""
        report = self.update(self._recording.rollout.true_rewards)
        record = self.logger.record
        record("train/learning_rate", self.lr_schedule(self._current_progress_remaining))
        record("train/entropy_loss", -report.entropy)
        record("train/policy_gradient_loss", report.policy_loss)
        record("train/value_loss", report.value_loss)
        record("train/approx_kl", report.approx_kl)
        record("train/clip_fraction", report.clip_fraction)
        record("train/loss", report.loss)
        record("train/explained_variance", report.explained_variance)
        if self._gaussian:
            record("train/std", report.std)
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", self.clip_range(self._current_progress_remaining))
        if self.clip_range_vf is not None:
            record("train/clip_range_vf", self.clip_range_vf(self._current_progress_remaining))

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
        recording = self._recording
        if recording is None or not recording.complete:
            raise RuntimeError("There is no whole rollout to learn from: call collect() first.")
        if progress_remaining is not None:
            self._current_progress_remaining = progress_remaining
        experience = self._experience(recording, self._checked(rewards, recording))
        learner, steps, statistics = self._epochs(experience)
        if not torch.isfinite(learner.parameters).all():
            raise NumericalError(
                "The policy's parameters are no longer finite after this update; "
                "they are left as before it. A lower learning rate may help."
            )
        write_learner(learner, steps, self.policy.optimizer)
        self._adapt(experience.observations)
        return self._report(experience, statistics)

    def _checked(self, rewards: np.ndarray, recording: Recording) -> np.ndarray:
        expected = recording.values.shape
        if rewards.shape != expected:
            raise ValueError(f"rewards have shape {rewards.shape}, the rollout {expected}.")
        if not np.isfinite(rewards).all():
            t, env = np.argwhere(~np.isfinite(rewards))[0]
            raise NumericalError(
                f"The reward of environment {env} at step {t} of this rollout is not finite: "
                f"{rewards[t, env]}."
            )
        return rewards

    def _experience(self, recording: Recording, rewards: np.ndarray) -> Experience:
        """Returns what the minibatches are drawn from, with advantages for `rewards` (T, N)."""
        ended = recording.rollout.ended
        if self.normalize_reward:
            rewards = scale_rewards(
                rewards, ended, self.gamma, self.running_returns, self.reward_statistics
            )
        advantages = generalized_advantages(
            rewards.astype(np.float32) + self.gamma * recording.final_values,
            recording.values,
            recording.last_values,
            ended,
            self.gamma,
            self.gae_lambda,
        )
        parts = (
            recording.rollout.observations,
            recording.actions,
            recording.values,
            recording.log_probs,
            advantages,
            advantages + recording.values,
        )
        return Experience(*map(self._flat, parts))

    def _epochs(self, experience: Experience) -> tuple[Learner, int, Tensor]:
        """Returns the learner afterwards, its steps, and statistics (minibatches, 6)."""
        self.policy.set_training_mode(True)
        optimizer = self.policy.optimizer
        update_learning_rate(optimizer, self.lr_schedule(self._current_progress_remaining))
        hyper = self._hyperparameters()
        learner, steps = read_learner(optimizer)
        buffers = tuple(self.policy.buffers())
        per_epoch = math.ceil(len(experience.values) / self.batch_size)
        corrections = self._adam.corrections(steps + 1, self.n_epochs * per_epoch).to(self.device)
        statistics = []
        for _ in range(self.n_epochs):
            order = torch.from_numpy(self._rng.permutation(len(experience.values)))
            self._n_updates += 1
            for indices in order.to(self.device).split(self.batch_size):
                correction = corrections[len(statistics)]
                learner, result = self._update_step(
                    learner, buffers, experience, indices, correction, hyper
                )
                statistics.append(result)
                if self.target_kl is not None and Statistics(*result).approx_kl > hyper.max_kl:
                    return learner, steps + len(statistics) - 1, torch.stack(statistics)
        return learner, steps + len(statistics), torch.stack(statistics)

    def _hyperparameters(self) -> Hyperparameters:
        progress = self._current_progress_remaining
        values = (
            self.lr_schedule(progress),
            self.clip_range(progress),
            math.inf if self.clip_range_vf is None else self.clip_range_vf(progress),
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
            if hasattr(module, "adapt"):
                module.adapt(observations)

    def _report(self, experience: Experience, statistics: Tensor) -> UpdateReport:
        """Returns the report of an update from its statistics (minibatches, 6)."""
        per_epoch = math.ceil(len(experience.values) / self.batch_size)
        epochs = math.ceil(len(statistics) / per_epoch)
        means = Statistics(*statistics.mean(0).tolist())
        last_epoch = Statistics(*statistics[(epochs - 1) * per_epoch :].mean(0).tolist())
        values, returns = experience.values.cpu().numpy(), experience.returns.cpu().numpy()
        return UpdateReport(
            policy_loss=means.policy_loss,
            value_loss=means.value_loss,
            entropy=means.entropy,
            approx_kl=last_epoch.approx_kl,
            clip_fraction=means.clip_fraction,
            loss=Statistics(*statistics[-1].tolist()).loss,
            explained_variance=explained_variance(values, returns),
            std=self.policy.log_std.exp().mean().item() if self._gaussian else math.nan,
            epochs=epochs,
        )


def _render_states(env: VecEnv) -> np.ndarray:
    """Returns the environments' simulator states (N, S); S = 0 where they show none."""
    inner = env.unwrapped
    if isinstance(inner, GymnasiumVecEnv):
        return inner.render_states
    return np.empty((env.num_envs, 0), dtype=np.float32)
