"""Trains PPO on a game's score and says how many agent steps a second.

One program for this suite's learner and Stable-Baselines3's, each in its own environments. The
first rollout and update, in which graphs are compiled, count as warm-up.
"""

import json
import os
import sys
import time
from importlib import metadata
from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback

from experiments.bench.drivers.game_stepping import ONE_FRAME


class Starts(BaseCallback):
    """Notes steps and time at the start of each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.marks.append((self.num_timesteps, time.perf_counter()))


def learner(settings: dict[str, Any]) -> tuple[Any, str]:
    """Returns an untrained agent, and the name of the package it comes from."""
    common = {"seed": settings["seed"], "device": "cpu", **settings["hyperparameters"]}
    num_envs = settings["num_envs"]
    if settings["learner"] == "sb3":
        import ale_py  # noqa: F401  (registers the games)
        from stable_baselines3 import PPO
        from stable_baselines3.common.env_util import make_atari_env
        from stable_baselines3.common.vec_env import VecFrameStack

        name = "".join(part.capitalize() for part in settings["rom"].split("_"))
        env = make_atari_env(f"ALE/{name}-v5", num_envs, settings["seed"], env_kwargs=ONE_FRAME)
        return PPO("CnnPolicy", VecFrameStack(env, 4), **common), "stable-baselines3"
    import envs
    from pbrl.agents import GymnasiumVecEnv, PreferencePPO

    env_id = next(name for name, game in envs.GAMES.items() if game.rom == settings["rom"])
    games = envs.make_task(env_id, num_envs, threads=settings["threads"])
    return PreferencePPO("CnnPolicy", GymnasiumVecEnv(games), **common), "pbrl"


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a learner.

    Args:
        settings: `learner` ("pbrl" or "sb3"), `rom`, `steps`, `seed`, `num_envs`, `threads` and
            `hyperparameters` by SB3's names.
    """
    torch.set_num_threads(settings["threads"])
    agent, package = learner(settings)
    starts = Starts()
    agent.learn(settings["steps"], callback=starts)
    ended = time.perf_counter()
    steps, warm = starts.marks[1]
    return {
        "value": (agent.num_timesteps - steps) / (ended - warm),
        "steps": agent.num_timesteps,
        "versions": {package: metadata.version(package)},
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)
