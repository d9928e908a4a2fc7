"""The ensemble of reward predictors: what it predicts, how it is fitted, how it is kept.

Christiano et al. 2017, sections 2.2.1 and 2.2.3. The predictors see raw observations and actions
and own the normaliser of their inputs; each member's output has zero mean and a constant standard
deviation over the labelled clips (the paper does not say over what; Ibarz et al. 2018 take the
labelled clips), and the reward is the mean over members.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pbrl.adam import Learner, new_learner
from pbrl.compilation import compile_function
from pbrl.config import RewardConfig
from pbrl.errors import NumericalError
from pbrl.feedback import FeedbackKind
from pbrl.reward import fitting
from pbrl.reward.bootstrap import bootstrap_counts, draw_minibatches
from pbrl.reward.explained import Explained, FitData, FitReport, explained
from pbrl.reward.inputs import clip_inputs
from pbrl.reward.labels import Floats, LabelledClips
from pbrl.reward.network import Mlp, apply_in_parts, init_mlp
from pbrl.seeding import generator, generator_state, seed_of, set_generator_state

INPUT_CLIP = 10.0
SMALLEST_STD = 1e-6
NORMALIZERS = ("input_mean", "input_std", "output_mean", "output_std")


def _rebuilt(
    of: "type[RewardEnsemble]", given: tuple[Any, ...], state: dict[str, Any]
) -> "RewardEnsemble":
    """Returns an ensemble that was pickled."""
    ensemble = of(*given)
    ensemble.set_state(state)
    return ensemble


class RewardEnsemble:
    """E predictors of reward, fitted on labelled clips.

    Args:
        config: Sizes and fitting.
        obs_dim: Entries of an observation.
        act_dim: Entries of an action.
        kind: The kind of feedback, which owns the likelihood.
        seed: The run's seed.
        device: Where the weights live.
    """

    def __init__(
        self,
        config: RewardConfig,
        obs_dim: int,
        act_dim: int,
        kind: FeedbackKind,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config, self.kind, self.seed = config, kind, seed
        self.device = torch.device(device)
        self.obs_dim, self.act_dim, self.inputs = obs_dim, act_dim, obs_dim + act_dim
        self._rng = generator(seed, "reward")
        weights_rng = torch.Generator().manual_seed(seed_of(seed, "reward"))
        self.learner = new_learner(self._make_networks(weights_rng).to(self.device))
        self.updates = 0
        """Gradient steps taken so far."""
        members = (config.ensemble_size,)
        self.l2 = torch.full(members, config.l2_initial, device=self.device)
        self.input_mean = torch.zeros(self.inputs, device=self.device)
        self.input_std = torch.ones(self.inputs, device=self.device)
        self.output_mean = torch.zeros(members, device=self.device)
        self.output_std = torch.ones(members, device=self.device)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles it as it stands; what was compiled is compiled again."""
        shape = self.observation_shape
        size = shape if len(shape) > 1 else self.obs_dim
        given = (self.config, size, self.act_dim, self.kind, self.seed, str(self.device))
        return _rebuilt, (type(self), given, self.state())

    def _make_networks(self, rng: torch.Generator) -> Tensor:
        """Makes the functions that the predictors consist of; returns their parameters (E, P)."""
        config, kind = self.config, self.kind
        self._mlp = Mlp(self.inputs, config.hidden_sizes, config.leaky_slope)
        self._fit_step = compile_function(
            functools.partial(
                fitting.fit_step,
                mlp=self._mlp,
                kind=kind,
                error_rate=config.error_rate,
                lr=config.lr,
            )
        )
        self._fit_step_by_annotator = compile_function(
            functools.partial(fitting.fit_step_by_annotator, mlp=self._mlp, kind=kind, lr=config.lr)
        )
        return init_mlp(self._mlp, config.ensemble_size, rng)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Returns (O,) of numbers, or (K, H, W) of pictures."""
        return (self.obs_dim,)

    def returns_of(self, observations: NDArray, actions: Floats) -> Floats:
        """Returns each member's summed reward of clips, in the likelihood's units: `(E, C)`.

        Args:
            observations: `(C, T, O)` raw, or `(C, T + K - 1, H, W)` pictures.
            actions: `(C, T, A)` as executed.
        """
        return self.returns(clip_inputs(observations, actions))

    def returns(self, inputs: Any) -> Floats:
        """Returns each member's summed reward of clips, in the likelihood's units: `(E, C)`.

        Args:
            inputs: `(C, T, I)` raw observations and actions side by side.
        """
        with torch.no_grad():
            rewards = self._raw(torch.from_numpy(inputs.reshape(-1, self.inputs)))
            return rewards.reshape(len(self.l2), *inputs.shape[:2]).sum(dim=-1).cpu().numpy()

    def reward(self, observations: NDArray, actions: Floats) -> Floats:
        """Returns the learned reward: the mean over members of each one's normalised output.

        Args:
            observations: `(..., O)` raw observations, or `(..., K, H, W)` pictures.
            actions: `(..., A)` the actions taken there, as executed.

        Returns:
            `(...)` float32 rewards.

        Raises:
            NumericalError: A reward is not finite.
        """
        with torch.no_grad():
            raw = self._raw_rewards(observations, actions)
            normal = (raw - self.output_mean[:, None]) / self.output_std[:, None]
            rewards = (normal * self.config.reward_std).mean(dim=0).cpu().numpy()
        if not np.isfinite(rewards).all():
            raise NumericalError(
                f"The learned reward is not finite for {np.sum(~np.isfinite(rewards))} of "
                f"{rewards.size} steps: expected finite observations and predictor weights."
            )
        return rewards.reshape(actions.shape[:-1])

    def _raw_rewards(self, observations: NDArray, actions: Floats) -> Tensor:
        """Returns each member's reward of single steps, not normalised, `(E, B)`."""
        inputs = clip_inputs(observations.astype(np.float32, copy=False), actions)
        inputs = inputs.astype(np.float32, copy=False)
        return self._raw(torch.from_numpy(inputs.reshape(-1, self.inputs)))

    def fit(
        self,
        labels: LabelledClips,
        updates: int,
        told: Callable[[float], object] = lambda share: None,
    ) -> FitReport:
        """Takes gradient steps on the labels and renormalises inputs and outputs.

        Args:
            labels: All labels so far.
            updates: Gradient steps.
            told: Told now and then which share of them is done.

        Raises:
            NumericalError: A weight is not finite afterwards.
        """
        config = self.config
        counts = bootstrap_counts(labels.numbers, config.ensemble_size, self.seed)
        batches = draw_minibatches(counts, updates, config.batch_size, self._rng)
        self._set_input_normalizer(labels)
        data = self._fit_data(labels, counts)
        checked = self._checked(data)
        rewards: Tensor | None = None
        corrections = fitting.ADAM.corrections(self.updates + 1, updates).to(self.device)
        for update, batch in enumerate(torch.from_numpy(batches).to(self.device), start=1):
            self._step(data, batch, corrections[update - 1])
            rewards = None  # of the weights before
            if (self.updates + update) % config.l2_every == 0:  # one fit may have fewer
                rewards = self._measure(checked)
                found = self._explained(checked, rewards)
                losses = found.train_loss, found.validation_loss
                bounds = config.l2_ratio_low, config.l2_ratio_high
                self.l2 = fitting.adjusted_l2(self.l2, *losses, *bounds, config.l2_factor)
                told(update / updates)
        self.updates += updates
        if rewards is None:
            rewards = self._measure(checked)
        self._set_output_normalizer(rewards)
        report = self._report(checked, rewards, len(labels))
        if not np.isfinite(report.train_loss).all():
            raise NumericalError(
                f"The reward predictors' loss is not finite after fitting {len(labels)} labels "
                f"(per member: {report.train_loss}): expected finite observations in the clips."
            )
        return report

    def evaluate(self, labels: LabelledClips) -> FitReport:
        """Returns how well the predictors, as they are, explain labels; nothing is fitted.

        Args:
            labels: Labels of this run: a member never trained on those that it left out.
        """
        counts = bootstrap_counts(labels.numbers, self.config.ensemble_size, self.seed)
        data = self._fit_data(labels, counts)
        return self._report(data, self._step_rewards(data.inputs), len(labels))

    def _step(self, data: FitData, batch: Tensor, corrections: Tensor) -> None:
        """Takes one gradient step.

        Args:
            data: The labels.
            batch: `(E, M)` those of each member's minibatch.
            corrections: `(2,)` Adam's.
        """
        drawn = (data.inputs[batch], data.targets[batch], corrections)
        if data.error_rates is None:
            self.learner = self._fit_step(self.learner, self.l2, *drawn)
        else:
            drawn = (*drawn, data.error_rates[batch])
            self.learner = self._fit_step_by_annotator(self.learner, self.l2, *drawn)

    def _checked(self, data: FitData) -> FitData:
        """Returns the labels on which a fit measures losses and normalises outputs: all of them."""
        return data

    def _measure(self, checked: FitData) -> Tensor:
        """Returns the rewards `(E, B, K, T)` of these labels under the members as they are now."""
        return self._step_rewards(checked.inputs)

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on exactly: tensors, and the random stream as text."""
        return {
            "learner": self.learner._asdict(),
            "updates": self.updates,
            "l2": self.l2,
            "obs_dim": self.obs_dim,
            "act_dim": self.act_dim,
            "rng": generator_state(self._rng),
            **{name: getattr(self, name) for name in NORMALIZERS},
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts the ensemble where it was when `state` was called."""

        def moved(tensor: Any) -> Tensor:
            return torch.as_tensor(tensor, device=self.device)

        self.learner = Learner(**{n: moved(t) for n, t in state["learner"].items()})
        for name in NORMALIZERS:
            setattr(self, name, moved(state[name]))
        self.l2 = moved(state["l2"])
        self.updates = state["updates"]
        set_generator_state(self._rng, state["rng"])

    def _raw(self, inputs: Tensor) -> Tensor:
        return self._step_rewards(self._normalized(inputs))

    def _normalized(self, inputs: Tensor) -> Tensor:
        scaled = (inputs.to(self.device) - self.input_mean) / self.input_std
        return scaled.clamp(-INPUT_CLIP, INPUT_CLIP)

    def _set_input_normalizer(self, labels: LabelledClips) -> None:
        rows = labels.inputs.reshape(-1, self.inputs)
        std = rows.std(axis=0, dtype=np.float64)
        std[std < SMALLEST_STD] = 1.0  # an entry that never moves says nothing about its scale
        mean = rows.mean(axis=0, dtype=np.float64)
        self.input_mean = torch.as_tensor(mean, dtype=torch.float32, device=self.device)
        self.input_std = torch.as_tensor(std, dtype=torch.float32, device=self.device)

    def _set_output_normalizer(self, rewards: Tensor) -> None:
        """Takes mean and deviation of each member's rewards of steps, `(E, ...)`."""
        rewards = rewards.flatten(start_dim=1)
        self.output_mean = rewards.mean(dim=1)
        self.output_std = rewards.std(dim=1).clamp_min(SMALLEST_STD)

    def _fit_data(self, labels: LabelledClips, counts: NDArray[np.int64]) -> FitData:
        return FitData(
            self._fit_inputs(labels),
            torch.from_numpy(labels.targets).to(self.device),
            torch.from_numpy(counts).to(self.device, torch.float32),
            None
            if labels.error_rates is None
            else torch.from_numpy(labels.error_rates).to(self.device),
        )

    def _fit_inputs(self, labels: LabelledClips) -> Any:
        """Returns the inputs of `FitData`."""
        return self._normalized(torch.from_numpy(labels.inputs))

    def _step_rewards(self, inputs: Any) -> Tensor:
        """Returns each member's reward of every step, `(E, ...)` of normalised `(..., I)`."""
        rewards = apply_in_parts(self._mlp, self.learner.parameters, inputs.flatten(end_dim=-2))
        return rewards.unflatten(1, inputs.shape[:-1])

    def _explained(self, data: FitData, rewards: Tensor) -> Explained:
        return explained(data, rewards, self.kind, self.config.error_rate)

    def _report(self, data: FitData, rewards: Tensor, labels: int) -> FitReport:
        values = (x.cpu().numpy() for x in (*self._explained(data, rewards), self.l2))
        return FitReport(labels, *values)
