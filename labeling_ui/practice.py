"""Practice: pairs whose better clip is known and plain to see, made by simulating the task.

The paper's people first played the games that they were to judge (Christiano et al. 2017,
appendix B). Here they judge a few pairs that do not count and are told what was right.
"""

import numpy as np

from labeling_ui.orders import NO_PRACTICE, Practise, Practised
from labeling_ui.pairs import Clip, Pair, Role
from pbrl.feedback import Comparison

COPIES = 32
"""Motions that the pairs are chosen from."""
SECONDS = 1.5
"""Length of a clip at the rate at which the task's clips are shown."""
LATEST = 60
"""Steps of an episode before the last clip begins."""
STARTS = 3
"""Clips that are cut from an episode."""


def practise(order: Practise) -> Practised:
    """Returns practice pairs; none where the task cannot be simulated or drawn here."""
    from envs import TASKS, describe, make_task

    if order.env_id not in TASKS or order.count < 1:
        return NO_PRACTICE
    rng = np.random.default_rng(order.seed)
    info = describe(order.env_id)
    steps = min(round(SECONDS * info.clip_fps), info.episode_steps)
    length = min(steps + LATEST, info.episode_steps)
    task = make_task(order.env_id, COPIES)
    try:
        task.reset(seed=order.seed)
        low, high = info.action_space.low, info.action_space.high  # pyright: ignore
        actions = smooth_actions(rng, length, COPIES, low, high)
        states, rewards = [], []
        for action in actions:
            states.append(task.render_states.copy())
            rewards.append(task.step(action)[1])
    finally:
        task.close()
    starts = np.unique(np.linspace(0, length - steps, STARTS).round().astype(int))
    clips = np.concatenate([_clips(np.stack(states), at, steps) for at in starts])
    returns = np.concatenate([np.stack(rewards)[at : at + steps].sum(axis=0) for at in starts])
    pairs = clear_pairs(rng, returns, order.count)
    return Practised(clips[pairs], returns[pairs].argmax(axis=1))


def smooth_actions(
    rng: np.random.Generator, steps: int, copies: int, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Returns actions (steps, copies, A) that swing, each copy at its own strength and pace."""
    shape = copies, len(low)
    strength = np.linspace(0.0, 1.0, copies)[:, None]
    pace, phase = rng.uniform(0.02, 0.12, shape), rng.uniform(0, 2 * np.pi, shape)
    middle = rng.uniform(-0.5, 0.5, shape) * strength
    swing = np.sin(2 * np.pi * pace * np.arange(steps)[:, None, None] + phase)
    unit = np.clip(middle + strength * swing, -1, 1)
    return (low + (unit + 1) / 2 * (high - low)).astype(np.float32)


def clear_pairs(rng: np.random.Generator, returns: np.ndarray, count: int) -> np.ndarray:
    """Returns pairs (count, 2) of clips that are plainly unlike in return, in a drawn order.

    One is among the best tenth, the other among the worse half.
    """
    order = np.argsort(returns)
    best = rng.choice(order[-max(len(order) // 10, count) :], count, replace=False)
    worse = rng.choice(order[: max(len(order) // 2, count)], count, replace=False)
    return rng.permuted(np.stack([best, worse], axis=1), axis=1)


def practice_pairs(made: Practised) -> list[Pair]:
    """Returns practice as pairs to be judged."""
    pairs = []
    for number, (states, better) in enumerate(zip(made.states, made.better, strict=True)):
        first, second = (Clip(f"practice {number}.{i}", one) for i, one in enumerate(states))
        expected = (Comparison.FIRST, Comparison.SECOND)[better]
        pairs.append(Pair(number, (first, second), Role.PRACTICE, expected=expected))
    return pairs


def feedback(expected: Comparison, answer: Comparison, better_side: str) -> str:
    """Returns what to say of an answer to a practice pair.

    Args:
        expected: The better clip.
        answer: What the person said.
        better_side: Where the better clip stood, "left" or "right".
    """
    if answer is expected:
        return f"Yes, the {better_side} one."
    if answer in (Comparison.TIE, Comparison.CANT_TELL):
        return f"The {better_side} one was to be preferred here."
    return f"Not quite: it was the {better_side} one."


def _clips(states: np.ndarray, at: int, steps: int) -> np.ndarray:
    """Returns the clips (N, steps, S) that begin at one step, of states (L, N, S)."""
    return states[at : at + steps].swapaxes(0, 1).astype(np.float32)
