"""How much of a behaviour the agents of finished runs show, over fresh episodes, and films of it.

    python -m experiments.behaviours RUN... --films films --csv behaviours.csv

Which behaviour is measured, and how, is that of the run's teacher (see `docs/behaviours.md`), or
of the teacher named with `--of`, for runs that were trained for something else; `--of posture` says
how Hopper, Walker2d and HalfCheetah hold themselves. No reward is looked at, neither the task's nor
the learned one.
"""

import argparse
import contextlib
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

import envs
from experiments.posture import Posture
from pbrl.agents import PreferencePPO
from pbrl.agents.build import build_agent
from pbrl.behaviours import BEHAVIOURS
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import describe_task, make_env, run_from
from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError, ConfigError, PbrlError
from pbrl.evaluation import Step, confidence_interval
from pbrl.evaluation import play as play_episodes
from pbrl.runs import Run
from pbrl.seeding import seed_of
from pbrl.video import write_video
from pbrl.whole_numbers import at_least_one

FILM_SIZE = (640, 480)
POSTURE = "posture"
MEASURED = (*BEHAVIOURS, POSTURE)
"""What can be measured."""


class Measured(Protocol):
    """What is measured in an episode: a behaviour, or how a body is held."""

    @property
    def env_id(self) -> str:
        """Returns the task that it is of."""
        ...

    def look(self, observations: np.ndarray, render_states: np.ndarray) -> np.ndarray:
        """Returns what is looked at of a moment of N environments: (N, S), or (N, H, W)."""
        ...

    def measures(self, episodes: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Returns how much each of N episodes has of it: names to (N,) values."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """Fresh episodes of an agent."""

    seen: list[np.ndarray]
    """Of each episode, the states (T, S), or the pictures (T, H, W), that the behaviour is read
    from."""
    frames: list[np.ndarray]
    """Pictures (H, W, 3) of the first episode, of a task that is not drawn from states."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one run."""

    run: str
    """Name of its folder."""
    behaviour: str
    """The teacher who knows it, or `posture`."""
    seed: int
    labels: int
    """Answers asked for; 0 where the agent was not trained on them."""
    steps: int
    """Steps that the agent was trained for."""
    episodes: int
    measure: str
    """What was measured."""
    mean: float
    """Over the episodes."""
    low: float
    """Of the mean's 95 % interval over episodes."""
    high: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command."""
    options = _parser().parse_args(arguments)
    rows: list[Row] = []
    try:
        for path in options.runs:
            rows += _measured(run_from(path), options)
        if options.csv is not None:
            write_csv(rows, options.csv)
    except PbrlError as error:
        print(f"experiments.behaviours: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.behaviours",
        description="Measure how much of a behaviour the agents of runs show.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--of", choices=MEASURED, help="what to measure (default: the run's behaviour)"
    )
    parser.add_argument(
        "--episodes", type=at_least_one, default=20, help="episodes to play (default: 20)"
    )
    parser.add_argument("--stochastic", action="store_true", help="sample actions")
    parser.add_argument(
        "--untrained", action="store_true", help="measure the policies that the runs began with"
    )
    parser.add_argument("--films", type=Path, metavar="FOLDER", help="film an episode of each run")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write what was measured")
    return parser


def _measured(run: Run, options: argparse.Namespace) -> list[Row]:
    """Returns and prints what was measured of a run; films it if that was asked for."""
    config = run.config()
    name, behaviour = behaviour_of(config, options.of)
    agent, steps = agent_of(run, config, untrained=options.untrained)
    films = options.films is not None
    played = play(config, agent, behaviour, options.episodes, options.stochastic, films)
    measures = behaviour.measures(played.seen)
    labels = config.query.label_budget if config.learns_reward and steps else 0
    rows = [
        Row(
            *(run.name, name, config.seed, labels, steps),
            *(options.episodes, measure, float(np.mean(values)), *confidence_interval(values)),
        )
        for measure, values in measures.items()
    ]
    print(f"{run.path} at step {steps:,}, {options.episodes} fresh episodes: {name}")
    for row in rows:
        interval = f"(95 % interval {row.low:.3f} to {row.high:.3f})"
        print(f"  {row.measure:<36}{row.mean:.3f}  {interval}")
    if films:
        film = options.films / f"{run.name}{'-untrained' if options.untrained else ''}.mp4"
        print(f"  film: {_film(config, played, film)}")
    return rows


def agent_of(run: Run, config: TrainConfig, *, untrained: bool) -> tuple[PreferencePPO, int]:
    """Returns a run's agent, as it is or as it began, and the steps that it was trained for.

    Raises:
        CheckpointError: There is no checkpoint yet.
    """
    if untrained:
        with contextlib.closing(make_env(config.env, 1)) as env:
            return build_agent(config.agent, env, config.seed, "cpu"), 0
    checkpoint = latest_checkpoint(run, print)
    if checkpoint is None:
        raise CheckpointError(f"{run.path} has no checkpoint yet: train it first.")
    return PreferencePPO.load(checkpoint.agent, device="cpu"), checkpoint.steps


def behaviour_of(config: TrainConfig, named: str | None) -> tuple[str, Measured]:
    """Returns what to measure in a run, with its name.

    Raises:
        ConfigError: The run was trained for none and none was named, or it is of another task.
    """
    name = named or config.teacher
    if name == POSTURE:
        return name, Posture(config.env.env_id)
    if name not in BEHAVIOURS:
        raise ConfigError(
            f"The run's teacher is {name!r}, who knows no behaviour: say what to measure with --of "
            f"({', '.join(MEASURED)})."
        )
    behaviour = BEHAVIOURS[name]
    if behaviour.env_id != config.env.env_id:
        raise ConfigError(
            f"{name!r} is a behaviour of {behaviour.env_id}, but the run is of "
            f"{config.env.env_id}: name another with --of ({', '.join(MEASURED)})."
        )
    return name, behaviour


def play(
    config: TrainConfig,
    agent: PreferencePPO,
    behaviour: Measured,
    count: int,
    stochastic: bool = False,
    films: bool = False,
) -> Played:
    """Plays one fresh episode, or game, in each of `count` environments.

    Args:
        config: The run's settings.
        agent: Who acts.
        behaviour: Says what of an episode is kept.
        count: Episodes.
        stochastic: Sample actions; of games they always are.
        films: Keep pictures of the first episode of tasks that are not drawn from states.
    """
    task = describe_task(config.env.env_id)
    env = make_env(config.env, count, record_frames=films and not task.draws_from_states)
    frames: list[np.ndarray] = []

    def keep(step: Step) -> np.ndarray:
        if step.frame is not None and step.alive[0]:
            frames.append(step.frame)
        return behaviour.look(step.observations, step.render_states)

    try:
        seed, sure = seed_of(config.seed, "evaluation"), not (stochastic or task.endless)
        episodes = play_episodes(agent, env, task.episode_steps, seed, sure, keep=keep)
    finally:
        env.close()
    return Played(episodes.kept or [], frames)


def _film(config: TrainConfig, played: Played, path: Path) -> Path:
    """Films the first episode, at the rate at which people see clips."""
    task = describe_task(config.env.env_id)
    frames = played.frames
    if task.draws_from_states:
        frames = envs.draw(task.env_id, played.seen[0], *FILM_SIZE, smooth=True)
    write_video(path, frames, task.clip_fps)
    return path


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Writes rows as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row.__dataclass_fields__)
        writer.writerows([getattr(row, name) for name in Row.__dataclass_fields__] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
