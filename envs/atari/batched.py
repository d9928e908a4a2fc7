"""Many copies of a game, stepped by native threads, one game after the other without a word.

Christiano et al. 2017, appendix A.2: neither a lost life nor a game's end is told to the agent. A
new game begins in the step that ends the last one, `terminated` and `truncated` are never set, and
the picture changes, as it must; whoever evaluates reads `game_over`. What is seen at a game's start
is its first picture, repeated: never pictures of two games.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ale_py import roms
from ale_py.vector_env import AtariVectorEnv
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode

from envs.atari.game import HEIGHT, WIDTH, AtariGame, check_blanks
from envs.atari.screen import SIDE, black_out, shrink, to_grey
from envs.errors import TaskError
from envs.random_state import pack_generators, unpack_generators
from envs.vector import Outcome, TaskVectorEnv, check_snapshot, seed_list, seeded

STACK = 4
"""Pictures that an observation holds, the newest last."""
FRAME_SKIP = 4
"""Frames that an action lasts; the last two are pooled."""
GAME_STEPS = 27_000
"""Steps after which a game is cut: 30 minutes of play at 60 frames a second."""
STEPS_OF_A_SEED = 10_000
"""A copy whose seed has lasted so many steps is given another when its game ends. To go on from a
snapshot, what came since the seeds is played again, so it should not be much; but a new seed takes
the ALE as long as hundreds of steps, since it loads the game anew."""
_FIRST_STEPS = 1024


class BatchedAtariEnv(TaskVectorEnv):
    """N copies of a game, each with its own generator of seeds.

    Observations are (N, 4, 84, 84) uint8; rewards are what the score gained.

    Attributes:
        game_over: (N,) bool, whether the last step was the last of a game.
        frames: (N, 210, 160, 3) uint8, in colour and blacked out alike, where they are recorded.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 15}

    def __init__(
        self,
        game: AtariGame,
        num_envs: int,
        *,
        threads: int = 1,
        record_frames: bool = False,
        game_steps: int = GAME_STEPS,
    ) -> None:
        """Makes the copies; they need a reset first.

        Args:
            game: What is played.
            num_envs: How many copies there are.
            threads: Native threads that step them (0: one per CPU); results do not depend on it.
            record_frames: Keep pictures in colour too, for people.
            game_steps: Steps after which a game is cut.

        Raises:
            TaskError: The ROM is missing, or a rectangle does not lie in the picture.
        """
        check_blanks(game.blanks, game.rom)
        self._game, self._game_steps = game, game_steps
        self._ale = AtariVectorEnv(
            _checked_rom(game.rom),
            num_envs,
            num_threads=threads,
            # All that follows is ours: the games' starts, so that they can be played again.
            autoreset_mode=AutoresetMode.NEXT_STEP,
            max_num_frames_per_episode=(game_steps + 1) * FRAME_SKIP + 60,
            img_height=HEIGHT,
            img_width=WIDTH,
            grayscale=not record_frames,
            stack_num=1,
            frameskip=FRAME_SKIP,
            maxpool=True,
            noop_max=30,
            use_fire_reset=False,
            episodic_life=False,
            reward_clipping=False,
            repeat_action_probability=0.0,
        )
        self._declare(*self.spaces(), num_envs)
        self._generators: list[np.random.Generator] = []
        self._seeds, self._elapsed, self._since = np.zeros((3, num_envs), np.int64)
        self._actions = np.zeros((num_envs, _FIRST_STEPS), np.uint8)
        self._shrunk = np.zeros((num_envs, SIDE, SIDE), np.uint8)
        self._record_frames, self._sent = record_frames, False
        self.observations = np.zeros((num_envs, STACK, SIDE, SIDE), np.uint8)
        self.render_states = np.zeros((num_envs, 0), np.float32)
        self.game_over = self._over = np.zeros(num_envs, np.bool_)

    def spaces(self) -> tuple[spaces.Box, spaces.Discrete]:
        """Returns what one copy observes, and the actions that its game knows."""
        seen = spaces.Box(0, 255, (STACK, SIDE, SIDE), np.uint8)
        return seen, spaces.Discrete(len(self._ale.ale.get_action_set()))

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a game everywhere; the generator of copy i is seeded with `seed` + i."""
        self._settle()
        seeds = seed_list(seed, self.num_envs)
        self._generators = seeded(self._generators, seeds)
        everywhere = np.ones(self.num_envs, np.bool_)
        self._draw_seeds(everywhere)
        self._see(self._begin_seeded(everywhere), everywhere)
        self.game_over = self._over = np.zeros(self.num_envs, np.bool_)
        return self.observations.copy(), {}

    def step(self, actions: np.ndarray) -> Outcome:
        """Plays a step (N,) everywhere; a game that is over gives way to a new one.

        Raises:
            TaskError: The actions have the wrong shape, or are none of the game's.
        """
        self.send(actions)
        return self.receive()

    def send(self, actions: np.ndarray) -> None:
        """Begins a step (N,) everywhere, which goes on by itself until `receive` waits for it.

        Raises:
            TaskError: The actions have the wrong shape, or are none of the game's.
        """
        if not self._generators:
            raise ResetNeeded("Cannot call step() before reset().")
        actions = np.asarray(actions)
        known = int(self.single_action_space.n)  # pyright: ignore[reportAttributeAccessIssue]
        if actions.shape != (self.num_envs,):
            raise TaskError(
                f"Actions of shape ({self.num_envs},) are needed, but {actions.shape} came."
            )
        # The ALE would wait for ever for a copy that was told one that it does not know.
        if actions.dtype.kind not in "iu" or not 0 <= actions.min() <= actions.max() < known:
            raise TaskError(
                f"Actions of this game are whole numbers from 0 to {known - 1}, but {actions} came."
            )
        self._settle()
        self._remember(actions)
        self._send(actions)

    def receive(self) -> Outcome:
        """Returns what the step that `send` began came to, as `step` does."""
        pictures, rewards, over = self._receive()
        self.game_over = self._over = over
        if over.any():
            pictures = self._begin(over)
            worn = over & (self._since >= STEPS_OF_A_SEED)
            if worn.any():
                self._draw_seeds(worn)
                pictures = self._begin_seeded(worn)
        self._see(pictures, over)
        never = np.zeros(self.num_envs, np.bool_)
        return self.observations.copy(), rewards, never, never.copy(), {}

    def snapshot(self) -> dict[str, np.ndarray]:
        """Returns the seeds, the actions since, and the random streams."""
        if not self._generators:
            raise ResetNeeded("Cannot take a snapshot before reset().")
        self._settle()
        longest = self._since.max()
        played = self._actions[:, :longest]  # what is left of earlier seeds tells nothing
        return {
            "seeds": self._seeds.copy(),
            "since": self._since.copy(),
            "actions": np.where(np.arange(longest) < self._since[:, None], played, 0),
            "observations": self.observations.copy(),
            "game_over": self._over.copy(),
            "generators": pack_generators(self._generators),
        }

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Plays everything since the seeds of a snapshot again, all copies to end at once.

        Raises:
            TaskError: The snapshot is of something else, or the games came out differently.
        """
        if "elapsed" in snapshot:  # of an earlier version, in which each game had its own seed
            snapshot = {"since" if n == "elapsed" else n: a for n, a in snapshot.items()}
        if not self._generators:
            self._generators = [seeding.np_random(0)[0] for _ in range(self.num_envs)]
        self._settle()
        played = int(np.max(snapshot["since"], initial=0)) if "since" in snapshot else 0
        self._make_room(played)
        if "actions" in snapshot:  # which may be one half's of many copies
            snapshot = {**snapshot, "actions": snapshot["actions"][:, :played]}
        check_snapshot(snapshot, self.snapshot() | {"actions": self._actions[:, :played]})
        self._seeds, self._since = np.array(snapshot["seeds"]), np.array(snapshot["since"])
        self._actions[:, :played] = snapshot["actions"]
        self._replay(played)
        if not np.array_equal(self.observations, snapshot["observations"]):
            raise TaskError(
                f"The games of {self._game.rom} do not come out as they did when the checkpoint "
                "was written: use the version of ale-py that the run's versions.json names."
            )
        self._generators = unpack_generators(snapshot["generators"])
        self.game_over = self._over = np.array(snapshot["game_over"])

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Returns a picture of every copy, where they are recorded."""
        return None if self.frames is None else tuple(self.frames)

    def close_extras(self) -> None:
        """Closes the copies."""
        self._ale.close()

    def _replay(self, steps: int) -> None:
        """Plays what came since the seeds; those that lasted longest lasted `steps` steps."""
        begins = steps - self._since  # (N,) when each copy begins, so that all end together
        everywhere = np.ones(self.num_envs, np.bool_)
        self._see(self._begin_seeded(everywhere), everywhere)  # the ALE starts with all of them
        for t in range(steps):
            at = np.maximum(t - begins, 0)
            self._send(self._actions[np.arange(self.num_envs), at])
            pictures, _, over = self._receive()
            late = begins == t + 1
            if over.any():
                pictures = self._begin(over)
            if late.any():
                pictures = self._begin_seeded(late)
            self._see(pictures, over | late)

    def _send(self, actions: np.ndarray) -> None:
        self._ale.send(actions.astype(np.int32))
        self._sent = True

    def _receive(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns pictures, score gained (N,) float64 and whether the game is over (N,)."""
        pictures, scores, terminated, truncated, _ = self._ale.recv()
        self._sent = False
        self._elapsed += 1
        over = terminated | truncated | (self._elapsed >= self._game_steps)
        return pictures, scores.astype(np.float64), over

    def _settle(self) -> None:
        """Ends a step that was begun and never waited for, as when a rollout is interrupted."""
        if self._sent:
            self.receive()

    def _draw_seeds(self, where: np.ndarray) -> None:
        """Draws new seeds where `where` (N,) says so."""
        for i in np.flatnonzero(where):
            self._seeds[i] = self._generators[i].integers(2**31)
        self._since[where] = 0

    def _begin_seeded(self, where: np.ndarray) -> np.ndarray:
        """Begins games with their seeds, and returns the pictures of all copies."""
        return self._begin(where, self._seeds[where])

    def _begin(self, where: np.ndarray, seeds: np.ndarray | None = None) -> np.ndarray:
        """Begins games where `where` (N,) says so, and returns the pictures of all copies.

        Without seeds, a copy's next game follows from its seed and all that was played since.
        """
        self._elapsed[where] = 0
        options = {"reset_mask": where} if not where.all() else None
        pictures, _ = self._ale.reset(seed=seeds, options=options)
        return pictures

    def _see(self, pictures: np.ndarray, began: np.ndarray) -> None:
        """Takes pictures (N, 1, ...) in; where a game `began` (N,) they are all that is seen."""
        pictures = pictures[:, 0]
        black_out(pictures, self._game.blanks)
        if self._record_frames:
            self.frames, pictures = pictures, to_grey(pictures)
        shrink(pictures, self._shrunk)
        self.observations[:, :-1] = self.observations[:, 1:]
        self.observations[:, -1] = self._shrunk
        if began.any():
            self.observations[began] = self._shrunk[began][:, None]

    def _remember(self, actions: np.ndarray) -> None:
        self._make_room(int(self._since.max()) + 1)
        self._actions[np.arange(self.num_envs), self._since] = actions
        self._since += 1

    def _make_room(self, steps: int) -> None:
        """Makes the record of actions as long as `steps`, doubling it as it grows."""
        while self._actions.shape[1] < steps:
            self._actions = np.concatenate((self._actions, np.zeros_like(self._actions)), axis=1)


def _checked_rom(rom: str) -> str:
    """Returns the name of a ROM that is there.

    Raises:
        TaskError: It is not.
    """
    path = roms.get_rom_path(rom)
    if path is None or not path.exists():
        raise TaskError(
            f"The ROM of {rom} is missing from ale-py: install ale-py again, its wheels hold all "
            "ROMs."
        )
    return rom
