"""A film of what the agent of the last checkpoint does."""

import itertools
from collections.abc import Sequence

import numpy as np

import envs
from experiments.filming import episode_pictures
from experiments.report.clips import not_filmed
from experiments.report.conditions import Condition
from experiments.report.footage import film
from experiments.report.markup import Markup, element, joined, paragraphs
from experiments.report.page import Section
from experiments.report.recorded import Recorded
from pbrl.agents import PreferencePPO
from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.cli.assembly import make_env
from pbrl.errors import CheckpointError, PbrlError
from pbrl.evaluation import Step, walk
from pbrl.reward.saved import saved_ensemble
from pbrl.seeding import seed_of

SIZE = 480, 360
SECONDS = 25
"""Length of a film at most: a megabyte or two."""


def section(filmed: Sequence[Condition], left_out: int) -> Section:
    """Returns the section.

    Args:
        filmed: The conditions of which there are to be films.
        left_out: Number of other conditions.
    """
    figures = [_figure(one) for one in filmed]
    parts = [_explained(), element("div", *figures, class_="grid2"), not_filmed(left_out)]
    return Section("film", "What the agent does", joined(parts))


def _figure(condition: Condition) -> Markup:
    run = condition.middle
    title = element("figcaption", f"{condition.title}, seed {run.config.seed}")
    try:
        return element("figure", title, *_film(run), class_="film")
    except (PbrlError, envs.TaskError) as error:
        return element("figure", title, element("p", f"There is no film. {error}", class_="note"))


def _film(run: Recorded) -> tuple[Markup, ...]:
    """Plays an episode and returns its film and what it came to.

    Raises:
        PbrlError: There is no checkpoint yet, or the task cannot be played or drawn here.
    """
    remarks: list[str] = []
    checkpoint = latest_checkpoint(run.run, remarks.append)
    if checkpoint is None:
        raise CheckpointError("The run has no checkpoint yet.")
    task = envs.describe(run.config.env.env_id)
    steps = play(run, checkpoint, task)
    video = film(episode_pictures(task, steps, SIZE), task.clip_fps, "The agent at work")
    words = [f"The agent after {checkpoint.steps:,} steps of training.", *remarks]
    words.append(
        f"The first {len(steps):,} steps of an episode: {_returns(run, checkpoint, steps)}"
    )
    frame = element("div", video, class_="game") if task.endless else video
    return frame, element("p", " ".join(words), class_="small")


def play(run: Recorded, checkpoint: Checkpoint, task: envs.TaskInfo) -> list[Step]:
    """Returns the steps of an episode's beginning, at most as many as a film has room for."""
    config = run.config
    agent = PreferencePPO.load(checkpoint.agent, device="cpu")
    env = make_env(config.env, 1, record_frames=not task.draws_from_states)
    try:
        seed, most = seed_of(config.seed, "evaluation"), int(SECONDS * task.clip_fps)
        steps = walk(agent, env, task.episode_steps, seed, deterministic=not task.endless)
        return list(itertools.islice(steps, most))
    finally:
        env.close()


def _returns(run: Recorded, checkpoint: Checkpoint, steps: Sequence[Step]) -> str:
    """Returns true and learned return of these steps, those that there are."""
    said = []
    if run.config.env.true_reward:
        said.append(f"true return {sum(float(step.true_rewards[0]) for step in steps):,.1f}")
    asks = run.config.learns_reward
    if asks and (ensemble := saved_ensemble(run.config, checkpoint)) is not None:
        learned = [ensemble.reward(step.observations, step.actions)[0] for step in steps]
        said.append(f"learned return {float(np.sum(learned)):,.1f}")
    return f"{', '.join(said)}.".replace("-", "−") if said else "no reward is known."


def _explained() -> Markup:
    return paragraphs(
        "A fresh episode of the last checkpoint's agent, shown at the rate at which people see "
        "clips. It takes the mean action; in games it samples, as in training. Of several runs it "
        "is the one whose last return is the median."
    )
