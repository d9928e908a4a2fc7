"""Between SB3's optimiser, which is what gets saved, and the update's vectors."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector
from torch.optim import Adam, Optimizer

from pbrl.agents.ppo_update import AdamSettings, Learner
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
    return AdamSettings(*group["betas"], group["eps"])


def read_learner(optimizer: Optimizer) -> Learner:
    """Returns the optimiser's parameters and moments as vectors (copies)."""
    parameters = optimizer.param_groups[0]["params"]
    vector = parameters_to_vector(parameters).detach()
    state = [optimizer.state[p] for p in parameters if p in optimizer.state]
    if not state:
        steps = torch.zeros((), device=vector.device)
        return Learner(vector, torch.zeros_like(vector), torch.zeros_like(vector), steps)
    first = parameters_to_vector([s["exp_avg"] for s in state])
    second = parameters_to_vector([s["exp_avg_sq"] for s in state])
    return Learner(vector, first, second, state[0]["step"].to(vector.device))


@torch.no_grad()
def write_learner(learner: Learner, optimizer: Optimizer) -> None:
    """Puts a learner's vectors into the optimiser and the parameters it optimises."""
    parameters = optimizer.param_groups[0]["params"]

    def pieces(vector: Tensor) -> Iterator[Tensor]:
        parts = vector.split([p.numel() for p in parameters])
        return (part.view_as(p) for part, p in zip(parts, parameters, strict=True))

    for p, value, first, second in zip(parameters, *map(pieces, learner[:3]), strict=True):
        p.copy_(value)
        optimizer.state[p] = {
            "step": learner.steps.detach().cpu().clone(),
            "exp_avg": first.clone(),
            "exp_avg_sq": second.clone(),
        }
