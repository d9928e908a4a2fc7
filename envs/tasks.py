"""The suite's tasks by id, and the functions that make, describe and draw any task."""

import difflib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np

from envs.atari import games
from envs.atari.batched import GAME_STEPS, BatchedAtariEnv
from envs.atari.double_buffered import DoubleBufferedAtariEnv
from envs.atari.game import AtariGame, Blank
from envs.errors import TaskError
from envs.gymnasium_tasks import (
    GymnasiumTaskEnv,
    episode_steps_of,
    flat_spaces,
    refuse_termination,
    refuse_undrawable,
)
from envs.mujoco.ant import ANT
from envs.mujoco.batched import BatchedMujocoEnv
from envs.mujoco.drawing import draw_states
from envs.mujoco.half_cheetah import HALF_CHEETAH
from envs.mujoco.hopper import HOPPER
from envs.mujoco.humanoid import HUMANOID
from envs.mujoco.inverted_double_pendulum import INVERTED_DOUBLE_PENDULUM
from envs.mujoco.inverted_pendulum import INVERTED_PENDULUM
from envs.mujoco.reacher import REACHER
from envs.mujoco.simulation import Simulation
from envs.mujoco.swimmer import SWIMMER
from envs.mujoco.task import MujocoTask, within_a_turn
from envs.mujoco.walker2d import WALKER2D
from envs.vector import TaskInfo, TaskVectorEnv

TASKS: dict[str, MujocoTask] = {
    "pbrl/Hopper-v0": HOPPER,
    "pbrl/Walker2d-v0": WALKER2D,
    "pbrl/Swimmer-v0": SWIMMER,
    "pbrl/HalfCheetah-v0": HALF_CHEETAH,
    "pbrl/Ant-v0": ANT,
    "pbrl/Reacher-v0": REACHER,
    "pbrl/InvertedPendulum-v0": INVERTED_PENDULUM,
    "pbrl/InvertedDoublePendulum-v0": INVERTED_DOUBLE_PENDULUM,
    "pbrl/Humanoid-v0": HUMANOID,
}


GAMES: dict[str, AtariGame] = {
    "pbrl/BeamRider-v0": games.BEAM_RIDER,
    "pbrl/Breakout-v0": games.BREAKOUT,
    "pbrl/Enduro-v0": games.ENDURO,
    "pbrl/Pong-v0": games.PONG,
    "pbrl/Qbert-v0": games.QBERT,
    "pbrl/Seaquest-v0": games.SEAQUEST,
    "pbrl/SpaceInvaders-v0": games.SPACE_INVADERS,
}
_ANY_GAME = "ALE/"
"""How the ids of all the ALE's games begin in Gymnasium; they are played by the same rules."""

_CLIP_FPS = 20.0  # where a task does not say at what rate it is to be shown
_LOOK_FOR_ANYTHING = "Prefer the clip that shows more of the behaviour that you want."


def make_task(
    env_id: str,
    num_envs: int,
    *,
    threads: int = 1,
    record_frames: bool = False,
    allow_termination: bool = False,
    blanks: Sequence[Blank] = (),
    double_buffered: bool = False,
    episode_steps: int = 0,
    wrap_angle: bool = False,
) -> TaskVectorEnv:
    """Makes N environments of a task, ready for `reset`.

    Args:
        env_id: One of `TASKS` or `GAMES`, or any other id that Gymnasium knows.
        num_envs: How many environments step together.
        threads: Native threads that step them, where the task has such (0: one per CPU).
        record_frames: Keep pictures in `frames`, for tasks that cannot be drawn from states;
            the others ignore it.
        allow_termination: Accept a task whose episodes can end early.
        blanks: Rectangles to black out of a game's pictures, besides its own.
        double_buffered: Let a game's copies be stepped in two halves too, where there are two
            copies and two threads; other tasks ignore it.
        episode_steps: Length of an episode in place of the task's own, of one of `TASKS`; 0 for
            its own.
        wrap_angle: Observe the torso's angle without the whole turns that it has made, of tasks
            whose bodies turn over in the plane.

    Raises:
        TaskError: The id is unknown, its spaces are not supported, its episodes can end early, a
            rectangle does not lie in the picture, or there is none, or episodes of this task cannot
            be given a length, or nothing turns over there.
    """
    if num_envs < 1:
        raise TaskError(f"A task needs at least 1 environment, but {num_envs} were asked for.")
    if wrap_angle and not _turns_over(env_id):
        able = ", ".join(filter(_turns_over, TASKS))
        raise TaskError(f"The angle of a torso can be wrapped in {able} only, not in {env_id}.")
    if env_id in TASKS:
        _refuse_blanks(env_id, blanks)
        task = within_a_turn(TASKS[env_id]) if wrap_angle else TASKS[env_id]
        task = replace(task, episode_steps=episode_steps or task.episode_steps)
        return BatchedMujocoEnv(task, num_envs, threads=threads)
    if episode_steps:
        raise TaskError(
            f"The length of {env_id}'s episodes is its own: it can be changed for "
            f"{', '.join(TASKS)} only."
        )
    if (game := _game(env_id)) is not None:
        game = replace(game, blanks=(*game.blanks, *blanks))
        if double_buffered and num_envs > 1 and threads > 1:
            return _double_buffered(game, num_envs, threads, record_frames)
        return BatchedAtariEnv(game, num_envs, threads=threads, record_frames=record_frames)
    _refuse_blanks(env_id, blanks)
    render_mode = "rgb_array" if record_frames else None
    if record_frames:
        with closing(_make_gymnasium(env_id)) as probe:
            refuse_undrawable(probe)
    if not allow_termination:
        with closing(_make_gymnasium(env_id)) as probe:
            flat_spaces(probe)
            refuse_termination(probe)
    copies = [_make_gymnasium(env_id, render_mode) for _ in range(num_envs)]
    return GymnasiumTaskEnv(
        copies, record_frames=record_frames, allow_termination=allow_termination
    )


def _double_buffered(
    game: AtariGame, num_envs: int, threads: int, record_frames: bool
) -> DoubleBufferedAtariEnv:
    """Makes two halves that share the threads."""
    sizes = ((num_envs + 1) // 2, num_envs // 2)
    shares = ((threads + 1) // 2, threads // 2)
    return DoubleBufferedAtariEnv(
        [
            BatchedAtariEnv(game, size, threads=share, record_frames=record_frames)
            for size, share in zip(sizes, shares, strict=True)
        ]
    )


def describe(env_id: str) -> TaskInfo:
    """Returns what can be said of a task without stepping it.

    Raises:
        TaskError: The id is unknown, or its spaces are not supported.
    """
    if env_id in TASKS:
        task = TASKS[env_id]
        observation_space, action_space = Simulation(task, 1).spaces()
        return TaskInfo(
            env_id=env_id,
            episode_steps=task.episode_steps,
            clip_fps=task.clip_fps,
            look_for=task.look_for,
            observation_space=observation_space,
            action_space=action_space,
            draws_from_states=True,
        )
    if (game := _game(env_id)) is not None:
        with closing(BatchedAtariEnv(game, 1)) as played:
            observation_space, action_space = played.spaces()
            return TaskInfo(
                env_id=env_id,
                episode_steps=GAME_STEPS,
                clip_fps=game.clip_fps,
                look_for=game.look_for,
                observation_space=observation_space,
                action_space=action_space,
                draws_from_states=False,
                endless=True,
                end_penalty=game.end_penalty,
            )
    with closing(_make_gymnasium(env_id)) as env:
        observation_space, action_space = flat_spaces(env)
        return TaskInfo(
            env_id=env_id,
            episode_steps=episode_steps_of(env),
            clip_fps=float(env.metadata.get("render_fps") or _CLIP_FPS),
            look_for=str(env.metadata.get("look_for") or _LOOK_FOR_ANYTHING),
            observation_space=observation_space,
            action_space=action_space,
            draws_from_states=False,
        )


def draw(
    env_id: str, states: np.ndarray, width: int, height: int, *, smooth: bool = False
) -> np.ndarray:
    """Returns pictures (T, height, width, 3) uint8 of render states (T, S), drawn offscreen.

    Args:
        env_id: The task that the states are of.
        states: Render states, of this or any other process.
        width: Of a picture, in pixels.
        height: Of a picture, in pixels.
        smooth: Whether to smooth the edges, which takes three times as long without a GPU.

    Raises:
        TaskError: The task cannot be drawn from states, the states are not of this task, or this
            machine has no offscreen OpenGL.
    """
    if env_id not in TASKS:
        describe(env_id)  # of a task that there is not it says so
        raise TaskError(
            f"{env_id} cannot be drawn from states: its frames are recorded while the agent acts."
        )
    return draw_states(TASKS[env_id], states, width, height, smooth=smooth)


def _game(env_id: str) -> AtariGame | None:
    """Returns the game of an id, None if it is of no game.

    Raises:
        TaskError: The ALE has no such game.
    """
    if env_id in GAMES:
        return GAMES[env_id]
    if not env_id.startswith(_ANY_GAME):
        return None
    if env_id not in gymnasium.registry:
        raise TaskError(_unknown(env_id))
    rom = gymnasium.registry[env_id].kwargs["game"]
    return AtariGame(rom, blanks=(), look_for=_LOOK_FOR_ANYTHING, end_penalty=0.0)


def _turns_over(env_id: str) -> bool:
    return env_id in TASKS and TASKS[env_id].torso_angle is not None


def _refuse_blanks(env_id: str, blanks: Sequence[Blank]) -> None:
    if blanks:
        raise TaskError(f"{env_id} is not a game: rectangles can be blacked out of games only.")


def _unknown(env_id: str) -> str:
    near = _nearest(env_id)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There is: {', '.join(TASKS)}."
    return f"There is no task {env_id!r}. {hint}"


def _make_gymnasium(env_id: str, render_mode: str | None = None) -> gymnasium.Env:
    """Makes one environment of an id that is not the suite's own.

    Raises:
        TaskError: Gymnasium does not know the id, or cannot make it here.
    """
    module, colon, _ = env_id.rpartition(":")
    if env_id not in gymnasium.registry and not colon:
        raise TaskError(_unknown(env_id))
    if colon and not all(word.isidentifier() for word in module.split(".")):
        raise TaskError(
            f"There is no task {env_id!r}: before the colon stands the module that registers it, "
            "as `import` names it, such as hover:Hover-v0 for the file hover.py."
        )
    # Not all constructors know the word.
    options: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
    try:
        return gymnasium.make(env_id, **options)
    except (gymnasium.error.Error, ImportError, TypeError, ValueError) as error:
        raise TaskError(f"The task {env_id!r} cannot be made here: {error}") from error


def _nearest(env_id: str) -> list[str]:
    """Returns the ids whose bare names are like that of `env_id`, the suite's own first."""
    by_name: dict[str, list[str]] = {}
    for known, spec in gymnasium.registry.items():
        by_name.setdefault(spec.name.lower(), []).append(known)
    name = env_id.rpartition("/")[2].partition("-v")[0].lower()
    near = difflib.get_close_matches(name, by_name, n=2)
    own = [known for one in near for known in by_name[one] if known in TASKS or known in GAMES]
    newest = [max(by_name[one], key=_version) for one in near]
    return list(dict.fromkeys(own + newest))


def _version(env_id: str) -> int:
    return gymnasium.registry[env_id].version or 0
