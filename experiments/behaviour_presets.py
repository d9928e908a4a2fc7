"""Presets for new behaviours: Christiano et al. 2017, section 3.2, figure 4.

The number of comparisons is the paper's. The task's own reward means nothing there, so it is not
kept, and nobody can see it.
"""

from dataclasses import replace

from pbrl.behaviours import BEHAVIOURS
from pbrl.config import TeacherName, TrainConfig


def taught(config: TrainConfig, teacher: TeacherName, label_budget: int) -> TrainConfig:
    """Returns the settings of a task changed to a behaviour that a scripted teacher knows."""
    return replace(
        config,
        env=replace(config.env, true_reward=False),
        query=replace(config.query, label_budget=label_budget),
        teacher=teacher,
        look_for=BEHAVIOURS[teacher].look_for,
    )
