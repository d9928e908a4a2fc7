"""Makes the suite's tasks known to Gymnasium, for `gymnasium.make` and `gymnasium.make_vec`."""

import gymnasium

from envs.atari.batched import GAME_STEPS, BatchedAtariEnv
from envs.atari.single import AtariEnv
from envs.errors import TaskError
from envs.mujoco.batched import BatchedMujocoEnv
from envs.mujoco.single import MujocoEnv
from envs.tasks import GAMES, TASKS


def register_tasks() -> None:
    """Registers every task that is not registered yet."""
    for env_id in GAMES:
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id,
                entry_point="envs.registration:make_game",
                vector_entry_point="envs.registration:make_games",
                kwargs={"env_id": env_id},
            )
    for env_id, task in TASKS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id,
                entry_point="envs.registration:make_single",
                vector_entry_point="envs.registration:make_batched",
                max_episode_steps=task.episode_steps,
                kwargs={"env_id": env_id},
            )


def make_single(
    env_id: str, *, render_mode: str | None = None, width: int = 480, height: int = 480
) -> MujocoEnv:
    """Makes one environment, which Gymnasium wraps with the time limit."""
    return MujocoEnv(TASKS[env_id], render_mode=render_mode, width=width, height=height)


make_single.metadata = MujocoEnv.metadata  # where Gymnasium looks for what can be rendered


def make_batched(
    env_id: str,
    num_envs: int,
    *,
    max_episode_steps: int,
    threads: int = 1,
    render_mode: str | None = None,
) -> BatchedMujocoEnv:
    """Makes N environments, which start anew in the step that ends an episode."""
    _records(render_mode)
    return BatchedMujocoEnv(
        TASKS[env_id],
        num_envs,
        threads=threads,
        episode_steps=max_episode_steps,
        render_mode=render_mode,
    )


def make_game(env_id: str, *, render_mode: str | None = None) -> AtariEnv:
    """Makes one copy of a game."""
    return AtariEnv(GAMES[env_id], render_mode=render_mode)


make_game.metadata = AtariEnv.metadata


def make_games(
    env_id: str,
    num_envs: int,
    *,
    threads: int = 1,
    render_mode: str | None = None,
    game_steps: int = GAME_STEPS,
) -> BatchedAtariEnv:
    """Makes N copies of a game, each of which begins anew in the step that ends a game."""
    games = BatchedAtariEnv(
        *(GAMES[env_id], num_envs),
        threads=threads,
        record_frames=_records(render_mode),
        game_steps=game_steps,
    )
    games.render_mode = render_mode
    return games


def _records(render_mode: str | None) -> bool:
    """Returns whether pictures are wanted.

    Raises:
        TaskError: In a way that batches know nothing of.
    """
    if render_mode not in (None, "rgb_array"):
        raise TaskError(f'render_mode is {render_mode!r}, but batches know "rgb_array" alone.')
    return render_mode is not None
