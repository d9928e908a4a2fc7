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

from experiments.bench.drivers.game_stepping import sb3_vec_env
from experiments.bench.drivers.ppo import Starts


def learner(settings: dict[str, Any]) -> tuple[Any, str]:
    """Returns an untrained agent, and the name of the package it comes from."""
    common = {"seed": settings["seed"], "device": "cpu", **settings["hyperparameters"]}
    num_envs = settings["num_envs"]
    if settings["learner"] == "sb3":
        from stable_baselines3 import PPO

        env = sb3_vec_env(settings["rom"], num_envs, settings["seed"])
        return PPO("CnnPolicy", env, **common), "stable-baselines3"
    import envs
    from pbrl.agents import GymnasiumVecEnv, PreferencePPO
    from pbrl.agents.fastest_format import fastest_format

    env_id = next(name for name, game in envs.GAMES.items() if game.rom == settings["rom"])
    threads = settings["threads"]
    games = envs.make_task(env_id, num_envs, threads=threads, double_buffered=True)
    vec_env = GymnasiumVecEnv(games)
    seen: Any = vec_env.observation_space
    batch_size = settings["hyperparameters"]["batch_size"]
    common["picture_format"] = fastest_format(seen, vec_env.action_space, batch_size, "cpu")
    return PreferencePPO("CnnPolicy", vec_env, **common), "pbrl"


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
