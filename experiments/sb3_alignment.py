"""Does PreferencePPO learn as Stable-Baselines3's PPO does? Curves of both on one task.

    python -m experiments.sb3_alignment --out curves.csv

Both learn with SB3's own hyperparameters from the task's own reward, each seed of each learner in
turn, and the mean return of the last 20 episodes is written down after every rollout. At the end
the last values of both are printed with their spread.
"""

import csv
import time
from dataclasses import dataclass
from pathlib import Path

import gymnasium
import numpy as np
import torch
import tyro
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from pbrl.agents import GymnasiumVecEnv, PreferencePPO

LEARNERS: dict[str, type[PPO]] = {"sb3": PPO, "pbrl": PreferencePPO}
COLUMNS = ("learner", "seed", "steps", "episode_return", "seconds")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is compared."""

    out: Path = Path("sb3_alignment.csv")
    """CSV file to write."""
    env: str = "HalfCheetah-v5"
    """Gymnasium id."""
    seeds: int = 3
    """Seeds of each learner, from 0."""
    steps: int = 300_000
    """Environment steps of each."""
    num_envs: int = 1
    """Parallel environments (SB3's default is one)."""
    n_steps: int = 2048
    """Steps of each environment between updates."""
    threads: int = 1
    """Threads of torch."""


class Curve(BaseCallback):
    """Notes the mean return of the last episodes after each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.perf_counter()
        self.points: list[tuple[int, float, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        returns = [episode["r"] for episode in self.model.ep_info_buffer or ()]
        mean = float(np.mean(returns)) if returns else float("nan")
        seconds = time.perf_counter() - self.started
        self.points.append((self.num_timesteps, mean, seconds))


def learn(learner: str, seed: int, settings: Settings) -> list[tuple[int, float, float]]:
    """Returns (steps, return, seconds) after each rollout of one training."""
    envs = gymnasium.make_vec(
        settings.env,
        settings.num_envs,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
    )
    curve = Curve()
    model = LEARNERS[learner](
        "MlpPolicy",
        GymnasiumVecEnv(envs),
        n_steps=settings.n_steps,
        seed=seed,
        stats_window_size=20,
        device="cpu",
    )
    model.learn(settings.steps, callback=curve)
    envs.close()
    return curve.points


def main(settings: Settings) -> None:
    """Trains all, writes the curves as they come, and prints where they end."""
    torch.set_num_threads(settings.threads)
    ends: dict[str, list[float]] = {learner: [] for learner in LEARNERS}
    with settings.out.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for seed in range(settings.seeds):
            for learner in LEARNERS:
                points = learn(learner, seed, settings)
                rows.writerows((learner, seed, *point) for point in points)
                file.flush()
                steps, end, seconds = points[-1]
                ends[learner].append(end)
                print(f"{learner} seed {seed}: {end:.0f} after {steps} steps, {seconds:.0f} s")
    for learner, values in ends.items():
        spread = np.std(values, ddof=1) if len(values) > 1 else float("nan")
        print(f"{learner}: {np.mean(values):.0f} +- {spread:.0f} over {len(values)} seeds")


if __name__ == "__main__":
    main(tyro.cli(Settings))
