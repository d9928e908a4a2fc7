"""Practice pairs of a game: random play, of which the clips are taken that pay most and least.

The games are played twice from the same seeds: to see what the clips pay, and then in colour, for
the pictures of those that were chosen.
"""

from typing import TYPE_CHECKING

import numpy as np

from labeling_ui.orders import EVEN, EVEN_FROM, NO_PRACTICE, Practise, Practised
from pbrl.frames import encode_frame

if TYPE_CHECKING:
    from envs import TaskVectorEnv

COPIES = 4
"""Few: to start a game takes as long as to play it for ten seconds."""
STEPS = 376
"""Of random play, in which each copy makes fifteen clips."""
HELD_STEPS = 6
"""Steps for which a random action is held on average: what trembles gets nowhere."""
CLIP_STEPS = 25
"""The paper's clips of games."""


def practise_game(order: Practise) -> Practised:
    """Returns practice pairs; none where random play pays nothing and costs nothing."""
    from envs import GAMES, make_task

    rng = np.random.default_rng(order.seed)
    games = make_task(order.env_id, COPIES, threads=0, record_frames=True)
    try:
        actions = held_actions(rng, int(games.single_action_space.n))  # pyright: ignore
        rewards, over = np.zeros((2, STEPS, COPIES))
        games.reset(seed=order.seed)
        for t, chosen in enumerate(actions):
            rewards[t] = games.step(chosen)[1]
            over[t] = games.game_over
        rewards -= GAMES[order.env_id].end_penalty * over
        pairs, better = choose(rng, rewards, over, order.count)
        if not len(pairs):
            return NO_PRACTICE
        games.reset(seed=order.seed)
        frames = _pictures(games, actions, pairs)
    finally:
        games.close()
    return Practised(np.zeros((*pairs.shape[:2], CLIP_STEPS, 0), np.float32), better, frames)


def held_actions(rng: np.random.Generator, count: int) -> np.ndarray:
    """Returns actions (STEPS, COPIES) that are held for a while."""
    drawn = rng.integers(count, size=(STEPS, COPIES))
    anew = rng.random((STEPS, COPIES)) < 1 / HELD_STEPS
    anew[0] = True
    since = np.maximum.accumulate(np.where(anew, np.arange(STEPS)[:, None], 0), axis=0)
    return np.take_along_axis(drawn, since, axis=0)


def choose(
    rng: np.random.Generator, rewards: np.ndarray, over: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns pairs (n, 2, 2) of copy and first step, and the better of each (n,).

    Args:
        rng: Draws the order within a pair.
        rewards: (T, copies), what an oracle judges by.
        over: (T, copies), whether a step was a game's last; no clip goes on after it.
        count: Pairs that are wanted; fewer come where too little happens.
    """
    starts = np.arange(0, len(rewards) - CLIP_STEPS, CLIP_STEPS)
    played = np.arange(rewards.shape[1])
    copies, first = (grid.ravel() for grid in np.meshgrid(played, starts))
    steps = first[:, None] + np.arange(CLIP_STEPS)
    whole = ~over[steps[:, :-1], copies[:, None]].astype(bool).any(axis=1)
    copies, first, steps = copies[whole], first[whole], steps[whole]
    returns = rewards[steps, copies[:, None]].sum(axis=1)
    clips = np.stack([copies, first], axis=1)
    order = np.argsort(returns, kind="stable")
    plain = count - 1 if count >= EVEN_FROM else count
    pairs, better = [], []
    for worst, best in zip(order[:plain], order[::-1][:plain], strict=True):
        if returns[best] > returns[worst]:
            turned = int(rng.integers(2))
            pairs.append(clips[[worst, best]] if turned else clips[[best, worst]])
            better.append(turned)
    if count >= EVEN_FROM and pairs:
        middle = order[len(order) // 2 :][:2]
        if returns[middle[0]] == returns[middle[1]]:
            pairs.insert(1, clips[middle])  # when the keys for a choice are known
            better.insert(1, EVEN)
    return np.array(pairs, int).reshape(-1, 2, 2), np.array(better, int)


def _pictures(
    games: "TaskVectorEnv", actions: np.ndarray, pairs: np.ndarray
) -> tuple[tuple[tuple[bytes, ...], ...], ...]:
    """Plays again, as far as needed, and returns the pictures of chosen clips, n x 2 x T."""
    found: list[list[list[bytes]]] = [[[], []] for _ in pairs]
    for t, chosen in enumerate(actions[: pairs[..., 1].max() + CLIP_STEPS]):
        for number, pair in enumerate(pairs):
            for option, (copy, first) in enumerate(pair):
                if first <= t < first + CLIP_STEPS:
                    assert games.frames is not None
                    found[number][option].append(encode_frame(games.frames[copy]))
        games.step(chosen)
    return tuple(tuple(tuple(clip) for clip in pair) for pair in found)
