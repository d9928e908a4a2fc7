"""How well an agent and its learned reward do: returns, held-out comparisons, correlation.

Everything here is measured on fresh episodes, on none of which anything was trained.
"""

from dataclasses import dataclass

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from scipy import stats

from pbrl.agents import PreferencePPO
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.rollout import encode_actions

Floats = NDArray[np.floating]
PAIRS = 2000
"""Held-out pairs of clips that the ensemble is asked about."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """The first episode of each of N environments, T steps."""

    observations: Floats
    """`(T, N, O)` raw."""
    actions: Floats
    """`(T, N, A)` as executed; a discrete action one-hot."""
    true_rewards: Floats
    """`(T, N)`; 0 after an episode's end."""
    alive: NDArray[np.bool_]
    """`(T, N)` whether the step belongs to the episode."""
    render_states: Floats
    """`(T, N, S)` of the state that the observation shows."""
    frames: NDArray[np.uint8] | None = None
    """`(T, H, W, 3)` pictures of the first environment, where they were recorded."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `pbrl eval` reports. None where there is no true or no learned reward."""

    episodes: int
    """Episodes played."""
    returns: Floats | None
    """`(N,)` true returns."""
    learned_returns: Floats | None
    """`(N,)` learned returns."""
    accuracy: float | None
    """Share of held-out pairs of clips, ties left out, that the ensemble orders as the true
    returns do."""
    step_correlation: float | None
    """Pearson correlation of learned and true reward over steps."""
    clip_correlation: float | None
    """The same over the returns of clips."""


def play(
    agent: PreferencePPO, env: VectorEnv, steps: int, seed: int, deterministic: bool = True
) -> Episodes:
    """Plays one episode in each environment.

    Args:
        agent: Who acts.
        env: Environments that reset in the step that ends an episode.
        steps: Length of the longest episode.
        seed: Seed of the environments.
        deterministic: Take the mean action instead of a sample.
    """
    observation, _ = env.reset(seed=seed)
    alive = np.ones(env.num_envs, dtype=bool)
    rows: dict[str, list] = {
        n: [] for n in ("observations", "actions", "true_rewards", "alive", "render_states")
    }
    frames = []
    for _ in range(steps):
        action, _ = agent.predict(observation, deterministic=deterministic)
        rows["observations"].append(np.array(observation, np.float32))
        rows["render_states"].append(np.array(env.render_states))
        rows["alive"].append(alive.copy())
        if env.frames is not None:
            frames.append(env.frames[0].copy())
        observation, reward, terminated, truncated, _ = env.step(action)
        rows["actions"].append(encode_actions(action, env.single_action_space))
        rows["true_rewards"].append(np.where(alive, reward, 0.0))
        alive &= ~(terminated | truncated)
        if not alive.any():
            break
    arrays = {name: np.stack(values) for name, values in rows.items()}
    return Episodes(**arrays, frames=np.stack(frames) if frames else None)


def evaluate(
    episodes: Episodes,
    ensemble: RewardEnsemble | None,
    true_reward: bool,
    clip_steps: int,
    rng: np.random.Generator,
) -> Evaluation:
    """Measures what there is to measure in some episodes.

    Args:
        episodes: Fresh episodes.
        ensemble: The learned reward, or None.
        true_reward: Whether the task's own reward means anything.
        clip_steps: Length of a clip in steps.
        rng: Draws the held-out pairs.
    """
    learned = None
    if ensemble is not None:
        learned = ensemble.reward(episodes.observations, episodes.actions) * episodes.alive
    true = episodes.true_rewards if true_reward else None
    both = learned is not None and true is not None
    clips = _clip_returns(true, learned, episodes.alive, clip_steps) if both else None
    return Evaluation(
        episodes=episodes.alive.shape[1],
        returns=None if true is None else true.sum(axis=0),
        learned_returns=None if learned is None else learned.sum(axis=0),
        accuracy=_accuracy(*clips, rng) if clips else None,
        step_correlation=_correlation(true[episodes.alive], learned[episodes.alive])
        if both
        else None,
        clip_correlation=_correlation(*clips) if clips else None,
    )


def confidence_interval(values: Floats) -> tuple[float, float]:
    """Returns the 95 % interval of the mean by bootstrap (SciPy, 10,000 resamples, BCa)."""
    if len(values) < 2 or np.ptp(values) == 0:
        return float(np.mean(values)), float(np.mean(values))
    result = stats.bootstrap((values,), np.mean, n_resamples=10_000, rng=np.random.default_rng(0))
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _clip_returns(
    true: Floats, learned: Floats, alive: NDArray[np.bool_], length: int
) -> tuple[Floats, Floats] | None:
    """Returns true and learned returns of clips laid end to end in each episode: `(C,)` each."""
    count = len(alive) // length
    if not count:
        return None
    cut = lambda x: x[: count * length].reshape(count, length, -1)  # noqa: E731
    whole = cut(alive).all(axis=1)
    return cut(true).sum(axis=1)[whole], cut(learned).sum(axis=1)[whole]


def _accuracy(true: Floats, learned: Floats, rng: np.random.Generator) -> float | None:
    if len(true) < 2:
        return None
    first, second = rng.integers(len(true), size=(2, PAIRS))
    order, predicted = true[first] - true[second], learned[first] - learned[second]
    told_apart = order != 0
    if not told_apart.any():
        return None
    return float(np.mean(np.sign(order[told_apart]) == np.sign(predicted[told_apart])))


def _correlation(a: Floats, b: Floats) -> float | None:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
