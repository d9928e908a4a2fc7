"""Kills viewer, trainer and database with SIGKILL while a person judges, and counts the answers.

    python tests/people_kill_harness.py --kills 300 [--sqlite]

A person at the real window, on a virtual screen, answers whatever `pbrl label` shows, by keys that
come through the X server, and `pbrl train debug --annotator human` learns from it over PostgreSQL
(or SQLite, which cannot be killed by itself). At random times one of the three is killed, and
started again a moment later. The harness keeps a ledger of its own: what was shown, which key was
pressed, and which answers the viewer held for durable, that is before it showed the next pair.

In the end every answer of the ledger must stand in the store once and be the last key that was
pressed for its question at that viewer, no question may have two answers, an answer that the ledger
does not know must be one of the keys that were pressed, all kills must have been made, and the
trainer must have finished and have learnt from all answers but a last few, too few for another fit.
The exit code is 1 if not.
"""

import argparse
import contextlib
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from experiments.scripted_person import Manner, Person, virtual_screen
from pbrl.config import QueryConfig
from pbrl.errors import StoreError
from pbrl.metrics import read_metrics
from pbrl.runs import Run
from pbrl.store import LabelStore

LOOK_SECONDS = 0.2
"""Between a pair and its answer; at once, it cannot be answered."""
LEASE_SECONDS, HEARTBEAT_SECONDS = 3.0, 0.25
"""In place of 60 and 5, in the same proportion: what a dead viewer held is to come back soon."""
PATIENCE_SECONDS = 1.5
"""After a key to which nothing happened, until it is pressed again."""
CALM_SECONDS = (0.3, 3.0)
"""Between two kills."""
DOWN_SECONDS = (0.0, 0.7)
"""Between a kill and the new start."""
STUCK_SECONDS = 240.0
"""Without an answer, after which the harness gives up."""
ANSWERS_A_KILL = 3
"""Answers that are asked for, for each kill: more than fit in between."""
VIEWER = """
import sys
from labeling_ui import clerk, desk
from pbrl.cli.label import main
clerk.LEASE_SECONDS, desk.HEARTBEAT_SECONDS = map(float, sys.argv[1:3])
sys.exit(main(sys.argv[3:]))
"""
SETTINGS = (
    "--query.initial-steps 1024 --query.every-steps 1024 --agent.rollout-steps 64 "
    "--query.initial-fraction 0.1 --reward.initial-updates 50 --reward.updates 10 "
    "--total-steps 40960 --checkpoint-steps 2048 --max-lag 5 --query.ahead 30 --threads 1"
)


@dataclass(slots=True)
class Ledger:
    """What the harness saw, apart from the store."""

    pressed: dict[int, list[str]] = field(default_factory=dict)
    """Answers by the key that was pressed, by the number of the question, in order."""
    durable: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Number of the question and last key, by the answers' ids, of those held for durable."""
    kills: Counter = field(default_factory=Counter)
    """How often each was killed."""


class Program:
    """A program that is started, killed and started again.

    Args:
        command: It.
        log: Where it writes.
        environment: Its environment variables.
    """

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.command, self._log, self._environment = command, log, environment
        self._process: subprocess.Popen | None = None
        self.back_at = 0.0
        """When it is to be started again."""

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs or before it ran."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Starts it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=self._environment
            )

    def kill(self) -> None:
        """Kills it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Asks it to end, and waits."""
        if self.running and self._process is not None:
            self._process.terminate()
            self._process.wait(60)


class Sitting:
    """The three programs, the person and the killer.

    Args:
        folder: For runs and logs.
        display: The X display.
        server: The database's server, None for SQLite.
        url: The label store.
        kills: How often something is killed.
        seed: Of times, victims and keys.
    """

    def __init__(
        self, folder: Path, display: str, server: object, url: str, kills: int, seed: int
    ) -> None:
        self.folder, self.server, self.url, self.left = folder, server, url, kills
        self.ledger, self.rng = Ledger(), random.Random(seed)
        self._display, self._viewers = display, 0
        environment = os.environ | {"DISPLAY": display, "OMP_NUM_THREADS": "1"}
        budget = max(kills * ANSWERS_A_KILL, 80)
        self.trainer = Program(
            [sys.executable, "-m", "pbrl.cli", "train", "debug", "--annotator", "human",
             "--no-viewer", "--store", url, "--runs", str(folder / "runs"),
             "--query.label-budget", str(budget), *SETTINGS.split()],
            folder / "trainer.log", environment,
        )  # fmt: skip
        self.viewer = Program([], folder / "viewer.log", environment)
        self._told, self._read = folder / "none", 0
        self._shown: dict | None = None  # what is on the screen, until its answer is stored
        self._key, self._press_at = "", 0.0
        self._server_back_at: float | None = None
        self._last_answer = time.monotonic()

    def run(self) -> list[str]:
        """Kills and answers until training is over; returns what is wrong."""
        self.trainer.start()
        run = self._run_folder()
        with closing(self._store()) as store:
            while not (names := store.runs()):
                time.sleep(0.1)
        name = names[0]
        self.trainer.command = [
            *self.trainer.command[:4], "--resume", str(run), "--no-viewer", "--store", self.url,
        ]  # fmt: skip
        person = Person(self._display, None, name, Manner(0.0, 0.0), np.random.default_rng(0))  # type: ignore[arg-type]
        next_kill = time.monotonic() + 2.0
        try:
            while not (self.trainer.code == 0 and not self.left):
                self._bring_back(run)
                self._answer(person)
                if self.left and time.monotonic() >= next_kill:
                    self._kill_one()
                    next_kill = time.monotonic() + self.rng.uniform(*CALM_SECONDS)
                if self.trainer.code == 0:  # it has all answers; what is left is not needed
                    break
                if time.monotonic() - self._last_answer > STUCK_SECONDS:
                    return [f"nothing was answered for {STUCK_SECONDS:g} s: see {self.folder}"]
                time.sleep(0.01)
            self._bring_back(run)
            time.sleep(1.0)
            self._answer(person)
        finally:
            person.close()
            for program in (self.viewer, self.trainer):
                program.end()
            if self._server_back_at is not None:
                self.server.start()  # type: ignore[attr-defined]
        return self._wrong(run, name)

    def _store(self) -> LabelStore:
        return LabelStore(self.url)

    def _run_folder(self) -> Path:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if found := list((self.folder / "runs").glob("*/config.json")):
                return found[0].parent
            time.sleep(0.1)
        raise RuntimeError((self.folder / "trainer.log").read_text())

    def _bring_back(self, run: Path) -> None:
        """Starts what was killed, when its time has come."""
        now = time.monotonic()
        if self._server_back_at is not None and now >= self._server_back_at:
            self.server.start()  # type: ignore[attr-defined]
            self._server_back_at = None
        if not self.trainer.running and self.trainer.code != 0 and now >= self.trainer.back_at:
            self.trainer.start()
        if not self.viewer.running and now >= self.viewer.back_at and self.trainer.code != 0:
            self._viewers += 1
            self._told, self._read = self.folder / f"told {self._viewers}.jsonl", 0
            self._shown = None
            self.viewer.command = [
                sys.executable, "-c", VIEWER, str(LEASE_SECONDS), str(HEARTBEAT_SECONDS),
                str(run) if self.server is None else self.url, "--as", "person",
                "--practice", "0", "--repeats", "0", "--tell", str(self._told),
            ]  # fmt: skip
            self.viewer.start()

    def _answer(self, person: Person) -> None:
        """Reads what the viewer tells, and answers a pair that it shows."""
        text = self._told.read_text()[self._read :] if self._told.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole)
        for line in map(json.loads, whole.splitlines()):
            if line["what"] == "stored":
                number = line["number"]
                self.ledger.durable[line["id"]] = number, self.ledger.pressed[number][-1]
                self._last_answer = time.monotonic()
                self._shown = None
            elif line["what"] == "shown":
                self._shown, self._key = line, self.rng.choice(("Left", "Right"))
                self._press_at = time.monotonic() + LOOK_SECONDS
        if self._shown is None or not self.viewer.running or time.monotonic() < self._press_at:
            return
        side = self._shown["left"] if self._key == "Left" else 1 - self._shown["left"]
        said = ("first", "second")[side]
        self.ledger.pressed.setdefault(self._shown["number"], []).append(said)
        person.press(self._key)
        self._press_at = time.monotonic() + PATIENCE_SECONDS

    def _kill_one(self) -> None:
        """Kills one of those that run."""
        victims = ["viewer", "trainer", *(["database"] if self.server is not None else [])]
        victim = self.rng.choice(victims)
        back_at = time.monotonic() + self.rng.uniform(*DOWN_SECONDS)
        if victim == "database":
            if self._server_back_at is not None:
                return
            self.server.stop(signal.SIGKILL)  # type: ignore[attr-defined]
            self._server_back_at = back_at
        else:
            program = self.viewer if victim == "viewer" else self.trainer
            if not program.running:
                return
            program.kill()
            program.back_at = back_at
        self.ledger.kills[victim] += 1
        self.left -= 1

    def _wrong(self, run: Path, name: str) -> list[str]:
        """Compares ledger, store and trainer."""
        with closing(self._store()) as store:
            records = {one.id: one for one in store.answer_records(name)}
            standing = store.answers(name)
        wrong = []
        for answer, (number, said) in self.ledger.durable.items():
            if answer not in records:
                wrong.append(f"the answer {answer} to question {number} is lost")
            elif (records[answer].number, records[answer].text) != (number, said):
                wrong.append(f"the answer {answer} to question {number} is not {said}")
        counts = Counter(one.number for one in standing)
        wrong += [f"question {n} has {count} answers" for n, count in counts.items() if count > 1]
        for one in standing:
            if one.text not in self.ledger.pressed.get(one.number, []):
                wrong.append(f"nobody answered question {one.number} with {one.text}")
        learnt = read_metrics(Run(run))[-1].get("reward/labels")
        if self.left:
            wrong.append(f"{self.left} kills were not made: training ended before")
        if learnt is None or learnt <= len(standing) - QueryConfig().fit_answers:
            wrong.append(f"only {learnt} of {len(standing)} answers were learnt from")
        if self.trainer.code != 0:
            wrong.append(f"the trainer ended with {self.trainer.code}: see {self.folder}")
        told = len(self.ledger.durable)
        print(f"kills: {dict(self.ledger.kills)}")
        print(
            f"answers: {len(standing)} stand, {told} were told durable, {learnt} learnt from last"
        )
        return wrong


@contextlib.contextmanager
def database(*, sqlite: bool, folder: Path) -> Iterator[tuple[object, str]]:
    """Yields a PostgreSQL server with an empty database's URL, or no server and a file."""
    if sqlite:
        yield None, str(folder / "labels.db")
        return
    module = runpy.run_path(str(Path(__file__).with_name("postgresql_server.py")))
    server = module["PostgresqlServer"]()
    try:
        server.start()
        server.execute("CREATE DATABASE labels")
        yield server, server.url("labels")
    finally:
        server.remove()


def main(arguments: list[str] | None = None) -> int:
    """Runs the harness."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    with (
        database(sqlite=options.sqlite, folder=folder) as (server, url),
        virtual_screen() as display,
    ):
        sitting = Sitting(folder, display, server, url, options.kills, options.seed)
        try:
            wrong = sitting.run()
        except StoreError as error:
            wrong = [str(error)]
    print(f"{time.monotonic() - begun:.0f} s; logs in {folder}")
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
