"""What a run of the preset HalfCheetah cannot be faster than here, on one thread, part by part.

Acting cannot be faster than the physics alone. Learning and fitting cannot be faster than their
matrix products at the rate of one large product, or than their optimiser's memory traffic at the
rate of a copy within the cache, whichever takes longer. The three rates are measured here; the
work is counted from the settings.
"""

import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from experiments.bench.drivers.pbrl_preferences import configured
from experiments.bench.drivers.stepping import raw_batch
from pbrl.cli.assembly import action_size, describe_task, observation_shape
from pbrl.cli.checks import clip_steps
from pbrl.config import TrainConfig
from pbrl.query.schedule import initial_labels, labels_due

SIDE, FLOATS, COPIES = 1024, 2**16, 1000
BACKWARD = 3
"""A pass forward and one backward cost three forward."""
ADAM_BYTES = 4 * 7
"""Of each parameter: weight, gradient and two moments are read, three of them written."""


def seconds_of(work: Callable[[], Any], repeats: int) -> float:
    """Returns the median time of some work, after one that does not count."""
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def matrix_rate(repeats: int) -> float:
    """Returns the floating-point operations a second of one large product of matrices."""
    a, b = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    return 2 * SIDE**3 / seconds_of(lambda: a @ b, repeats)


def copy_rate(repeats: int) -> float:
    """Returns the bytes a second, read and written, of copying what the processor's cache holds."""
    a, b = torch.zeros(FLOATS), torch.ones(FLOATS)

    def work() -> None:
        for _ in range(COPIES):
            a.copy_(b)

    return 2 * 4 * FLOATS * COPIES / seconds_of(work, repeats)


def raw_rate(num_envs: int, batches: int) -> float:
    """Returns the environment steps a second of HalfCheetah's physics alone."""
    step, shape = raw_batch("HalfCheetah", num_envs, 1)
    actions = np.random.default_rng(0).uniform(-1, 1, (batches, *shape))

    def work() -> None:
        for action in actions:
            step(action)

    return num_envs * batches / seconds_of(work, 5)


def products(sizes: list[int]) -> int:
    """Returns the floating-point operations of a network's matrix products for one input."""
    return 2 * sum(a * b for a, b in pairwise(sizes))


def parameters(sizes: list[int]) -> int:
    """Returns the number of a network's weights and biases."""
    return sum((a + 1) * b for a, b in pairwise(sizes))


def work_of(config: TrainConfig) -> dict[str, dict[str, float]]:
    """Returns what a run has to do: part of the run to `flops` and `bytes`."""
    task = describe_task(config.env.env_id)
    (observation,), action = observation_shape(task), action_size(task)
    agent, reward, query = config.agent, config.reward, config.query
    actor, critic = ([observation, *agent.hidden_sizes, out] for out in (action, 1))
    forward = products(actor) + products(critic)
    rollout = config.env.num_envs * agent.rollout_steps
    steps = config.total_steps // rollout * rollout
    learnt = steps - query.initial_steps
    minibatches = learnt // rollout * agent.epochs * math.ceil(rollout / agent.batch_size)

    member = [observation + action, *reward.hidden_sizes, 1]
    clip = 2 * clip_steps(config, task)  # steps of a pair of clips
    row = reward.ensemble_size * products(member)
    rounds = range(query.every_steps, learnt + 1, query.every_steps)
    labels = [initial_labels(query), *(labels_due(query, done, learnt) for done in rounds)]
    updates = [reward.initial_updates, *(reward.updates for _ in rounds)]
    # The whole of the labels is seen at each adjustment of L2, for the output and the report.
    seen = sum(n * (u // reward.l2_every + 2) for n, u in zip(labels, updates, strict=True))
    drawn = sum(updates) * reward.batch_size
    fitted = reward.ensemble_size * parameters(member)
    return {
        "acting": {"flops": steps * forward * 2, "bytes": 0},  # to act, and for the values
        "learning": {
            "flops": learnt * agent.epochs * forward * BACKWARD,
            "bytes": minibatches * ADAM_BYTES * (parameters(actor) + parameters(critic)),
        },
        "fitting": {
            "flops": (drawn * BACKWARD + seen) * clip * row,
            "bytes": sum(updates) * ADAM_BYTES * fitted,
        },
    }


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures the rates and counts the work.

    Args:
        settings: as `pbrl_preferences` takes them, and `tiny`, for rates that mean nothing.
    """
    torch.set_num_threads(1)
    config = configured(settings)
    repeats, batches = (1, 20) if settings["tiny"] else (20, 1000)
    flops, copied = matrix_rate(repeats), copy_rate(repeats)
    physics = raw_rate(config.env.num_envs, batches)
    limits = {
        part: max(work["flops"] / flops, work["bytes"] / copied)
        for part, work in work_of(config).items()
    }
    limits["acting"] += config.total_steps / physics
    return {
        "value": config.total_steps / sum(limits.values()),
        "steps": config.total_steps,
        "limits": limits,
        "matrix_flops": flops,
        "copy_bytes": copied,
        "raw_steps": physics,
        "versions": {"torch": str(torch.__version__)},
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
