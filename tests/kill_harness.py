"""Kills training with SIGKILL again and again, and compares what comes of it with a run left alone.

    python tests/kill_harness.py --kills 50 --aimed 30

trains once without a kill, and then other runs with the same settings that are killed and resumed
until they finish; each must end with the same hashes of everything (see `fingerprint`). `--kills`
come at times uniform over the life of a process, its start and its end included. `--aimed` ones
come within a part of the work: while fitting, while asking (which commits to the label store),
while writing a checkpoint, and while the policy learns. Where a process was when it died is known
because the child shows on a page of shared memory which part its `Clock` is timing; in all else it
is the command line, `pbrl train`.

Further arguments are those of `pbrl train`, in place of a small run's, for example

    python tests/kill_harness.py --kills 5 --aimed 5 debug --true-reward

The exit code is 1 if a run differs. A table says how often each part was hit.
"""

import argparse
import contextlib
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PARTS = ("starting", "between parts", "acting", "learning", "asking", "fitting", "saving")
"""What a child can be doing; all but the first two are timed by the trainer's clock."""
AIMED = ("fitting", "asking", "saving", "learning")
KILLS_PER_RUN = 6
POLL_SECONDS = 0.0002
SMALL = (
    "debug --total-steps 8192 --agent.rollout-steps 32 --query.initial-steps 1024 "
    "--query.every-steps 1024 --query.label-budget 32 --checkpoint-steps 1536 "
    "--reward.initial-updates 60"
)
"""A run of a few seconds with seven rounds of questions and five checkpoints."""


# --- the child ----------------------------------------------------------------------------------


def be_child(page: Path, arguments: list[str]) -> int:
    """Runs `pbrl` and shows on `page` which part is being worked on."""
    from pbrl.cli import main
    from pbrl.status import Clock

    with page.open("r+b") as file:
        shown = mmap.mmap(file.fileno(), 1)
    timed = Clock.time

    @contextlib.contextmanager
    def time_and_show(clock: Clock, part: str) -> Iterator[None]:
        shown[0] = PARTS.index(part)
        try:
            with timed(clock, part):
                yield
        finally:
            shown[0] = PARTS.index("between parts")

    Clock.time = time_and_show
    return main(arguments)


# --- the parent ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """When to kill: a time after the start, or within the n-th visit to a part."""

    seconds: float
    part: str | None = None
    visit: int = 0


@dataclass
class Life:
    """What was seen of a process."""

    seconds: float = 0.0
    code: int = 0
    killed_in: str | None = None
    visits: dict[str, list[float]] = field(default_factory=dict)
    """Seconds that each visit to a part took."""


def live(page: Path, arguments: list[str], log: Path, aim: Aim | None) -> Life:
    """Runs a child, and kills it when the aim says so."""
    page.write_bytes(b"\0")
    with page.open("r+b") as file:
        shown = mmap.mmap(file.fileno(), 1)
    command = [sys.executable, __file__, "--child", str(page), *arguments]
    with log.open("ab") as output:
        # A group of its own, so that a compiler that the child has started dies with it.
        child = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    life, start = Life(), time.perf_counter()
    part, since = PARTS[0], start
    while child.poll() is None:
        now = time.perf_counter()
        if PARTS[shown[0]] != part:
            life.visits.setdefault(part, []).append(now - since)
            part, since = PARTS[shown[0]], now
        if aim is not None and _is_time(aim, life, part, now - since, now - start):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            life.killed_in = PARTS[shown[0]]
            break
        time.sleep(POLL_SECONDS)
    life.seconds, life.code = time.perf_counter() - start, child.returncode
    return life


def _is_time(aim: Aim, life: Life, part: str, in_part: float, in_all: float) -> bool:
    if aim.part is None:
        return in_all >= aim.seconds
    visits = len(life.visits.get(aim.part, ()))
    return part == aim.part and visits >= aim.visit and in_part >= aim.seconds


def draw_aim(rng: random.Random, undisturbed: Life, aimed: bool) -> Aim:
    """Draws when to kill the next process, from how long everything takes undisturbed."""
    if not aimed:
        return Aim(rng.uniform(0, undisturbed.seconds))
    part = rng.choice(AIMED)
    visit = rng.randrange(max(1, len(undisturbed.visits[part]) // 3))
    return Aim(rng.uniform(0, undisturbed.visits[part][visit]), part, visit)


def finished(page: Path, folder: Path, log: Path, options: list[str], aims: Iterator[Aim]) -> list:
    """Trains in `folder`, killed by the aims and resumed, to the end. Returns the processes."""
    lives = []
    while True:
        configs = list(folder.glob("*/config.json"))
        if configs:
            arguments = ["train", "--resume", str(configs[0].parent)]
        else:  # killed before there was anything to resume
            shutil.rmtree(folder, ignore_errors=True)
            arguments = ["train", *options, "--runs", str(folder)]
        life = live(page, arguments, log, next(aims, None))
        lives.append(life)
        if life.killed_in is None:
            if life.code != 0:
                sys.exit(f"A process failed with code {life.code}:\n{log.read_text()[-3000:]}")
            return lives


def main() -> int:
    """Runs the harness."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=50, help="kills at random times")
    parser.add_argument("--aimed", type=int, default=30, help="kills within a part of the work")
    parser.add_argument("--seed", type=int, default=0, help="of the times")
    parser.add_argument("--folder", type=Path, help="where the runs go, and stay")
    options, settings = parser.parse_known_args()
    settings = settings or SMALL.split()
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return harass(folder, settings, options.kills, options.aimed, random.Random(options.seed))


def harass(folder: Path, settings: list[str], kills: int, aimed: int, rng: random.Random) -> int:
    """Makes the runs and prints what came of them. Returns the exit code."""
    from fingerprint import fingerprint

    folder.mkdir(parents=True, exist_ok=True)
    page, log = folder / "page", folder / "log.txt"
    print("Training without kills, twice: once to compile, once to measure.", flush=True)
    for name in ("compiled", "alone"):
        (undisturbed,) = finished(page, folder / name, log, settings, iter(()))
    expected = fingerprint(next((folder / "alone").iterdir()))
    assert expected == fingerprint(next((folder / "compiled").iterdir())), "not deterministic"
    plan = [False] * kills + [True] * aimed
    rng.shuffle(plan)
    hits: Counter[str] = Counter()
    runs, different = 0, 0
    while sum(hits.values()) < len(plan):
        rest = plan[sum(hits.values()) :][:KILLS_PER_RUN]
        aims = (draw_aim(rng, undisturbed, aimed) for aimed in rest)
        runs += 1
        lives = finished(page, folder / f"run{runs}", log, settings, aims)
        if len(lives) == 1:  # the machine is faster than it was: the times were too late
            undisturbed = lives[0]
        hits.update(life.killed_in for life in lives if life.killed_in)
        found = fingerprint(next((folder / f"run{runs}").iterdir()))
        differing = [name for name in expected if found.get(name) != expected[name]]
        different += bool(differing)
        where = ", ".join(life.killed_in or "finished" for life in lives)
        says = f"differs in {', '.join(differing)}" if differing else "equal"
        print(f"run {runs}: {where}: {says}", flush=True)
        if not differing:
            shutil.rmtree(folder / f"run{runs}")
    print(f"\n{'killed while':<16}{'times':>6}")
    for part in PARTS:
        print(f"{part:<16}{hits[part]:>6}")
    print(f"{'in all':<16}{sum(hits.values()):>6}")
    print(f"\n{runs} runs finished after kills, {runs - different} equal to the run left alone.")
    return 1 if different else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(be_child(Path(sys.argv[2]), sys.argv[3:]))
    sys.exit(main())
