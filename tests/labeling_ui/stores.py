"""Makes label stores with real clips of the suite's tasks, for tests and for looking at.

By hand: python tests/labeling_ui/stores.py FOLDER [--task Hopper] [--pairs 40]
"""

import argparse
import json
from pathlib import Path

import numpy as np

import envs
from labeling_ui.game_practice import held_actions
from labeling_ui.practice import smooth_actions
from pbrl.config import EnvConfig, TrainConfig
from pbrl.frames import encode_frame
from pbrl.runs import Run
from pbrl.segments import Segment
from pbrl.store import LabelStore, Published, Query

RUN = "a-run"


def make_segments(task: str, count: int, seed: int = 0, steps: int | None = None) -> list[Segment]:
    """Clips of swinging limbs, real to the last state."""
    info = envs.describe(f"pbrl/{task}-v0")
    length = steps or round(1.5 * info.clip_fps)
    env = envs.make_task(info.env_id, count)
    env.reset(seed=seed)
    low, high = info.action_space.low, info.action_space.high
    rng = np.random.default_rng(seed)
    warm_up = min(20, info.episode_steps - length)
    actions = smooth_actions(rng, warm_up + length, count, low, high)[:, rng.permutation(count)]
    kept = []
    for at, action in enumerate(actions):
        before = env.observations.astype(np.float32), env.render_states.copy()
        _, reward, *_ = env.step(action)
        if at >= warm_up:
            kept.append((*before, action, reward))
    env.close()
    observations, states, actions, rewards = (np.stack(part) for part in zip(*kept, strict=True))
    return [
        Segment(
            observations[:, i].copy(),
            actions[:, i].astype(np.float32),
            rewards[:, i].astype(np.float64),
            states[:, i].astype(np.float32),
        )
        for i in range(count)
    ]


def make_game_segments(
    game: str, count: int, seed: int = 0, steps: int = 25, *, in_colour: bool = True
) -> list[Segment]:
    """Clips of random play, with the pictures that people see, or without."""
    games = envs.make_task(f"pbrl/{game}-v0", count, record_frames=in_colour)
    games.reset(seed=seed)
    actions = held_actions(np.random.default_rng(seed), int(games.single_action_space.n))
    newest, shown, rewards = [], [], []
    for t in range(60 + steps):
        if t == 60:
            newest = [games.observations[:, k].copy() for k in range(3)]  # before the first
        chosen = actions[t, np.arange(count) % actions.shape[1]]
        if t >= 60:
            newest.append(games.observations[:, -1].copy())
            shown.append([encode_frame(one) for one in games.frames] if in_colour else [])
        paid = games.step(chosen)[1]
        if t >= 60:
            rewards.append(paid)
    n = int(games.single_action_space.n)
    games.close()
    one_hot = np.eye(n, dtype=np.float32)
    return [
        Segment(
            np.stack([picture[i] for picture in newest]),
            one_hot[actions[60 : 60 + steps, i % actions.shape[1]]],
            np.array([paid[i] for paid in rewards], np.float64),
            np.zeros((steps, 0), np.float32),
            tuple(pictures[i] for pictures in shown) if in_colour else (),
        )
        for i in range(count)
    ]


def make_queries(
    segments: list[Segment], first: int = 0, members: int = 3, seed: int = 0
) -> list[Query]:
    """Pairs of clips, with returns that an ensemble might have predicted."""
    rng = np.random.default_rng(seed)
    queries = []
    for i in range(len(segments) // 2):
        pair = segments[2 * i], segments[2 * i + 1]
        true = np.array([clip.true_return for clip in pair])
        noise = rng.normal(size=(members, 2)) * (abs(true[0] - true[1]) + 1.0)
        queries.append(
            Query(first + i, "comparison", pair, step=1000 * i, predicted_returns=true + noise)
        )
    return queries


def published(**changes: object) -> Published:
    """What a trainer in the middle of a run says."""
    steps = np.arange(8_192, 412_000, 8_192)
    curve = 900 * (1 - np.exp(-steps / 150_000)) + 40 * np.sin(steps / 23_000)
    facts = {
        "state": "training",
        "phase": "training the agent",
        "steps": 412_000,
        "total_steps": 1_000_000,
        "labels": 137,
        "label_budget": 700,
        "steps_per_second": 2310.0,
        "learned_returns": tuple(zip(steps.tolist(), curve.tolist(), strict=True)),
    }
    return Published(**(facts | changes))


def make_run(folder: Path, task: str = "Hopper", pairs: int = 12, seed: int = 0) -> Path:
    """A run's folder with a store in which some pairs wait."""
    folder.mkdir(parents=True, exist_ok=True)
    env_id = f"pbrl/{task}-v0"
    Run(folder).write_config(TrainConfig(env=EnvConfig(env_id=env_id), annotator="human"))
    store = LabelStore(folder / "labels.db")
    store.open_run(folder.name, env_id, "comparison")
    if pairs:
        make = make_game_segments if env_id in envs.GAMES else make_segments
        store.post(folder.name, make_queries(make(task, 2 * pairs, seed)))
    store.publish(folder.name, published())
    store.close()
    return folder


def told(path: Path, what: str | None = None) -> list[dict]:
    """What a viewer told of itself."""
    lines = path.read_text().splitlines() if path.exists() else []
    facts = [json.loads(line) for line in lines if line.endswith("}")]
    return [fact for fact in facts if what in (None, fact["what"])]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--task", default="Hopper")
    parser.add_argument("--pairs", type=int, default=40)
    given = parser.parse_args()
    print(make_run(given.folder, given.task, given.pairs))
