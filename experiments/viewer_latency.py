"""How long a person waits at the viewer: for it to open, and for the next pair after a key.

A store is filled with real clips, `pbrl label` opens it in a window of 1280 by 720 on a virtual
screen, and answers are keys that come through the X server.

    python -m experiments.viewer_latency HalfCheetah Hopper Pong --out docs/results/viewer.md

The times are the viewer's own: from the key's event to the picture that is on the screen.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import envs
from experiments.bench.results import processor
from experiments.scripted_person import Manner, Person, virtual_screen
from pbrl.config import EnvConfig, TrainConfig
from pbrl.frames import encode_frame
from pbrl.runs import Run, write_whole
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

COPIES, WARM_UP = 8, 30
"""Environments that make clips, and the steps before the first clip."""
OPENING = 60.0
"""Seconds after which a viewer that shows nothing is given up."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What was waited for at one task, in seconds."""

    task: str
    first_pair: float
    """From the command to the first pair on the screen."""
    next_pair: np.ndarray
    """(n,) from each key to the next pair."""
    look: float
    """What the window works for one of its 60 frames a second: 99 % take no longer."""


def real_clips(env_id: str, count: int) -> list[Segment]:
    """Returns clips of random play, with what people see of them."""
    info = envs.describe(env_id)
    length = round(1.5 * info.clip_fps)
    env = envs.make_task(env_id, COPIES, record_frames=not info.draws_from_states)
    rng, clips = np.random.default_rng(0), []
    while len(clips) < count:
        env.reset(seed=len(clips))
        taken = [_step(env, rng) for _ in range(WARM_UP + length)][-length:]
        clips += [_segment(taken, i) for i in range(COPIES)]
    env.close()
    return clips[:count]


def _step(env: envs.TaskVectorEnv, rng: np.random.Generator) -> tuple:
    """Takes a random step and returns what was there before it, and what came of it."""
    before = env.observations.copy(), env.render_states.copy()
    frames = None if env.frames is None else env.frames.copy()
    space = env.single_action_space
    discrete = hasattr(space, "n")
    drawn = rng.integers(space.n, size=COPIES) if discrete else None  # pyright: ignore
    actions = rng.uniform(-1, 1, env.action_space.shape) if drawn is None else drawn
    rewards = env.step(actions)[1]
    one_hot = actions if drawn is None else np.eye(space.n)[drawn]  # pyright: ignore
    return *before, frames, one_hot, rewards


def _segment(steps: list[tuple], i: int) -> Segment:
    """Returns the clip of copy `i`."""
    seen, states, frames, actions, rewards = zip(*steps, strict=True)
    pictures = seen[0].ndim == 4
    stacked = np.stack([one[i][-1] if pictures else one[i] for one in seen])
    if pictures:
        stacked = np.concatenate([seen[0][i][:-1], stacked])
    return Segment(
        stacked if pictures else stacked.astype(np.float32),
        np.stack([one[i] for one in actions]).astype(np.float32),
        np.array([one[i] for one in rewards], np.float64),
        np.stack([one[i] for one in states]).astype(np.float32),
        () if frames[0] is None else tuple(encode_frame(one[i]) for one in frames),
    )


def measure(task: str, answers: int, seconds: float) -> Waits:
    """Opens the viewer on a task's clips, answers, and returns what was waited for.

    Args:
        task: Its name, such as Hopper.
        answers: How many.
        seconds: Between a pair and its answer.
    """
    env_id = f"pbrl/{task}-v0"
    with tempfile.TemporaryDirectory() as folder, virtual_screen() as display:
        run, told = Run(Path(folder)), Path(folder) / "told.jsonl"
        run.write_config(TrainConfig(env=EnvConfig(env_id=env_id), annotator="human"))
        clips = real_clips(env_id, 2 * answers + 2)
        with closing(LabelStore(run.labels_file)) as store:
            store.open_run(run.name, env_id, "comparison")
            pairs = zip(clips[::2], clips[1::2], strict=True)
            store.post(run.name, [Query(n, "comparison", p, 0, None) for n, p in enumerate(pairs)])
            person = Person(
                display, store, run.name, Manner(0.0, seconds), np.random.default_rng(0)
            )
            command = [sys.executable, "-m", "pbrl.cli", "label", folder, "--practice", "0"]
            options = ["--repeats", "0", "--as", "person", "--tell", str(told)]
            begun = time.time()
            with subprocess.Popen(
                [*command, *options], env={**os.environ, "DISPLAY": display}
            ) as viewer:
                shown = []
                for count in range(answers + 1):
                    shown.append(next_shown(told, count, viewer))
                    time.sleep(seconds)
                    if count < answers:
                        person.press("Left")
                viewer.terminate()
            person.close()
        closed = json.loads(told.read_text().splitlines()[-1])
    waits = np.array([line["since_key"] for line in shown[1:]])
    return Waits(task, shown[0]["at"] - begun, waits, closed["most"])


def next_shown(told: Path, count: int, viewer: subprocess.Popen) -> dict:
    """Waits for the pair that is shown after `count` others."""
    deadline = time.monotonic() + OPENING
    while time.monotonic() < deadline and viewer.poll() is None:
        lines = told.read_text().splitlines() if told.exists() else []
        shown = [line for line in map(json.loads, lines) if line["what"] == "shown"]
        if len(shown) > count:
            return shown[count]
        time.sleep(0.02)
    raise RuntimeError("The viewer shows no pair.")


def document(command: str, measured: Sequence[Waits], seconds: float) -> str:
    """Returns the table as Markdown."""
    lines = [
        "# Waiting at the viewer",
        "",
        f"Made by `{command}`: {processor()}, {os.cpu_count()} processors, drawing without a GPU, "
        f"a window of 1280 by 720, an answer every {seconds:g} s. Goals: the next pair within "
        "50 ms of a key, the first within 3 s of the command, 60 frames a second (16.7 ms each).",
        "",
        "| task | first pair, s | answers | next pair, ms: median | 90 % | at most "
        "| work for a frame, ms: 99 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in measured:
        median, most, worst = 1000 * np.quantile(one.next_pair, (0.5, 0.9, 1.0))
        lines.append(
            f"| {one.task} | {one.first_pair:.1f} | {len(one.next_pair)} | {median:.0f} "
            f"| {most:.0f} | {worst:.0f} | {1000 * one.look:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the table."""
    parser = argparse.ArgumentParser(description="Measure how long a person waits at the viewer.")
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--answers", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    measured = [measure(task, options.answers, options.seconds) for task in options.tasks]
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    table = document(f"python -m experiments.viewer_latency {given}", measured, options.seconds)
    print(table)
    if options.out:
        write_whole(options.out, table.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
