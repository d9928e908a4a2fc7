"""`pbrl eval`: plays fresh episodes with a run's agent and says how well it does."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import envs
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from pbrl.agents import PreferencePPO
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import clip_steps, describe_task, make_env, new_ensemble, run_from
from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError
from pbrl.evaluation import Episodes, Evaluation, confidence_interval, evaluate, play
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.seeding import generator, seed_of
from pbrl.trainer import Trainer
from pbrl.video import write_video

EPISODES = 20
VIDEO_SIZE = (640, 480)


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    parser = argparse.ArgumentParser(
        prog="pbrl eval", description="Play fresh episodes with a run's agent and measure."
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--episodes", type=int, default=EPISODES, help="episodes to play")
    parser.add_argument("--stochastic", action="store_true", help="sample actions, as in training")
    parser.add_argument("--video", type=Path, metavar="FILE", help="film an episode, as .mp4")
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error("--episodes must be at least 1")
    console = Console()
    run = run_from(options.run)
    config = run.config()
    torch.set_num_threads(config.threads)
    checkpoint = latest_checkpoint(run, console.print)
    if checkpoint is None:
        raise CheckpointError(f"{run.path} has no checkpoint yet: train it first.")
    ensemble = None
    if config.reward_source == "preferences":
        ensemble = new_ensemble(config, describe_task(config.env.env_id))
        ensemble.set_state(checkpoint.state()["learning"]["ensemble"])
    episodes, evaluation = _evaluate(
        config,
        PreferencePPO.load(checkpoint.agent, device="cpu"),
        ensemble,
        options.episodes,
        deterministic=not options.stochastic,
        record_frames=options.video is not None,
    )
    console.print(f"{run.path}, step {checkpoint.steps:,}, {options.episodes} fresh episodes")
    print_evaluation(console, evaluation)
    if options.video is not None:
        _film(config, episodes, options.video)
        console.print(f"Film of the first episode: {options.video}")
    return 0


def evaluate_trained(config: TrainConfig, trainer: Trainer) -> Evaluation:
    """Measures a trainer's agent and reward as they stand."""
    ensemble = trainer.learning.ensemble if trainer.learning and trainer.learning.ready else None
    return _evaluate(config, trainer.agent, ensemble, EPISODES)[1]


def _evaluate(
    config: TrainConfig,
    agent: PreferencePPO,
    ensemble: RewardEnsemble | None,
    count: int,
    *,
    deterministic: bool = True,
    record_frames: bool = False,
) -> tuple[Episodes, Evaluation]:
    task = describe_task(config.env.env_id)
    frames = record_frames and not task.draws_from_states
    env = make_env(config.env, count, threads=config.threads, record_frames=frames)
    try:
        seed = seed_of(config.seed, "evaluation")
        episodes = play(agent, env, task.episode_steps, seed, deterministic)
    finally:
        env.close()
    rng = generator(config.seed, "evaluation")
    steps = clip_steps(config, task)
    return episodes, evaluate(episodes, ensemble, config.env.true_reward, steps, rng)


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Prints a table of what was measured."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, returns in (
        ("true return", evaluation.returns),
        ("learned return", evaluation.learned_returns),
    ):
        if returns is not None:
            low, high = confidence_interval(returns)
            table.add_row(
                name,
                f"{np.mean(returns):,.1f} on average (95 % of means {low:,.1f} to {high:,.1f}), "
                f"deviation {np.std(returns):,.1f} over {len(returns)} episodes",
            )
    for name, value in (
        ("held-out comparisons predicted", evaluation.accuracy),
        ("correlation of learned with true reward, steps", evaluation.step_correlation),
        ("the same, clips", evaluation.clip_correlation),
    ):
        if value is not None:
            table.add_row(name, f"{value:.3f}")
    console.print(table)


def _film(config: TrainConfig, episodes: Episodes, path: Path) -> None:
    task = describe_task(config.env.env_id)
    alive = episodes.alive[:, 0]
    frames = episodes.frames
    if task.draws_from_states:
        frames = envs.draw(config.env.env_id, episodes.render_states[alive, 0], *VIDEO_SIZE)
    assert frames is not None
    write_video(path, frames[: alive.sum()], task.clip_fps)
