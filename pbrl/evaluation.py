"""How well an agent and its learned reward do: returns, held-out comparisons, correlation.

Episodes and comparisons between their clips are fresh: nothing was trained on them. Answers are
the run's own, each put to the members of the ensemble that left it out of their resample. What is
printed is explained by formula in `docs/evaluation.md`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from pbrl.agents import PreferencePPO
from pbrl.feedback import COMPARISON
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.labels import LabelledClips
from pbrl.rollout import encode_actions

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]
PAIRS = 2000
"""Fresh pairs of clips that are drawn; those drawn twice count once."""
RESAMPLES = 10_000
"""Resamples behind an interval."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of N environments."""

    observations: Floats
    """`(N, O)` raw, before the action; pictures `(N, K, H, W)`."""
    actions: Floats
    """`(N, A)` as executed; a discrete action one-hot."""
    true_rewards: Floats
    """`(N,)`."""
    alive: Flags
    """`(N,)` whether the step belongs to the environment's first episode."""
    render_states: Floats
    """`(N, S)` of the state that the observation shows."""
    frame: NDArray[np.uint8] | None
    """`(H, W, 3)` picture of the first environment before the action, where they are recorded."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """The first episode of each of N environments, T steps."""

    true_rewards: Floats
    """`(T, N)`; 0 after an episode's end."""
    learned_rewards: Floats | None
    """`(T, N)`; 0 after an episode's end. None without a learned reward."""
    alive: Flags
    """`(T, N)` whether the step belongs to the episode."""
    kept: list[NDArray] | None = None
    """What was kept of each episode, `(T_n, ...)`; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many comparisons the ensemble predicts."""

    share: float
    """Of those right, in [0, 1]; one that it sees as a tie counts half."""
    count: int
    """Comparisons that it was asked about."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `pbrl eval` reports; None where there is no true reward, or no learned one."""

    episodes: int
    """Episodes played."""
    returns: Floats | None
    """`(N,)` true returns."""
    learned_returns: Floats | None
    """`(N,)` learned returns."""
    answers: Accuracy | None
    """Answers of the run, each member asked about those that it left out of its resample."""
    comparisons: Accuracy | None
    """Pairs of clips of these episodes, judged by their true returns, ties left out."""
    step_correlation: float | None
    """Pearson correlation of learned and true reward over steps; None where one never changes."""
    clip_correlation: float | None
    """The same over the returns of clips."""
    behaviour: dict[str, Floats] | None = None
    """How much of the behaviour that was taught the episodes have: names to `(N,)` values."""
    taught_correlation: float | None = None
    """Pearson correlation of the learned returns of clips with their scores by that teacher."""


def walk(
    agent: PreferencePPO, env: VectorEnv, steps: int, seed: int, deterministic: bool
) -> Iterator[Step]:
    """Plays until every environment's first episode, or game, has ended, a step at a time.

    Args:
        agent: Who acts.
        env: Environments that reset in the step that ends an episode.
        steps: Length of the longest episode.
        seed: Seed of the environments.
        deterministic: Take the mean action instead of a sample.
    """
    observations, _ = env.reset(seed=seed)
    alive = np.ones(env.num_envs, dtype=bool)
    for _ in range(steps):
        seen, frames = np.array(observations), getattr(env, "frames", None)
        if seen.dtype != np.uint8:
            seen = seen.astype(np.float32)
        states = np.array(getattr(env, "render_states", np.zeros((env.num_envs, 0))))
        frame = None if frames is None else frames[0].copy()
        chosen, _ = agent.predict(observations, deterministic=deterministic)
        observations, rewards, terminated, truncated, _ = env.step(chosen)
        actions = encode_actions(chosen, env.single_action_space)
        yield Step(seen, actions, rewards, alive.copy(), states, frame)
        games_over = getattr(env, "game_over", None)
        alive &= ~(terminated | truncated | (False if games_over is None else games_over))
        if not alive.any():
            return


def play(
    agent: PreferencePPO,
    env: VectorEnv,
    steps: int,
    seed: int,
    deterministic: bool = True,
    ensemble: RewardEnsemble | None = None,
    keep: Callable[[Step], NDArray] | None = None,
    told: Callable[[int], object] = lambda ended: None,
) -> Episodes:
    """Plays one episode in each environment.

    Args:
        agent: As the next four, of `walk`.
        env: Environments.
        steps: Length of the longest episode.
        seed: Seed of the environments.
        deterministic: Take the mean action instead of a sample.
        ensemble: The learned reward, or None.
        keep: What to keep of a step, `(N, ...)`; steps as a whole are too large.
        told: Told how many episodes have ended, whenever one more has.
    """
    true, learned, alive = [], [], []
    kept: list[list[NDArray]] = [[] for _ in range(env.num_envs)]
    ended = 0
    for step in walk(agent, env, steps, seed, deterministic):
        alive.append(step.alive)
        over = int(np.count_nonzero(~step.alive))
        if over > ended:
            told(ended := over)
        if keep is not None:
            moment = keep(step)
            for i in np.flatnonzero(step.alive):
                kept[i].append(moment[i].copy())
        true.append(np.where(step.alive, step.true_rewards, 0.0))
        if ensemble is not None:
            learned.append(ensemble.reward(step.observations, step.actions) * step.alive)
    return Episodes(
        true_rewards=np.stack(true),
        learned_rewards=np.stack(learned) if learned else None,
        alive=np.stack(alive),
        kept=None if keep is None else [np.stack(moments) for moments in kept],
    )


def evaluate(
    episodes: Episodes,
    ensemble: RewardEnsemble | None,
    labels: LabelledClips | None,
    true_reward: bool,
    clip_steps: int,
    rng: np.random.Generator,
) -> Evaluation:
    """Measures what there is to measure in some episodes.

    Args:
        episodes: Fresh episodes.
        ensemble: The learned reward, or None.
        labels: The answers that it was fitted on, or None.
        true_reward: Whether the task's own reward means anything.
        clip_steps: Length of a clip in steps.
        rng: Draws the pairs of clips.
    """
    alive, count = episodes.alive, episodes.alive.shape[1]
    true = episodes.true_rewards if true_reward else None
    returns = None if true is None else true.sum(axis=0)
    if ensemble is None or episodes.learned_rewards is None:
        return Evaluation(count, returns, None, None, None, None, None)
    learned = episodes.learned_rewards
    learned_returns, answers = learned.sum(axis=0), left_out_accuracy(ensemble, labels)
    if true is None:
        return Evaluation(count, None, learned_returns, answers, None, None, None)
    true_clips = clip_returns(true, alive, clip_steps)
    learned_clips = clip_returns(learned, alive, clip_steps)
    return Evaluation(
        episodes=count,
        returns=returns,
        learned_returns=learned_returns,
        answers=answers,
        comparisons=fresh_accuracy(true_clips, learned_clips, rng),
        step_correlation=correlation(true[alive], learned[alive]),
        clip_correlation=correlation(true_clips, learned_clips),
    )


def taught_correlation(
    episodes: Episodes, score: Callable[[NDArray], NDArray], clip_steps: int
) -> float | None:
    """Returns how the learned returns of clips go with a teacher's scores, None without a reward.

    Args:
        episodes: Fresh episodes, with what the teacher looks at kept.
        score: The teacher's, of clips `(C, T, ...)` of that: `(C,)`.
        clip_steps: Length of a clip in steps; clips lie end to end.
    """
    if episodes.learned_rewards is None:
        return None
    scores, learned = [], []
    for env, seen in enumerate(episodes.kept or []):
        count = len(seen) // clip_steps
        clips = seen[: count * clip_steps].reshape(count, clip_steps, *seen.shape[1:])
        scores += [score(clip[None]) for clip in clips]  # of a game, one is 200 kB
        rewards = episodes.learned_rewards[: count * clip_steps, env]
        learned.append(rewards.reshape(count, clip_steps).sum(axis=1))
    return correlation(np.concatenate(scores), np.concatenate(learned)) if scores else None


def left_out_accuracy(ensemble: RewardEnsemble, labels: LabelledClips | None) -> Accuracy | None:
    """Returns how the members predict the answers that they left out, None without any."""
    if labels is None:
        return None
    shares = ensemble.evaluate(labels).validation_accuracy  # (E,)
    if np.isnan(shares).all():
        return None
    return Accuracy(float(np.nanmean(shares)), len(labels))


def clip_returns(rewards: Floats, alive: Flags, length: int) -> Floats:
    """Returns the returns `(C,)` of clips laid end to end in episodes `(T, N)`."""
    count = len(alive) // length
    clips = (count, length, alive.shape[1])
    whole = alive[: count * length].reshape(clips).all(axis=1)
    return rewards[: count * length].reshape(clips).sum(axis=1)[whole]


def fresh_accuracy(true: Floats, learned: Floats, rng: np.random.Generator) -> Accuracy | None:
    """Returns how learned returns order random pairs of clips, None if no two clips differ.

    Args:
        true: `(C,)` true returns of clips.
        learned: `(C,)` their learned returns.
        rng: Draws the pairs.
    """
    if len(true) < 2:
        return None
    pairs = np.unique(np.sort(rng.integers(len(true), size=(PAIRS, 2))), axis=0)
    pairs = pairs[true[pairs[:, 0]] != true[pairs[:, 1]]]
    if not len(pairs):
        return None
    first_is_better = true[pairs] > true[pairs[:, ::-1]]  # (B, 2), one-hot
    correct = COMPARISON.correct(learned[pairs], first_is_better.astype(np.float32))
    return Accuracy(float(correct.mean()), len(pairs))


def confidence_interval(values: Floats) -> tuple[float, float]:
    """Returns the 95 % interval of the mean of `(N,)` values, by bootstrap (SciPy, BCa)."""
    from scipy import stats  # takes a second to load, which a run's start need not wait for

    if len(values) < 2 or np.ptp(values) == 0:
        return float(np.mean(values)), float(np.mean(values))
    rng = np.random.default_rng(0)
    result = stats.bootstrap((values,), np.mean, n_resamples=RESAMPLES, rng=rng)
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def correlation(a: Floats, b: Floats) -> float | None:
    """Returns the Pearson correlation, None where one of the two never changes."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
