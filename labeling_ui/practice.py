"""Practice: pairs whose better clip is known and plain to see, made by simulating the task.

The paper's people first played the games that they were to judge (Christiano et al. 2017,
appendix B). Here they judge a few pairs that do not count and are told what was right.
"""

import numpy as np

from labeling_ui.orders import EVEN, EVEN_FROM, NO_PRACTICE, Practise, Practised
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
    from envs import GAMES, TASKS, describe, make_task

    if order.env_id in GAMES and order.count > 0:
        from labeling_ui.game_practice import practise_game

        return practise_game(order)
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
    if order.count < EVEN_FROM:
        pairs = clear_pairs(rng, returns, order.count)
        return Practised(clips[pairs], returns[pairs].argmax(axis=1))
    pairs = clear_pairs(rng, returns, order.count - 1)
    better = returns[pairs].argmax(axis=1)
    # The second: the keys for a choice are known by then.
    pairs = np.insert(pairs, 1, even_pair(rng, clips), axis=0)
    return Practised(clips[pairs], np.insert(better, 1, EVEN))


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

    One is among the best tenth, the other among the worse half. No more than half as many as there
    are clips.
    """
    order = np.argsort(returns)
    count = min(count, len(order) // 2)
    best = rng.choice(order[-max(len(order) // 10, count) :], count, replace=False)
    worse = rng.choice(order[: max(len(order) // 2, count)], count, replace=False)
    return rng.permuted(np.stack([best, worse], axis=1), axis=1)


def even_pair(rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
    """Returns the two clips (2,) that look most alike, in a drawn order.

    Args:
        rng: Draws the order.
        clips: (C, T, S) states.
    """
    looks = clips.reshape(len(clips), -1)
    apart = np.abs(looks[:, None] - looks[None]).mean(axis=-1)  # (C, C)
    np.fill_diagonal(apart, np.inf)
    return rng.permutation(np.unravel_index(apart.argmin(), apart.shape))


def practice_pairs(made: Practised) -> list[Pair]:
    """Returns practice as pairs to be judged."""
    right = {0: Comparison.FIRST, 1: Comparison.SECOND, EVEN: Comparison.TIE}
    pairs = []
    for number, (states, better) in enumerate(zip(made.states, made.better, strict=True)):
        shown = made.frames[number] if made.frames else ((), ())
        first, second = (
            Clip(f"practice {number}.{i}", one, shown[i]) for i, one in enumerate(states)
        )
        expected = right[int(better)]
        pairs.append(Pair(number, (first, second), Role.PRACTICE, expected=expected))
    return pairs


def feedback(expected: Comparison, answer: Comparison, better_side: str) -> str:
    """Returns what to say of an answer to a practice pair.

    Args:
        expected: The better clip, or a tie.
        answer: What the person said.
        better_side: Where the better clip stood, "left" or "right"; of no account for a tie.
    """
    if expected is Comparison.TIE:
        yes = "Yes, equally good." if answer is expected else "These two are equally good."
        return f"{yes} That is what a tie is for; say that you can't tell if you don't see enough."
    if answer is expected:
        return f"Yes, the {better_side} one."
    if answer in (Comparison.TIE, Comparison.CANT_TELL):
        return f"The {better_side} one was to be preferred here."
    return f"Not quite: it was the {better_side} one."


def _clips(states: np.ndarray, at: int, steps: int) -> np.ndarray:
    """Returns the clips (N, steps, S) that begin at one step, of states (L, N, S)."""
    return states[at : at + steps].swapaxes(0, 1).astype(np.float32)
