"""The suite: tasks whose episodes tell nothing by ending, for learning from preferences.

`import envs` registers them with Gymnasium under `pbrl/`.
"""

from envs.errors import TaskError
from envs.tasks import TASKS, describe, make_task
from envs.vector import TaskInfo, TaskVectorEnv

__all__ = ["TASKS", "TaskError", "TaskInfo", "TaskVectorEnv", "describe", "make_task"]
