"""The suite's tasks by id, and the functions that make, describe and draw any task."""

from functools import cache

from envs.errors import TaskError
from envs.mujoco.ant import ANT
from envs.mujoco.batched import BatchedMujocoEnv

from envs.mujoco.half_cheetah import HALF_CHEETAH
from envs.mujoco.hopper import HOPPER
from envs.mujoco.humanoid import HUMANOID
from envs.mujoco.inverted_double_pendulum import INVERTED_DOUBLE_PENDULUM
from envs.mujoco.inverted_pendulum import INVERTED_PENDULUM
from envs.mujoco.reacher import REACHER
from envs.mujoco.simulation import Simulation
from envs.mujoco.swimmer import SWIMMER
from envs.mujoco.task import MujocoTask
from envs.mujoco.walker2d import WALKER2D
from envs.vector import TaskInfo, TaskVectorEnv

TASKS: dict[str, MujocoTask] = {
    "pbrl/Hopper-v0": HOPPER,
    "pbrl/Walker2d-v0": WALKER2D,
    "pbrl/Swimmer-v0": SWIMMER,
    "pbrl/HalfCheetah-v0": HALF_CHEETAH,
    "pbrl/Ant-v0": ANT,
    "pbrl/Reacher-v0": REACHER,
    "pbrl/InvertedPendulum-v0": INVERTED_PENDULUM,
    "pbrl/InvertedDoublePendulum-v0": INVERTED_DOUBLE_PENDULUM,
    "pbrl/Humanoid-v0": HUMANOID,
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
