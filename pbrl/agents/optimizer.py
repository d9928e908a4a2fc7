"""Between SB3's optimiser, which is what gets saved, and the update's vectors."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector
from torch.optim import Adam, Optimizer

from pbrl.adam import AdamSettings, Learner, new_learner
from pbrl.errors import ConfigError


def adam_settings(optimizer: Optimizer) -> AdamSettings:
    """Returns the constants of an Adam optimiser.

    Raises:
        ConfigError: the optimiser is another one, or a variant of Adam.
    """
    group = optimizer.param_groups[0]
    variant = [key for key in ("weight_decay", "amsgrad", "maximize") if group.get(key)]
    if type(optimizer) is not Adam or variant:
        given = type(optimizer).__name__ + "".join(f" with {key}" for key in variant)
        raise ConfigError(
            f"The optimiser is {given}, but PreferencePPO's update makes the steps of plain Adam: "
            "leave optimizer_class and optimizer_kwargs out, or set only betas and eps."
        )
    beta1, beta2 = group["betas"]
    return AdamSettings(beta1, beta2, group["eps"])


@torch.no_grad()
def read_learner(optimizer: Optimizer) -> tuple[Learner, int]:
    """Returns copies of the optimiser's parameters and moments, and the steps it has made.

    Raises:
        ConfigError: parameters are not to be learnt.
    """
    parameters = optimizer.param_groups[0]["params"]
    if frozen := sum(not p.requires_grad for p in parameters):
        raise ConfigError(
            f"{frozen} of the policy's {len(parameters)} parameters do not require gradients, but "
            "PreferencePPO learns all of them: Stable-Baselines3's PPO, which opens its zips, "
            "leaves such as they are."
        )
    vector = parameters_to_vector(parameters)
    state = [optimizer.state[p] for p in parameters if p in optimizer.state]
    if not state:
        return new_learner(vector), 0
    first = parameters_to_vector([s["exp_avg"] for s in state])
    second = parameters_to_vector([s["exp_avg_sq"] for s in state])
    return Learner(vector, first, second), int(state[0]["step"])


@torch.no_grad()
def write_learner(learner: Learner, steps: int, optimizer: Optimizer) -> None:
    """Puts a learner that has made `steps` steps into the optimiser and its parameters."""
    parameters = optimizer.param_groups[0]["params"]

    def pieces(vector: Tensor) -> Iterator[Tensor]:
        parts = vector.split([p.numel() for p in parameters])
        return (part.view_as(p) for part, p in zip(parts, parameters, strict=True))

    for p, value, first, second in zip(parameters, *map(pieces, learner), strict=True):
        p.copy_(value)
        optimizer.state[p] = {
            "step": torch.tensor(float(steps)),
            "exp_avg": first.clone(),
            "exp_avg_sq": second.clone(),
        }
