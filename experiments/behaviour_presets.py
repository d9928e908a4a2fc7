"""Presets for new behaviours: Christiano et al. 2017, section 3.2, figure 4.

The number of comparisons is the paper's. The task's own reward means nothing there, so it is not
kept, and nobody can see it.
"""

from dataclasses import replace

from pbrl.behaviours import BEHAVIOURS
from pbrl.config import BehaviourName, TrainConfig


def taught(
    config: TrainConfig, teacher: BehaviourName, label_budget: int, first_labels: int | None = None
) -> TrainConfig:
    """Returns the settings of a task changed to a behaviour that a scripted teacher knows.

    Args:
        config: The task's settings.
        teacher: Who knows the behaviour.
        label_budget: Comparisons in the whole run.
        first_labels: Those before training; None for the task's own share of the budget.
    """
    share = first_labels / label_budget if first_labels else config.query.initial_fraction
    return replace(
        config,
        env=replace(config.env, true_reward=False),
        query=replace(config.query, label_budget=label_budget, initial_fraction=share),
        teacher=teacher,
        look_for=BEHAVIOURS[teacher].look_for,
    )
