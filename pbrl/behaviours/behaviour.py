"""The form of a behaviour: what it is in words, how a clip shows it, how much an episode has of it.

Christiano et al. 2017 (arXiv 1706.03741), section 3.2, teach behaviours for which there is no
reward. A person knows them when they see them; a scripted teacher stands in for the person here. It
sees what a person would: the states or the pictures of a clip, and no reward of any kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pbrl.segments import Segment

if TYPE_CHECKING:
    from pbrl.rollout import Rollout  # with Gymnasium, which labelling does without

Sight = Literal["render_states", "observations"]
CLIPS_AT_ONCE = 64
"""Clips looked at together: of games, a clip is 28 pictures."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A behaviour of one task."""

    env_id: str
    """The task that it is a behaviour of."""
    look_for: str
    """What a person would be asked to judge by."""
    sight: Sight
    """What of a clip, or of an episode, is looked at."""
    score: Callable[[np.ndarray], np.ndarray]
    """How well clips show it: (..., T, S) states, or (..., T, H, W) pictures, to (...)."""
    averages: bool
    """Whether that is a mean over a clip's steps, not a sum."""
    equal_within: float
    """Scores that differ by no more than this are a tie: neither clip shows more of it."""
    measure: Callable[[np.ndarray], dict[str, float]]
    """How much an episode has of it: (T, S) states, or (T, H, W) pictures, to names and values."""

    def scores(self, clips: Sequence[Segment]) -> np.ndarray:
        """Returns how well each of C clips of equal length shows it, (C,)."""
        parts = [clips[i : i + CLIPS_AT_ONCE] for i in range(0, len(clips), CLIPS_AT_ONCE)]
        return np.concatenate(
            [self.score(np.stack([getattr(clip, self.sight) for clip in part])) for part in parts]
        )

    def step_rewards(self, rollout: "Rollout") -> np.ndarray:
        """Returns a reward for each step of a rollout, (T, N), of which clips' scores are made.

        It is what the step adds to the score of a clip, of a mean what it adds to the sum. With the
        first step of a rollout, of an episode and of a game nothing has moved.
        """
        now = self.look(rollout.observations, rollout.render_states)
        before = np.concatenate([now[:1], now[:-1]])
        first = np.zeros(now.shape[:2], bool)
        first[1:] = rollout.boundaries[:-1]
        before[first] = now[first]
        return np.stack([self._added(*pair) for pair in zip(before, now, strict=True)])

    def _added(self, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Returns what a moment (N, ...) adds to the total of a clip that ended before it, (N,)."""
        with_it, without = np.stack([before, now], axis=1), before[:, None]
        return self.score(with_it) * (2 if self.averages else 1) - self.score(without)

    def look(self, observations: np.ndarray, render_states: np.ndarray) -> np.ndarray:
        """Returns what is looked at of N environments: (..., N, S), or (..., N, H, W)."""
        return render_states if self.sight == "render_states" else observations[..., -1, :, :]

    def measures(self, episodes: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Returns how much each of N episodes has of it: names to (N,) values."""
        measured = [self.measure(episode) for episode in episodes]
        return {name: np.array([one[name] for one in measured]) for name in measured[0]}
