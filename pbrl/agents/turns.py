"""The order in which parts of the environments act: a part is asked while the others step.

Double-buffered sampling (Petrenko et al., *Sample Factory*, 2020): of two halves, one steps in
threads of its own while the policy is asked about the other. Of one part this is the plain loop, in
which policy and environments wait for each other.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from stable_baselines3.common.vec_env import VecEnv


class Turn(NamedTuple):
    """A step of a part of the environments."""

    t: int
    """The step."""
    rows: slice
    """Of the part's environments among all."""
    part: VecEnv
    """The part."""


def take_turns(
    num_steps: int,
    parts: Sequence[tuple[slice, VecEnv]],
    begin: Callable[[Turn], np.ndarray],
    finish: Callable[[Turn, np.ndarray], bool],
) -> bool:
    """Steps all parts in turn, each step beginning before the one before it of another part ends.

    Args:
        num_steps: of each part.
        parts: rows and environment of each.
        begin: begins a step and returns the actions.
        finish: waits for the end of a step, and returns whether to go on.

    Returns:
        False if `finish` stopped it. What was under way then is finished too.
    """
    under_way: deque[tuple[Turn, np.ndarray]] = deque()
    going_on = True
    with _single_thread() if len(parts) > 1 else contextlib.nullcontext():
        for t, (rows, part) in itertools.product(range(num_steps), parts):
            turn = Turn(t, rows, part)
            under_way.append((turn, begin(turn)))
            if len(under_way) == len(parts):
                going_on = finish(*under_way.popleft())
            if not going_on:
                break
        for turn, actions in under_way:
            going_on = finish(turn, actions) and going_on
    return going_on


@contextlib.contextmanager
def _single_thread() -> Iterator[None]:
    """Asks the policy with one thread, so that the others are the environments'."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
