"""The suite's tasks by id, and the functions that make, describe and draw any task."""

from functools import cache

from envs.errors import TaskError
from envs.mujoco.batched import BatchedMujocoEnv
from envs.mujoco.half_cheetah import HALF_CHEETAH
from envs.mujoco.simulation import Simulation
from envs.mujoco.task import MujocoTask
from envs.vector import TaskInfo, TaskVectorEnv

TASKS: dict[str, MujocoTask] = {
    "pbrl/HalfCheetah-v0": HALF_CHEETAH,
}


def make_task(
    env_id: str,
    num_envs: int,
    *,
    threads: int = 1,
    record_frames: bool = False,
    allow_termination: bool = False,
) -> TaskVectorEnv:
    """Makes N environments of a task, ready for `reset`."""
    simulation = Simulation(TASKS[env_id], num_envs, threads)
    return BatchedMujocoEnv(simulation, describe(env_id), TASKS[env_id].episode_steps)


@cache
def describe(env_id: str) -> TaskInfo:
    """Returns what can be said of a task without stepping it."""
    if env_id not in TASKS:
        raise TaskError(f"There is no task {env_id!r}.")
    task = TASKS[env_id]
    observation_space, action_space = Simulation(task, 1).spaces()
    return TaskInfo(
        env_id=env_id,
        episode_steps=task.episode_steps,
        clip_fps=task.clip_fps,
        look_for=task.look_for,
        observation_space=observation_space,
        action_space=action_space,
        draws_from_states=True,
    )
