"""One rollout of the agent: what it saw and did, for the reward model and the segment buffer."""

from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

NO_FRAMES = np.empty((0, 0, 0), object)
NO_GAMES = np.empty((0, 0), bool)


@dataclass(frozen=True, slots=True)
class Rollout:
    """T steps of N parallel environments. The arrays are reused by the next rollout: copy to keep.

    A step belongs to the observation before its action. Where `terminated` or `truncated` is set,
    the episode ended with that step and the next row is the first of a new episode. In an endless
    task they never are; `game_over` tells those who may know where a game ended.
    """

    observations: np.ndarray
    """(T, N, O) float32, raw: as the environment gave them; pictures (T, N, K, H, W) uint8."""
    actions: np.ndarray
    """(T, N, A) float32, as executed: clipped to the action space; a discrete action one-hot."""
    true_rewards: np.ndarray
    """(T, N) float64, the task's own reward: for oracles and evaluation, never for learning."""
    terminated: np.ndarray
    """(T, N) bool, the task ended the episode."""
    truncated: np.ndarray
    """(T, N) bool, the time limit ended the episode, and the task did not."""
    render_states: np.ndarray
    """(T, N, S) float32, the simulator state that the observation shows; S = 0 without one."""
    frames: np.ndarray = field(default_factory=lambda: NO_FRAMES)
    """(T, N, F) of bytes objects, an encoded picture of the same moment; F = 0 where none are
    recorded, which is what is made of the default."""
    game_over: np.ndarray = field(default_factory=lambda: NO_GAMES)
    """(T, N) bool, a game ended with this step that the agent takes no notice of; all False by
    default."""

    def __post_init__(self) -> None:
        """Checks that all arrays cover the same steps and environments."""
        steps = self.true_rewards.shape
        if self.frames is NO_FRAMES:
            object.__setattr__(self, "frames", np.empty((*steps, 0), object))
        if self.game_over is NO_GAMES:
            object.__setattr__(self, "game_over", np.zeros(steps, bool))
        for name in self.__slots__:
            shape = getattr(self, name).shape
            if shape[:2] != steps:
                raise ValueError(f"{name} has shape {shape}, but true_rewards has {steps}.")

    @property
    def ended(self) -> np.ndarray:
        """(T, N) bool, the episode ended with this step, for whatever reason."""
        return self.terminated | self.truncated

    @property
    def boundaries(self) -> np.ndarray:
        """(T, N) bool, no clip goes on after this step: an episode or a game ended with it."""
        return self.ended | self.game_over


def encode_actions(actions: np.ndarray, space: spaces.Space) -> np.ndarray:
    """Returns executed actions as predictors see them.

    Args:
        actions: (B, ...) of a Box, or (B,) indices of a Discrete space.
        space: of one environment's actions.

    Returns:
        (B, A) float32, flat; a discrete action one-hot.
    """
    if isinstance(space, spaces.Discrete):
        return np.eye(int(space.n), dtype=np.float32)[actions - space.start]
    return actions.reshape(len(actions), -1).astype(np.float32)
