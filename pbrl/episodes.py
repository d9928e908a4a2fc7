"""Returns of finished episodes, kept across rollouts."""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class EpisodeReturns:
    """Sums rewards over the episodes of N environments and remembers the last finished ones.

    Args:
        num_envs: Environments N.
        window: Finished episodes that are remembered.
    """

    def __init__(self, num_envs: int, window: int = 100) -> None:
        self._running = np.zeros(num_envs)
        self._finished: deque[float] = deque(maxlen=window)

    def add(self, rewards: NDArray[np.floating], ended: NDArray[np.bool_]) -> None:
        """Takes in a rollout: `(T, N)` rewards, and where an episode ended.

        An episode in which a reward is NaN, unknown, is not remembered.
        """
        first = np.zeros(len(self._running), dtype=np.int64)
        for step, env in np.argwhere(ended):
            total = self._running[env] + rewards[first[env] : step + 1, env].sum()
            if np.isfinite(total):
                self._finished.append(float(total))
            self._running[env], first[env] = 0.0, step + 1
        for env, start in enumerate(first):
            self._running[env] += rewards[start:, env].sum()

    def mean(self, last: int | None = None) -> float | None:
        """Returns the mean of the last finished episodes, None before the first has finished."""
        episodes = list(self._finished)[-(last or len(self._finished)) :]
        return float(np.mean(episodes)) if episodes else None

    def state(self) -> dict[str, list[float]]:
        """Returns all that is needed to go on exactly."""
        return {"running": self._running.tolist(), "finished": list(self._finished)}

    def set_state(self, state: dict[str, list[float]]) -> None:
        """Puts the counts where they were when `state` was called."""
        self._running = np.array(state["running"])
        self._finished.clear()
        self._finished.extend(state["finished"])
