"""The parts about Atari games: stepping, and PPO on Pong from its score and from preferences."""

from typing import Any

import torch

from experiments.bench.extent import Extent
from experiments.bench.measure import Contender, Figure, Scene, ratio, value
from pbrl.processors import usable_processors

ROMS = ("pong", "breakout", "seaquest")
ZOO = {
    "n_steps": 128,
    "batch_size": 256,
    "n_epochs": 4,
    "learning_rate": 2.5e-4,
    "clip_range": 0.1,
    "ent_coef": 0.01,
    "vf_coef": 0.5,
}
"""Of every PPO, by Stable-Baselines3's names: RL Baselines3 Zoo's for Atari, without decay."""
GAME_STEPS, TINY_STEPS = 49_152, 2048
"""Agent steps of a training, the first three rounds of questions; a rate needs no more, and returns
are not compared here."""

GPU_STEPS = 2_000_000
"""Fewest on a GPU, which the first fit would take a good part of otherwise."""

LEARNT = {
    **{"preset": "Pong", "seed": 1, "threads": 2, "learner_threads": 2},
    "agent": {"lr_decay": False},
    "reward": {"initial_updates": 25},
    "query": {"label_budget": 147, "initial_fraction": 100 / 147, "initial_steps": 2048},
}
"""Labels and gradient steps come as often as in 5M steps with 5,500 labels: a fit every 16,384
steps. The first, of many gradient steps, is made once in a run; here it is like the others."""


def games(extent: Extent) -> list[Scene]:
    """Vector environments of games with random actions, beside the ALE's own and SB3's."""
    if extent.tiny:
        return [_stepping("pong", 4, 1, extent)]
    return [_stepping(rom, 16, threads, extent) for rom in ROMS for threads in (1, 2)]


def _stepping(rom: str, num_envs: int, threads: int, extent: Extent) -> Scene:
    settings = {
        **{"rom": rom, "num_envs": num_envs, "threads": threads},
        "seconds": 0.2 if extent.tiny else 4.0,
    }

    def contender(name: str, key: str) -> Contender:
        return Contender(name, "game_stepping", {**settings, "contender": key})

    contenders = [contender("pbrl", "pbrl"), contender("ALE 84x84", "ale")]
    contenders.append(contender("pbrl, in colour too", "pbrl in colour"))
    figures = [
        Figure("pbrl / ALE 84x84", ratio("pbrl", "ALE 84x84"), 0.85),
        Figure("pbrl, in colour too / ALE 84x84", ratio("pbrl, in colour too", "ALE 84x84")),
    ]
    if threads == 1:  # SB3's loop has no threads
        contenders.append(contender("SB3 make_atari_env", "sb3"))
        figures.append(Figure("pbrl / SB3 make_atari_env", ratio("pbrl", "SB3 make_atari_env")))
    name = f"{rom}, {num_envs} games, {threads} thread{'s' if threads > 1 else ''}"
    return Scene("games", name, "steps/s", tuple(contenders), tuple(figures))


def games_ppo(extent: Extent) -> list[Scene]:
    """PPO on Pong: ours on the score and on preferences, and SB3's on the score."""
    steps = TINY_STEPS if extent.tiny else GAME_STEPS
    common: dict[str, Any] = {
        **{"rom": "pong", "seed": 1, "num_envs": 8, "steps": steps, "hyperparameters": ZOO},
        "threads": 1 if extent.tiny else 2,
    }
    contenders = [
        Contender("pbrl", "game_ppo", {**common, "learner": "pbrl"}),
        Contender("SB3", "game_ppo", {**common, "learner": "sb3"}),
    ]
    figures = [Figure("pbrl / SB3", ratio("pbrl", "SB3"), 3.0)]
    if not extent.tiny:
        contenders.append(
            Contender("pbrl, preferences", "pbrl_preferences", {**LEARNT, "steps": steps})
        )
        figures.append(Figure("pbrl, preferences / pbrl", ratio("pbrl, preferences", "pbrl"), 0.75))
    name = f"Pong, {steps:,} steps"
    return [Scene("games-ppo", name, "steps/s", tuple(contenders), tuple(figures))]


def games_gpu(extent: Extent) -> list[Scene]:
    """Pong on a GPU and all processors, from its score and from preferences; none without a GPU."""
    if extent.tiny or not torch.cuda.is_available():
        return []
    settings = {
        **{"preset": "Pong", "seed": 1, "device": "cuda", "steps": max(extent.steps, GPU_STEPS)},
        **{"threads": usable_processors(), "learner_threads": 1},
        "env": {"num_envs": 64},
        "agent": {"batch_size": 2048},
    }
    contenders = (
        Contender("pbrl", "pbrl_preferences", {**settings, "reward_source": "true"}),
        Contender("pbrl, preferences", "pbrl_preferences", settings),
    )
    figures = tuple(
        Figure(f"{one.name}, steps/s", value(one.name), goal)
        for one, goal in zip(contenders, (None, 17_000.0), strict=True)
    )
    name = f"Pong, 64 games, {settings['steps']:,} steps"
    return [Scene("games-gpu", name, "steps/s", contenders, figures)]
