"""Adam as a function of tensors, for graphs that hold the optimiser too.

Kingma and Ba, *Adam: A Method for Stochastic Optimization*, 2015 (arXiv 1412.6980), algorithm 1;
the steps are those of `torch.optim.Adam`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Learner(NamedTuple):
    """What a gradient step changes; all three have one shape, whichever the parameters have."""

    parameters: Tensor
    first_moment: Tensor
    """Running mean of gradients."""
    second_moment: Tensor
    """Running mean of squared gradients."""


def new_learner(parameters: Tensor) -> Learner:
    """Returns parameters before their first gradient step."""
    return Learner(parameters, torch.zeros_like(parameters), torch.zeros_like(parameters))


@dataclass(frozen=True, slots=True)
class AdamSettings:
    """Adam's constants, as torch.optim.Adam names them."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def corrections(self, first_step: int, num_steps: int) -> Tensor:
        """Returns the bias corrections of steps `first_step` (from 1) on, (num_steps, 2) float32.

        They belong to the two moments, which are to be divided by them. They are made here, once
        for many steps: inside a compiled loop they would be computed for every parameter.
        """
        steps = torch.arange(first_step, first_step + num_steps, dtype=torch.float64)
        return torch.stack((1 - self.beta1**steps, 1 - self.beta2**steps), 1).float()


def adam_step(
    learner: Learner, grad: Tensor, corrections: Tensor, lr: Tensor | float, adam: AdamSettings
) -> Learner:
    """Returns the learner after one step.

    Args:
        learner: to begin with.
        grad: of the parameters, in their shape.
        corrections: (2,), this step's.
        lr: learning rate, () or a number.
        adam: the constants.
    """
    first = torch.lerp(learner.first_moment, grad, 1 - adam.beta1)
    second = adam.beta2 * learner.second_moment + (1 - adam.beta2) * grad.square()
    spread = second.sqrt() / corrections[1].sqrt() + adam.eps
    return Learner(learner.parameters - lr / corrections[0] * first / spread, first, second)
