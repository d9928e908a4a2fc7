"""How many labels are due after a number of steps.

Christiano et al. 2017, appendix A.1: a quarter of the labels about a randomly initialised policy
before training; after T steps of training the label rate is proportional to c / (T + c), with
c = 2e6. The rate's integral, c log(1 + T / c), scaled so that the budget is used up exactly at the
end of the run, gives the number due.
"""

import math

from pbrl.config import QueryConfig


def initial_labels(config: QueryConfig) -> int:
    """Returns the number of labels asked before training."""
    return round(config.label_budget * config.initial_fraction)


def labels_due(config: QueryConfig, training_steps: int, total_training_steps: int) -> int:
    """Returns how many labels of the budget are due after `training_steps` of training.

    Args:
        config: Budget, first share and the constant c of the schedule, in steps.
        training_steps: Environment steps since the agent began to learn.
        total_training_steps: Those of the whole run.
    """
    first = initial_labels(config)
    if training_steps >= total_training_steps:
        return config.label_budget
    c = config.schedule_steps
    share = math.log1p(training_steps / c) / math.log1p(total_training_steps / c)
    return first + math.floor(share * (config.label_budget - first))


def is_round(config: QueryConfig, steps: int, total_steps: int, rollout_size: int) -> bool:
    """Returns whether the rollout that ends here is followed by questions to who answers at once.

    Args:
        config: When the first are asked, and how many steps there are between two rounds.
        steps: Environment steps of the run so far.
        total_steps: Those of all its rollouts.
        rollout_size: Environment steps of a rollout.
    """
    training_steps = steps - config.initial_steps
    begins = training_steps % config.every_steps < rollout_size
    return training_steps >= 0 and (begins or steps >= total_steps)


def steps_until_due(config: QueryConfig, labels: int, total_training_steps: int) -> int:
    """Returns after how many steps of training `labels` of the budget are due.

    Args:
        config: As for `labels_due`.
        labels: At most the budget.
        total_training_steps: Environment steps of training of the whole run.
    """
    first = initial_labels(config)
    if labels <= first:
        return 0
    c, share = config.schedule_steps, (labels - first) / (config.label_budget - first)
    return math.ceil(c * math.expm1(share * math.log1p(total_training_steps / c)))
