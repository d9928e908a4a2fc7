"""`pbrl eval`: plays fresh episodes with a run's agent and says how well it does."""

import argparse
import contextlib
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from experiments.filming import episode_pictures
from pbrl.agents import PreferencePPO
from pbrl.behaviours import BEHAVIOURS
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import describe_task, make_env, run_from
from pbrl.cli.checks import clip_steps
from pbrl.cli.evaluation_report import as_json, print_evaluation
from pbrl.cli.stores import address, name_in_store, opened
from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError
from pbrl.evaluation import Evaluation, evaluate, play, taught_correlation, walk
from pbrl.feedback import find_kind
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.labels import LabelledClips, LabelReader
from pbrl.reward.saved import saved_ensemble
from pbrl.runs import Run, write_whole
from pbrl.seeding import numbered_generator, seed_of
from pbrl.trainer import Trainer
from pbrl.video import check_video_name, write_video
from pbrl.whole_numbers import at_least_one

EPISODES = 20
FILM_SIZE = (640, 480)


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    if options.video is not None:
        check_video_name(options.video)
    console, run = Console(), run_from(options.run)
    print_line = functools.partial(console.print, soft_wrap=True, highlight=False, markup=False)
    config = run.config()
    torch.set_num_threads(config.torch_threads)
    checkpoint = latest_checkpoint(run, print_line)
    if checkpoint is None:
        raise CheckpointError(f"{run.path} has no checkpoint yet: train it first.")
    if options.json is not None and not options.json.exists():
        write_whole(options.json, b"")  # so that a folder that is not there is known at once
    agent = PreferencePPO.load(checkpoint.agent, device="cpu")
    ensemble, labels = None, None
    if config.learns_reward:
        ensemble = saved_ensemble(config, checkpoint)
        asked = checkpoint.state()["learning"]["asked"]
        labels = _labels(run, config, asked, print_line)
    evaluation = _evaluate(
        *(config, agent, ensemble, labels, options.episodes, console),
        deterministic=not options.stochastic,
    )
    print_line(f"{run.path} at step {checkpoint.steps:,}, {options.episodes} fresh episodes\n")
    print_evaluation(console, evaluation)
    if config.learns_reward and ensemble is None:
        print_line("No reward had been learnt yet.")
    if options.json is not None:
        write_whole(options.json, json.dumps(as_json(evaluation), indent=2).encode())
    if options.video is not None:
        with console.status("Filming"):
            print_line(_film(config, agent, options.video, deterministic=not options.stochastic))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl eval",
        description="Play fresh episodes with a run's agent and measure it and its learned reward.",
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument(
        "--episodes", type=at_least_one, default=EPISODES, help="episodes to play (default: 20)"
    )
    parser.add_argument(
        "--stochastic",
        action="store_true",
        help="sample actions, as in training, not the mean (of games they are always sampled)",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what was measured as JSON too"
    )
    parser.add_argument(
        "--video",
        type=Path,
        metavar="FILE.mp4",
        help="film an episode, at the rate at which people are shown clips of the task",
    )
    return parser


def evaluate_trained(trainer: Trainer, count: int, console: Console) -> Evaluation:
    """Measures a trainer's agent and reward as they stand; shows meanwhile how far it is."""
    learning = trainer.learning
    reward = None, None
    if learning is not None and learning.ready:
        reward = learning.ensemble, learning.labelled()
    if not console.is_terminal:
        console.print(f"Playing {count} fresh episodes.")
    return _evaluate(trainer.config, trainer.agent, *reward, count, console)


def _labels(
    run: Run, config: TrainConfig, below: int, say: Callable[[str], object]
) -> LabelledClips | None:
    """Returns the answers below this query that a run learns from; says which it leaves out."""
    if not below or config.annotator == "none":  # frozen: the answers are another run's
        return None
    where = address(run, config)
    if "://" not in where and not Path(where).is_file():  # opening it would make an empty one
        say(f"The label store {where} is not there: nothing is said of the answers in it.")
        return None
    with opened(where) as store:
        name = name_in_store(run, config, store)
        reader = LabelReader(store, name, find_kind(config.feedback), config.reward, say)
        return reader.read(below=below)


def _evaluate(
    config: TrainConfig,
    agent: PreferencePPO,
    ensemble: RewardEnsemble | None,
    labels: LabelledClips | None,
    count: int,
    console: Console,
    *,
    deterministic: bool = True,
) -> Evaluation:
    task, behaviour = describe_task(config.env.env_id), BEHAVIOURS.get(config.teacher)
    if behaviour and behaviour.env_id != config.env.env_id:
        behaviour = None
    keep = behaviour and (lambda step: behaviour.look(step.observations, step.render_states))
    seed, sure = seed_of(config.seed, "evaluation"), deterministic and not task.endless
    playing = f"Playing {count} fresh episodes"
    with (
        contextlib.closing(make_env(config.env, count, threads=config.threads)) as env,
        console.status(playing) as status,  # games can take minutes
    ):
        episodes = play(
            *(agent, env, task.episode_steps, seed, sure, ensemble, keep),
            told=lambda ended: status.update(f"{playing}: {ended} have ended"),
        )
    rng = numbered_generator(config.seed, "evaluation", 0)  # not the bits that seed the episodes
    steps = clip_steps(config, task) if ensemble else task.episode_steps
    found = evaluate(episodes, ensemble, labels, config.env.true_reward, steps, rng)
    if behaviour and episodes.kept:
        measures = behaviour.measures(episodes.kept)
        known = taught_correlation(episodes, behaviour.score, steps)
        found = replace(found, behaviour=measures, taught_correlation=known)
    return found


def _film(config: TrainConfig, agent: PreferencePPO, path: Path, *, deterministic: bool) -> str:
    """Films an episode and returns a sentence on it."""
    task = describe_task(config.env.env_id)
    env = make_env(config.env, 1, record_frames=not task.draws_from_states)
    try:
        seed = seed_of(config.seed, "evaluation")
        sure = deterministic and not task.endless
        steps = walk(agent, env, task.episode_steps, seed, sure)
        write_video(path, episode_pictures(task, steps, FILM_SIZE), task.clip_fps)
    finally:
        env.close()
    return f"\nAn episode is in {path}, at {task.clip_fps:g} steps a second, as people see clips."
