"""What is measured: the scenes of each part, their contenders, and the goals."""

from collections.abc import Callable

from experiments.bench.extent import Extent
from experiments.bench.games import games, games_gpu, games_ppo
from experiments.bench.measure import Contender, Figure, Part, Scene, ratio, value
from experiments.bench.training import ppo, preferences, split

TASKS = ("HalfCheetah", "Hopper", "Walker2d", "Ant")


def stepping(extent: Extent) -> list[Scene]:
    """Vector environments with random actions, beside the raw physics and other libraries."""
    if extent.tiny:
        return [_stepping("HalfCheetah", 8, 1, extent)]
    return [_stepping(t, n, threads, extent) for t in TASKS for n in (8, 64) for threads in (1, 2)]


def _stepping(task: str, num_envs: int, threads: int, extent: Extent) -> Scene:
    settings = {
        **{"task": task, "num_envs": num_envs, "threads": threads},
        **{"seconds": 0.1 if extent.tiny else 2.0, "episode_steps": 100 if extent.tiny else 1000},
    }

    def contender(name: str, key: str, peer: str | None = None) -> Contender:
        return Contender(name, "stepping", {**settings, "contender": key}, peer=peer)

    contenders = [contender("pbrl", "pbrl"), contender("mujoco.batch", "mujoco.batch")]
    goals: dict[str, float | None] = {"mujoco.batch": 0.8 if num_envs < 64 else 0.9}
    if not extent.tiny:
        contenders.append(contender("EnvPool", "envpool", "envpool"))
        goals["EnvPool"] = 1.3
    if threads == 1:  # it has no threads
        contenders.append(contender("SyncVectorEnv", "sync"))
        goals["SyncVectorEnv"] = None
    if threads > 1 or extent.tiny:
        contenders.append(contender("AsyncVectorEnv", "async"))
        goals["AsyncVectorEnv"] = None
    figures = [Figure(f"pbrl / {peer}", ratio("pbrl", peer), goals[peer]) for peer in goals]
    if not extent.tiny:  # what pbrl, which steps with it, cannot pass
        figures.append(Figure("mujoco.batch / EnvPool", ratio("mujoco.batch", "EnvPool")))
    name = f"{task}, {num_envs} environments, {threads} thread{'s' if threads > 1 else ''}"
    return Scene("stepping", name, "steps/s", tuple(contenders), tuple(figures))


def startup(extent: Extent) -> list[Scene]:
    """Seconds from a command to what it is for."""
    goals = {"help": 0.5, "warm": 5.0, "cold": 25.0}
    names = {
        "help": "the command's help",
        "warm": "training HalfCheetah, to the first step",
        "cold": "the same with empty caches",
    }
    if extent.tiny:  # compiling takes longer than all of it should
        del goals["cold"]
    contenders = tuple(Contender(names[what], "startup", {"what": what}) for what in goals)
    figures = tuple(
        Figure(f"{names[what]}, s", value(names[what]), at_most=goals[what]) for what in goals
    )
    return [Scene("startup", "start-up", "s", contenders, figures)]


PARTS: dict[Part, Callable[[Extent], list[Scene]]] = {
    "stepping": stepping,
    "ppo": ppo,
    "preferences": preferences,
    "split": split,
    "startup": startup,
    "games": games,
    "games-ppo": games_ppo,
    "games-gpu": games_gpu,
}
