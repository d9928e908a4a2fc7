"""Steps a game with random actions, drawn before, and says how many agent steps a second.

A step is four frames. Contenders: the suite's environments, the ALE's own with its 84x84 grey
stacks of four, and Stable-Baselines3's Atari wrappers in a loop.
"""

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


def pbrl_games(rom: str, num_envs: int, threads: int) -> tuple[Step, int]:
    """Returns the suite's games as a function that steps, and the number of actions."""
    import envs

    env_id = next(name for name, game in envs.GAMES.items() if game.rom == rom)
    games = envs.make_task(env_id, num_envs, threads=threads)
    games.reset(seed=0)
    return games.step, int(games.single_action_space.n)  # pyright: ignore


def pbrl_games_in_colour(rom: str, num_envs: int, threads: int) -> tuple[Step, int]:
    """Returns them with pictures in colour beside, as for people."""
    import envs

    env_id = next(name for name, game in envs.GAMES.items() if game.rom == rom)
    games = envs.make_task(env_id, num_envs, threads=threads, record_frames=True)
    games.reset(seed=0)
    return games.step, int(games.single_action_space.n)  # pyright: ignore


def ale_games(rom: str, num_envs: int, threads: int) -> tuple[Step, int]:
    """Returns the ALE's vector environment in its own 84x84 mode."""
    from ale_py.vector_env import AtariVectorEnv

    games = AtariVectorEnv(
        rom, num_envs, num_threads=threads, use_fire_reset=False, reward_clipping=False
    )
    games.reset(seed=0)
    return games.step, int(games.single_action_space.n)  # pyright: ignore


def sb3_vec_env(rom: str, num_envs: int, seed: int) -> Any:
    """Returns SB3's wrappers around Gymnasium's environments, in a loop."""
    import ale_py  # noqa: F401  (registers the games)
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    name = "".join(part.capitalize() for part in rom.split("_"))
    return VecFrameStack(make_atari_env(f"ALE/{name}-v5", num_envs, seed, env_kwargs=ONE_FRAME), 4)


def sb3_games(rom: str, num_envs: int, threads: int) -> tuple[Step, int]:
    """Returns them as a function that steps, and the number of actions."""
    env = sb3_vec_env(rom, num_envs, 0)
    env.reset()
    return env.step, int(env.action_space.n)  # pyright: ignore


ONE_FRAME = {"frameskip": 1, "repeat_action_probability": 0.0}
"""What leaves skipping to SB3's wrappers."""
CONTENDERS: dict[str, Callable[[str, int, int], tuple[Step, int]]] = {
    "pbrl": pbrl_games,
    "pbrl in colour": pbrl_games_in_colour,
    "ale": ale_games,
    "sb3": sb3_games,
}
PACKAGES = {"sb3": "stable-baselines3"}


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a contender.

    Args:
        settings: `contender`, `rom`, `num_envs`, `threads`, and `seconds` to step for.
    """
    contender, num_envs = settings["contender"], settings["num_envs"]
    step, count = CONTENDERS[contender](settings["rom"], num_envs, settings["threads"])
    drawn = np.random.default_rng(0).integers(count, size=(DRAWN, num_envs))
    actions = itertools.cycle(drawn)
    for _ in range(DRAWN):
        step(next(actions))
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < settings["seconds"]:
        for _ in range(DRAWN):
            step(next(actions))
        steps += DRAWN * num_envs
    rate = steps / (time.perf_counter() - begun)
    package = PACKAGES.get(contender, "ale-py")
    return {"value": rate, "steps": steps, "versions": {package: metadata.version(package)}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)  # nothing is owed to threads that are slow to end
