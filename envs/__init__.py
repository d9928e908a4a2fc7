"""The suite: tasks whose episodes tell nothing by ending, for learning from preferences.

`import envs` registers them with Gymnasium under `pbrl/`.
"""

from envs.atari.game import Blank
from envs.errors import TaskError
from envs.registration import register_tasks
from envs.tasks import GAMES, TASKS, describe, draw, make_task
from envs.vector import TaskInfo, TaskVectorEnv

__all__ = [
    "GAMES",
    "TASKS",
    "Blank",
    "TaskError",
    "TaskInfo",
    "TaskVectorEnv",
    "describe",
    "draw",
    "make_task",
]

register_tasks()
