"""The range of each number among the settings, wherever the number comes from."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from pbrl.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a number may have."""

    low: float
    """The smallest one."""
    high: float = math.inf
    """The largest one."""
    above: bool = False
    """Whether `low` itself is too small."""
    below: bool = False
    """Whether `high` itself is too large."""

    def holds(self, value: Any) -> bool:
        """Returns whether this is a finite number in the range."""
        if not isinstance(value, int | float) or not math.isfinite(value):
            return False
        if (self.above and value == self.low) or (self.below and value == self.high):
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        high = f"below {self.high:g}" if self.below else f"at most {self.high:g}"
        return low if self.high == math.inf else f"{low} and {high}"


COUNT, POSITIVE, NOT_NEGATIVE = Range(1), Range(0, above=True), Range(0)
RANGES: dict[str, Range] = {
    "env.num_envs": COUNT,
    "env.episode_steps": NOT_NEGATIVE,
    "agent.rollout_steps": COUNT,
    "agent.batch_size": Range(2),
    "agent.epochs": COUNT,
    "agent.lr": POSITIVE,
    "agent.gamma": Range(0, 1, above=True),
    "agent.gae_lambda": Range(0, 1),
    "agent.entropy_bonus": NOT_NEGATIVE,
    "agent.clip_range": POSITIVE,
    "agent.target_kl": NOT_NEGATIVE,
    "agent.value_coef": NOT_NEGATIVE,
    "agent.max_grad_norm": POSITIVE,
    "agent.initial_std": POSITIVE,
    "agent.hidden_sizes": COUNT,
    "reward.ensemble_size": COUNT,
    "reward.hidden_sizes": COUNT,
    "reward.leaky_slope": NOT_NEGATIVE,
    "reward.error_rate": Range(0, 1, below=True),
    "reward.l2_initial": NOT_NEGATIVE,
    "reward.l2_ratio_low": POSITIVE,
    "reward.l2_ratio_high": POSITIVE,
    "reward.l2_factor": Range(1, above=True),
    "reward.l2_every": COUNT,
    "reward.lr": POSITIVE,
    "reward.batch_size": COUNT,
    "reward.initial_updates": COUNT,
    "reward.updates": COUNT,
    "reward.reward_std": POSITIVE,
    "reward.dropout": Range(0, 1, below=True),
    "reward.fit_stride": Range(1, 4),  # beyond a stack of pictures, some would never be seen
    "reward.label_window": NOT_NEGATIVE,
    "reward.checked_labels": NOT_NEGATIVE,
    "query.label_budget": COUNT,
    "query.initial_fraction": Range(0, 1, above=True),
    "query.initial_steps": COUNT,
    "query.schedule_steps": POSITIVE,
    "query.every_steps": COUNT,
    "query.segment_seconds": POSITIVE,
    "query.candidates_per_query": COUNT,
    "query.buffer_steps": COUNT,
    "query.ahead": NOT_NEGATIVE,
    "query.max_lag": NOT_NEGATIVE,
    "query.fit_answers": COUNT,
    "query.max_age_steps": COUNT,
    "query.overlap": Range(0, 1),
    "query.clip_megabytes": POSITIVE,
    "total_steps": COUNT,
    "seed": NOT_NEGATIVE,
    "threads": NOT_NEGATIVE,
    "learner_threads": NOT_NEGATIVE,
    "checkpoint_steps": COUNT,
}
"""Of every number among the settings; where it is a tuple, of each entry."""


def out_of_range(config: TrainConfig) -> Iterator[tuple[str, Any, Range]]:
    """Yields the numbers that are out of their range: dotted name, value, and what it may be."""
    for name, allowed in RANGES.items():
        value = attrgetter(name)(config)
        for entry in value if isinstance(value, tuple) else (value,):
            if not allowed.holds(entry):
                yield name, entry, allowed
