"""Draws docs/games.png: each game as it is, as people see it, and as the agent sees it.

Run it with: python docs/games.py
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import envs
from envs.atari.batched import BatchedAtariEnv

STEPS, SEED, SCALE = 160, 1, 2


def pictures(env_id: str) -> np.ndarray:
    """Returns a row of three pictures, (H, W, 3)."""
    game = envs.GAMES[env_id]
    shown = []
    for blanks in ((), game.blanks):
        env = BatchedAtariEnv(replace(game, blanks=blanks), 1, record_frames=True)
        env.reset(seed=SEED)
        rng = np.random.default_rng(SEED)
        for _ in range(STEPS):
            env.step(rng.integers(env.single_action_space.n, size=1))
        shown.append(env.frames[0].repeat(SCALE, axis=0).repeat(SCALE, axis=1))
        seen = env.observations[0, -1]
        env.close()
    size = shown[0].shape[1], shown[0].shape[0]
    grey = cv2.resize(seen, size, interpolation=cv2.INTER_NEAREST)
    return np.concatenate([*shown, np.repeat(grey[..., None], 3, axis=2)], axis=1)


def main() -> None:
    """Draws all games, two in a row."""
    rows = [np.pad(pictures(one), ((8, 8), (8, 8), (0, 0))) for one in envs.GAMES]
    rows.append(np.zeros_like(rows[0]))
    sheet = np.concatenate([np.concatenate(rows[i : i + 2], axis=1) for i in range(0, 8, 2)])
    cv2.imwrite(str(Path(__file__).with_name("games.png")), sheet[..., ::-1])


if __name__ == "__main__":
    main()
