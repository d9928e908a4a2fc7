"""Which picture format a machine computes fastest: found by measuring, since factors lie between.

Where a processor has instructions for bfloat16, the network of Mnih et al. 2015 trains several
times faster with them; where it has not, several times slower. A run measures once, before it
starts, and its settings keep what was found.
"""

import math
import time

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticCnnPolicy
from torch import Tensor

from pbrl.agents.picture_format import FORMATS, PictureFormat, arrange
from pbrl.agents.policy import Apply, PolicyFunction, Weights, read_weights

GAIN = 1.1
"""How many times faster than the plain format another must be to be taken."""
ROUNDS = 3
"""Measurements of each format, in turn; the fastest counts."""
SAMPLE = 64
"""Observations of a measurement at most."""


def fastest_format(
    observation_space: spaces.Box, action_space: spaces.Space, batch_size: int, device: str
) -> PictureFormat:
    """Returns the format in which gradients of a minibatch come fastest here.

    Args:
        observation_space: Of one environment, pictures `(K, H, W)`.
        action_space: Of one environment.
        batch_size: Of a minibatch.
        device: `cpu` or `cuda`, where the agent will learn.
    """
    policy = ActorCriticCnnPolicy(observation_space, action_space, lambda _: 0.0).to(device)
    shape = (min(batch_size, SAMPLE), *observation_space.shape)
    seen = torch.zeros(shape, dtype=torch.uint8, device=device)
    weights = read_weights(policy)
    functions: dict[PictureFormat, Apply] = {one: PolicyFunction(policy, one) for one in FORMATS}
    arranged = {one: arrange(seen, one) for one in FORMATS}
    for one, apply in functions.items():
        seconds_of(apply, weights, arranged[one])  # the first time prepares
    seconds: dict[PictureFormat, float] = {one: math.inf for one in FORMATS}
    for _ in range(ROUNDS):
        for one, apply in functions.items():
            seconds[one] = min(seconds[one], seconds_of(apply, weights, arranged[one]))
    return choose(seconds)


def seconds_of(apply: Apply, weights: Weights, arranged: Tensor) -> float:
    """Returns how long a policy takes for the gradients of a minibatch."""
    vector = weights.vector.requires_grad_()
    begun = time.perf_counter()
    heads = apply(vector, weights.buffers, arranged)
    (heads.actor.sum() + heads.values.sum()).backward()
    vector.grad = None
    if arranged.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def choose(seconds: dict[PictureFormat, float]) -> PictureFormat:
    """Returns the fastest format; the plain one, unless another gains enough."""
    fastest = min(seconds, key=seconds.__getitem__)
    return fastest if seconds["contiguous"] >= GAIN * seconds[fastest] else "contiguous"
