"""Steps environments with random actions, drawn before, and says how many steps a second.

Whole episodes are timed, after a part of one. All contenders have the suite's task: bodies and
observations of Gymnasium's v5, no early end, 1000 steps; Ant without its contact forces.
"""
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# (EnvPool is not among our dependencies, and MuJoCo's compiled modules come without type stubs.)

import functools
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

Step = Callable[[np.ndarray], Any]
DRAWN = 64
"""Sets of actions that are drawn, and used in turn."""
NO_END = {"terminate_when_unhealthy": False}
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "gymnasium": {
        "HalfCheetah": {},
        "Hopper": NO_END,
        "Walker2d": NO_END,
        "Ant": {**NO_END, "include_cfrc_ext_in_observation": False},
    },
    "envpool": {
        "HalfCheetah": {},
        "Hopper": NO_END,
        "Walker2d": NO_END,
        "Ant": {**NO_END, "use_contact_force": False},
    },
}
"""What makes a library's v5 task the suite's."""


def pbrl_env(task: str, num_envs: int, threads: int) -> tuple[Step, tuple[int, ...]]:
    """Returns the suite's vector environment as a function that steps, and its actions' shape."""
    import envs

    env = envs.make_task(f"pbrl/{task}-v0", num_envs, threads=threads)
    env.reset(seed=0)
    return env.step, env.action_space.shape or ()


def raw_batch(task: str, num_envs: int, threads: int) -> tuple[Step, tuple[int, ...]]:
    """Returns MuJoCo's own batch: physics alone, no observations, rewards or ends."""
    from mujoco.batch import Batch

    import envs
    from envs.mujoco.simulation import compile_model, load_spec

    description = envs.TASKS[f"pbrl/{task}-v0"]
    batch = Batch(compile_model(load_spec(description)), num_envs, threads)
    batch.reset()
    control = batch.bind("ctrl")
    count = itertools.count(1)

    def step(actions: np.ndarray) -> None:
        control[:] = actions
        batch.step(nstep=description.frame_skip)
        if next(count) % description.episode_steps == 0:
            batch.reset()

    return step, control.shape


def gymnasium_env(
    task: str, num_envs: int, threads: int, mode: str
) -> tuple[Step, tuple[int, ...]]:
    """Returns Gymnasium's SyncVectorEnv, or its AsyncVectorEnv on `threads` processors."""
    import gymnasium

    if mode == "async":  # a process for each environment: they share what the others get
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    env = gymnasium.make_vec(
        f"{task}-v5", num_envs, vectorization_mode=mode, **OPTIONS["gymnasium"][task]
    )
    env.reset(seed=0)
    return env.step, env.action_space.shape or ()


def envpool_env(task: str, num_envs: int, threads: int) -> tuple[Step, tuple[int, ...]]:
    """Returns EnvPool's environments."""
    import envpool

    env = envpool.make_gymnasium(
        f"{task}-v5", num_envs=num_envs, num_threads=threads, seed=0, **OPTIONS["envpool"][task]
    )
    env.reset()
    return env.step, (num_envs, *env.action_space.shape)


CONTENDERS: dict[str, Callable[[str, int, int], tuple[Step, tuple[int, ...]]]] = {
    "pbrl": pbrl_env,
    "mujoco.batch": raw_batch,
    "sync": functools.partial(gymnasium_env, mode="sync"),
    "async": functools.partial(gymnasium_env, mode="async"),
    "envpool": envpool_env,
}
PACKAGES = {"pbrl": "pbrl", "mujoco.batch": "mujoco", "envpool": "envpool"}


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a contender.

    Args:
        settings: `contender`, `task`, `num_envs`, `threads`, `seconds` (at least) to step for, and
            `episode_steps`, of which whole numbers are timed.
    """
    contender, num_envs = settings["contender"], settings["num_envs"]
    step, shape = CONTENDERS[contender](settings["task"], num_envs, settings["threads"])
    drawn = np.random.default_rng(0).uniform(-1, 1, (DRAWN, *shape))
    actions = itertools.cycle(drawn)
    for _ in range(settings["episode_steps"] // 4):
        step(next(actions))
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < settings["seconds"]:
        for _ in range(settings["episode_steps"]):
            step(next(actions))
        steps += settings["episode_steps"] * num_envs
    rate = steps / (time.perf_counter() - begun)
    package = PACKAGES.get(contender, "gymnasium")
    return {"value": rate, "steps": steps, "versions": {package: metadata.version(package)}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)  # nothing is owed to worker processes and threads that are slow to end
