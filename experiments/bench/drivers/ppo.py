"""Trains PPO on HalfCheetah's true reward and says how many steps a second, and how well.

One program for three learners that share an interface: this suite's, Stable-Baselines3's and
SBX's. The first two rollouts and updates, in which graphs are compiled, count as warm-up.
"""
# pyright: reportMissingImports=false
# (SBX is not among our dependencies.)

import json
import os
import sys
import time
from importlib import metadata
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

WARM_UP = 2
"""Rollouts, each with its update."""
TASK = {"ctrl_cost_weight": 0.0}
"""Makes the reward of Gymnasium's HalfCheetah the suite's: the forward velocity alone."""


class Starts(BaseCallback):
    """Notes steps and time at the start of each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.marks.append((self.num_timesteps, time.perf_counter()))


def gymnasium_envs(settings: dict[str, Any]) -> Any:
    """Returns Gymnasium's HalfCheetah as SB3 vectorises it: in a loop, or a process for each."""
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

    kind = {"loop": DummyVecEnv, "processes": SubprocVecEnv}[settings["vectorization"]]
    seed, num_envs = settings["seed"], settings["num_envs"]
    return make_vec_env("HalfCheetah-v5", num_envs, seed, vec_env_cls=kind, env_kwargs=TASK)


def learner(settings: dict[str, Any]) -> tuple[Any, str]:
    """Returns an untrained agent, and the name of the package it comes from."""
    common = {"policy": "MlpPolicy", "seed": settings["seed"], **settings["hyperparameters"]}
    hidden = {"net_arch": settings["hidden_sizes"]}
    if settings["learner"] == "sbx":
        import sbx

        envs = gymnasium_envs(settings)
        return sbx.PPO(env=envs, policy_kwargs=hidden, **common), "sbx-rl"
    import torch

    torch.set_num_threads(settings["threads"])
    common["policy_kwargs"] = hidden | {"activation_fn": torch.nn.Tanh}
    if settings["learner"] == "sb3":
        from stable_baselines3 import PPO

        agent = PPO(env=gymnasium_envs(settings), device="cpu", **common)
        return agent, "stable-baselines3"
    from envs import make_task
    from pbrl.agents import GymnasiumVecEnv, PreferencePPO

    envs = make_task("pbrl/HalfCheetah-v0", settings["num_envs"], threads=settings["threads"])
    return PreferencePPO(env=GymnasiumVecEnv(envs), device="cpu", **common), "pbrl"


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a learner.

    Args:
        settings: `learner` ("pbrl", "sb3" or "sbx"), `steps`, `seed`, `num_envs`, `threads`,
            `hidden_sizes`, `hyperparameters` by SB3's names, and for SB3 and SBX `vectorization`.
    """
    agent, package = learner(settings)
    starts = Starts()
    begun = time.perf_counter()
    agent.learn(settings["steps"], callback=starts)
    ended = time.perf_counter()
    steps, warm = starts.marks[WARM_UP]
    returns = [episode["r"] for episode in agent.ep_info_buffer]
    rate = (agent.num_timesteps - steps) / (ended - warm)
    return {
        "value": rate,
        "steps": agent.num_timesteps,
        "warm_up_seconds": max(0.0, warm - begun - steps / rate),
        "true_return": float(np.mean(returns)) if returns else None,
        "versions": {package: metadata.version(package)},
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)  # nothing is owed to worker processes that are slow to end
