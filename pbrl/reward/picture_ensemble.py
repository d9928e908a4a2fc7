"""The ensemble of reward predictors of tasks that are seen as pictures.

It is fitted and normalised as the other one; what differs is said here. Labelled clips take some
400 kB each, so they are neither stacked nor turned into floats but in minibatches, and losses are
measured on labels drawn anew at each fit.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pbrl.compilation import compile_function
from pbrl.config import RewardConfig
from pbrl.feedback import FeedbackKind
from pbrl.reward import cnn, fitting
from pbrl.reward.cnn import Cnn
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.explained import FitData
from pbrl.reward.inputs import thin
from pbrl.reward.labels import Floats, LabelledClips

PART = 256
"""Steps that go through the networks at once."""
DTYPES = {"bfloat16": torch.bfloat16}
"""What convolutions compute in, by the name of a picture format; float32 by all others."""


class PictureEnsemble(RewardEnsemble):
    """E predictors of reward that see pictures and no actions.

    Args:
        config: Sizes and fitting.
        shape: (K, side, side) of an observation.
        act_dim: Entries of an action.
        kind: The kind of feedback, which owns the likelihood.
        seed: The run's seed.
        device: Where the weights live.
    """

    def __init__(
        self,
        config: RewardConfig,
        shape: tuple[int, int, int],
        act_dim: int,
        kind: FeedbackKind,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.shape = shape
        super().__init__(config, int(np.prod(shape)), act_dim, kind, seed, device)

    def _make_networks(self, rng: torch.Generator) -> Tensor:
        config = self.config
        self._cnn = Cnn(
            *(self.shape[0], self.shape[1], config.leaky_slope, config.dropout),
            dtype=DTYPES.get(config.picture_format, torch.float32),
        )
        self.statistics = cnn.new_statistics(self._cnn, config.ensemble_size).to(self.device)
        self._fit_pictures_step = compile_function(
            functools.partial(
                fitting.fit_pictures_step,
                cnn=self._cnn,
                kind=self.kind,
                lr=config.lr,
                stride=config.fit_stride,
            )
        )
        self._apply = compile_function(functools.partial(cnn.apply_cnn, self._cnn))
        self._measure_part = compile_function(self._measured_on)
        return cnn.init_cnn(self._cnn, config.ensemble_size, rng)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Returns (K, side, side)."""
        return self.shape

    def returns(self, inputs: NDArray[np.uint8]) -> Floats:
        """Returns each member's summed reward of clips, in the likelihood's units: `(E, C)`.

        Args:
            inputs: `(C, T + K - 1, side, side)` each picture once.
        """
        with torch.no_grad():
            return self._clip_rewards(torch.from_numpy(inputs)).sum(dim=-1).cpu().numpy()

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on exactly."""
        shape = {"stack": self.shape[0], "side": self.shape[1]}
        return super().state() | shape | {"statistics": self.statistics}

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts the ensemble where it was when `state` was called."""
        super().set_state(state)
        self.statistics = torch.as_tensor(state["statistics"], device=self.device)

    def _raw_rewards(self, observations: NDArray[np.uint8], actions: Floats) -> Tensor:
        stacks = torch.from_numpy(observations.reshape(-1, *self.shape))
        return self._clip_rewards(stacks).squeeze(-1)  # clips of one step

    def _set_input_normalizer(self, labels: LabelledClips) -> None:
        """Does nothing: a picture's brightness has a scale of its own."""

    def _fit_inputs(self, labels: LabelledClips) -> Sequence[NDArray[np.uint8]]:
        return labels.inputs

    def _step(self, data: FitData, batch: Tensor, corrections: Tensor) -> None:
        labelled = [data.inputs[i] for i in batch.flatten().tolist()]
        stride = self.config.fit_stride
        offsets = self._rng.integers(stride, size=(len(labelled), len(labelled[0])))
        clips, there = (
            torch.from_numpy(part).to(self.device).unflatten(0, batch.shape)
            for part in thin(labelled, offsets, stride, self.shape[0])
        )
        layers = (len(cnn.KERNELS), there[0].numel(), len(batch), self._cnn.channels)
        uniform = torch.from_numpy(self._rng.random(layers, np.float32)).to(self.device)
        rates = torch.full(batch.shape, self.config.error_rate, device=self.device)
        if data.error_rates is not None:
            rates = data.error_rates[batch]
        self.learner = self._fit_pictures_step(
            self.learner,
            self.l2,
            clips,
            data.targets[batch],
            corrections,
            uniform,
            rates,
            there,
        )

    def _checked(self, data: FitData) -> FitData:
        """Returns labels drawn at random, as many as are asked for."""
        total, wanted = len(data.targets), self.config.checked_labels
        if not 0 < wanted < total:
            return data
        chosen = np.sort(self._rng.choice(total, wanted, replace=False))
        rows = torch.from_numpy(chosen).to(self.device)
        return FitData(
            [data.inputs[i] for i in chosen],
            data.targets[rows],
            data.counts[:, rows],
            None if data.error_rates is None else data.error_rates[rows],
        )

    def _measure(self, checked: FitData) -> Tensor:
        self._measure_statistics(checked.inputs)
        return super()._measure(checked)

    @torch.no_grad()
    def _measure_statistics(self, inputs: Sequence[NDArray[np.uint8]]) -> None:
        """Measures what normalises, on labels `(K, T + stack - 1, H, W)` each.

        As many go through at once as in a minibatch, as many steps of each are looked at, and their
        means are taken; what does not fill a part is left out where there is a whole one.
        """
        size = min(self.config.batch_size, len(inputs))
        measure = self._measure_part if size == self.config.batch_size else self._measured_on
        first_steps = np.zeros((size, len(inputs[0])), np.int64)
        measured = []
        for first in range(0, len(inputs) - size + 1, size):
            part = inputs[first : first + size]
            clips, _ = thin(part, first_steps, self.config.fit_stride, self.shape[0])
            clips = torch.from_numpy(clips).flatten(end_dim=1).to(self.device)
            measured.append(measure(self.learner.parameters, clips))
        self.statistics = torch.stack(measured).mean(dim=0)

    def _measured_on(self, params: Tensor, clips: Tensor) -> Tensor:
        return cnn.measure_statistics(self._cnn, params, clips, self.config.fit_stride)

    @torch.no_grad()
    def _step_rewards(self, inputs: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Returns each member's reward of every step, `(E, B, K, T)` of B labels."""
        options, length = inputs[0].shape[:2]
        at_once = max(PART // (options * (length - self.shape[0] + 1)), 1)
        parts = []
        for first in range(0, len(inputs), at_once):
            clips = np.concatenate(inputs[first : first + at_once])
            parts.append(self._clip_rewards(torch.from_numpy(clips)).unflatten(1, (-1, options)))
        return torch.cat(parts, dim=1)

    def _clip_rewards(self, clips: Tensor) -> Tensor:
        """Returns each member's reward of the steps of clips, `(E, C, T)`, a few clips at a time.

        Whole parts are compiled; what is left over runs as it is, since it may be of any size.
        """
        at_once = max(PART // (clips.shape[1] - self.shape[0] + 1), 1)
        rewards = []
        for part in clips.to(self.device).split(at_once):
            whole = len(part) == at_once
            apply = self._apply if whole else functools.partial(cnn.apply_cnn, self._cnn)
            rewards.append(apply(self.learner.parameters, self.statistics, part.contiguous()))
        return torch.cat(rewards, dim=1)
