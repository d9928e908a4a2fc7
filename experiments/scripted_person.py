"""A scripted person at the real window, beside the oracle that makes no errors.

    python -m experiments.scripted_person InvertedPendulum Hopper --labels 700 --seeds 1 2 3

For each task and seed `pbrl train --annotator human` trains, and `pbrl label` shows its window on a
virtual screen (Xvfb). The person learns from what the viewer tells a file which pair stands there,
looks up the clips' true returns in the label store, waits, and presses a key through the X server;
one answer in ten is the wrong one. The oracle's runs have the same settings. Writes
`docs/results/scripted_person.md` and `.csv`. Interrupted, it goes on where it was. It needs Xvfb
and the package python-xlib.
"""

import argparse
import csv
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from experiments.sweeps import pbrl_process
from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import measured
from experiments.sweeps.local_workers import EPISODES, LocalWorkers, places
from experiments.sweeps.progress import progress_for
from experiments.sweeps.sweep import State, Sweep, carry_out
from pbrl.store import LabelStore

PBRL = [sys.executable, "-m", "pbrl.cli"]
RESULTS = Path("docs/results")
NAME = "scripted"
PATIENCE = 900.0
"""Seconds without a new pair or a stored answer after which something must be wrong."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the person answers."""

    error_rate: float
    """Chance that an answer is the wrong one."""
    seconds: float
    """From a pair's appearance to the key."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run beside the oracle's."""

    task: str
    seed: int
    labels: int
    steps: int
    answers: int
    """Answers in the store when the run had ended."""
    wrong: int
    """Of these, against the true returns."""
    minutes: float
    """The sitting's length."""
    person_return: float
    """Mean true return of the agent's fresh episodes."""
    oracle_return: float
    """The same of the oracle's run."""
    untrained_return: float
    """Of the policy before training."""

    @property
    def score(self) -> float:
        """Returns 0 for the untrained policy and 1 for the oracle's agent."""
        gained = self.person_return - self.untrained_return
        return gained / (self.oracle_return - self.untrained_return)


class Person:
    """Looks at the window's pairs and presses keys.

    Args:
        display: The X display, such as ":99".
        store: The run's label store.
        run: Its name there.
        manner: How to answer.
        rng: Draws the errors.
    """

    KEYS = {"left": "Left", "right": "Right", "tie": "Up"}

    def __init__(
        self, display: str, store: LabelStore, run: str, manner: Manner, rng: np.random.Generator
    ) -> None:
        from Xlib.display import Display

        self._display = Display(display)
        self._store, self._run, self._manner, self._rng = store, run, manner, rng
        self.wrong = 0

    def answer(self, number: int, left: int) -> None:
        """Judges a pair that stands on the screen, `left` being the clip on its left side."""
        time.sleep(self._manner.seconds)
        clips = self._store.segments(self._run, [number])[number]
        returns = [clip.true_return for clip in clips]
        if returns[0] == returns[1]:
            self.press(self.KEYS["tie"])
            return
        better = int(np.argmax(returns))
        if self._rng.random() < self._manner.error_rate:
            better, self.wrong = 1 - better, self.wrong + 1
        self.press(self.KEYS["left" if better == left else "right"])

    def press(self, key: str) -> None:
        """Presses and lets go of a key, whichever window is there being the one that has it."""
        from Xlib import XK, X
        from Xlib.ext import xtest

        windows = self._display.screen().root.query_tree().children
        shown = [w for w in windows if w.get_attributes().map_state == X.IsViewable]
        if shown:
            shown[-1].set_input_focus(X.RevertToParent, X.CurrentTime)
        code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, kind, code)
        self._display.sync()

    def close(self) -> None:
        """Lets go of the display."""
        self._display.close()


@contextmanager
def virtual_screen() -> Iterator[str]:
    """Starts Xvfb on a free display and yields the display's name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            ready, _, _ = select.select([read], [], [], 30)
            number = os.read(read, 16).decode().strip() if ready else ""
            if not number:
                raise RuntimeError("Xvfb did not start within 30 seconds.")
            yield f":{number}"
        finally:
            os.close(read)
            server.terminate()


def sit(cell: Cell, folder: Path, manner: Manner) -> None:
    """Trains a run from a scripted person's answers to its end."""
    (folder / "told.jsonl").unlink(missing_ok=True)
    facts = _facts(folder)  # of sittings that were interrupted
    begun = sorted(folder.glob("*/config.json"))
    reward = [f"--query.label-budget={cell.labels}", "--annotator", "human", "--no-viewer"]
    common = [f"--seed={cell.seed}", f"--total-steps={cell.steps}", "--threads=1"]
    fresh = ["train", cell.task, *reward, *common, "--runs", str(folder)]
    train = ["train", "--resume", str(begun[0].parent), "--no-viewer"] if begun else fresh
    with virtual_screen() as display, (folder / "log.txt").open("a") as log:
        out = {"stdout": log, "stderr": log, "env": os.environ | {"DISPLAY": display}}
        began = time.monotonic()
        trainer = subprocess.Popen([*PBRL, *train], **out)
        try:
            run = _run_in(folder, trainer)
            told = folder / "told.jsonl"
            manners = ["--as", NAME, "--practice", "0", "--repeats", "0", "--tell", str(told)]
            viewer = subprocess.Popen([*PBRL, "label", str(run), *manners], **out)
            try:
                _answer_until_the_end(cell, display, run, told, trainer, viewer, manner, facts)
            finally:
                viewer.terminate()
                viewer.wait()
        finally:
            facts["minutes"] += (time.monotonic() - began) / 60
            (folder / "sitting.json").write_text(json.dumps(facts))
            if trainer.poll() is None:
                trainer.terminate()
            trainer.wait()
        if trainer.returncode:
            raise RuntimeError(
                f"The trainer ended with {trainer.returncode}: see {folder}/log.txt."
            )


def _facts(folder: Path) -> dict[str, float]:
    """Returns how long the person has sat, and how many answers were wrong."""
    kept = folder / "sitting.json"
    return json.loads(kept.read_text()) if kept.is_file() else {"minutes": 0.0, "wrong": 0}


def _run_in(folder: Path, trainer: subprocess.Popen) -> Path:
    """Returns the run's folder, once the trainer has made it and its store."""
    while trainer.poll() is None:
        if found := sorted(folder.glob("*/labels.db")):
            return found[0].parent
        time.sleep(0.1)
    raise RuntimeError(f"The trainer ended at once: see {folder}/log.txt.")


def _answer_until_the_end(
    cell: Cell,
    display: str,
    run: Path,
    told: Path,
    trainer: subprocess.Popen,
    viewer: subprocess.Popen,
    manner: Manner,
    facts: dict[str, float],
) -> None:
    """Answers whatever is shown until training is over; counts the answers that were wrong."""
    with closing(LabelStore(run / "labels.db")) as store:
        person = Person(
            display, store, _name_in(store), manner, np.random.default_rng([cell.seed, 7])
        )
        try:
            for line in _lines(told, trainer, viewer):
                if line["what"] == "shown":
                    person.answer(line["number"], line["left"])
        finally:
            facts["wrong"] += person.wrong
            person.close()


def _name_in(store: LabelStore) -> str:
    while not (runs := store.runs()):
        time.sleep(0.1)
    return runs[0]


def _lines(told: Path, trainer: subprocess.Popen, viewer: subprocess.Popen) -> Iterator[dict]:
    """Yields what the viewer tells, as it comes, until the trainer has ended."""
    place, last = 0, time.monotonic()
    while trainer.poll() is None:
        text = told.read_text()[place:] if told.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        place += len(whole)
        for line in whole.splitlines():
            last = time.monotonic()
            yield json.loads(line)
        if viewer.poll() is not None:
            raise RuntimeError("The viewer was closed while training went on.")
        if time.monotonic() - last > PATIENCE:
            raise RuntimeError(f"Nothing was shown for {PATIENCE:.0f} seconds.")
        time.sleep(0.01)


def row_of(cell: Cell, root: Path, manner: Manner) -> Row:
    """Returns a row of the table; sits and measures if that is not there yet."""
    folder = root / "person" / cell.task / f"{cell.labels}-{cell.steps}-{cell.seed}"
    result = folder / "evaluation.json"
    if not result.is_file() or not result.stat().st_size:  # one that was stopped leaves 0
        folder.mkdir(parents=True, exist_ok=True)
        sit(cell, folder, manner)
        run = next(folder.glob("*/config.json")).parent
        evaluate = ["eval", str(run), f"--episodes={EPISODES}", "--json", str(result)]
        if code := pbrl_process.start(evaluate, folder / "log.txt").wait():
            raise RuntimeError(f"The evaluation ended with code {code}: {folder / 'log.txt'}")
    oracle = measured(cell, root)
    facts = _facts(folder)
    with closing(LabelStore(next(folder.glob("*/labels.db")))) as store:
        answers = len(store.answers(store.runs()[0]))
    assert oracle.untrained_return is not None
    return Row(
        task=cell.task,
        seed=cell.seed,
        labels=cell.labels or 0,
        steps=cell.steps,
        answers=answers,
        wrong=int(facts["wrong"]),
        minutes=facts["minutes"],
        person_return=float(np.mean(json.loads(result.read_text())["returns"])),
        oracle_return=oracle.mean_return,
        untrained_return=oracle.untrained_return,
    )


def markdown(rows: list[Row], manner: Manner, arguments: list[str]) -> str:
    """Returns the document."""
    lines = [
        "# A scripted person at the window, beside the oracle",
        "",
        f"Made by `python -m experiments.scripted_person {' '.join(arguments)}`.",
        f"The person needs {manner.seconds:g} s from a pair's appearance to the key and names the "
        f"wrong clip in {manner.error_rate:.0%} of the answers; the oracle makes no errors. Mean "
        f"true return of {EPISODES} fresh episodes; score is (person - untrained) / (oracle - "
        "untrained), of each seed and of the means over seeds.",
        "",
        "| task | seed | answers | wrong | minutes | person | oracle | untrained | score |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.task} | {row.seed} | {row.answers} | {row.wrong} | {row.minutes:.1f} | "
        f"{row.person_return:,.1f} | {row.oracle_return:,.1f} | {row.untrained_return:,.1f} | "
        f"{row.score:.2f} |"
        for row in rows
    ]
    for task in dict.fromkeys(row.task for row in rows):
        of_task = [row for row in rows if row.task == task]
        person, oracle, untrained = (
            float(np.mean([getattr(row, name) for row in of_task]))
            for name in ("person_return", "oracle_return", "untrained_return")
        )
        score = (person - untrained) / (oracle - untrained)
        lines.append(
            f"| **{task}** | all | | | | {person:,.1f} | {oracle:,.1f} | {untrained:,.1f} | "
            f"**{score:.2f}** |"
        )
    return "\n".join([*lines, ""])


def oracle_answered(cells: list[Cell], root: Path, jobs: int) -> bool:
    """Makes the oracle's runs that are not there yet; returns whether all are finished."""
    with progress_for(Console()) as display:
        sweep = Sweep(cells, root)
        carry_out(sweep, LocalWorkers(root, places(1, jobs)), display)
    return len(sweep.those(State.FINISHED)) == len(sweep.states)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.scripted_person",
        description="Train from a scripted person's answers at the real window.",
    )
    parser.add_argument("tasks", nargs="+", metavar="task", help="name of a preset")
    parser.add_argument("--labels", type=int, default=700, help="label budget (default: 700)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="seeds")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of each run")
    parser.add_argument("--error-rate", type=float, default=0.1, help="share of wrong answers")
    parser.add_argument("--seconds", type=float, default=0.2, help="seconds for an answer")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: 2)")
    parser.add_argument("--runs", type=Path, default=Path("runs/table"), help="folder of the runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the table")
    options = parser.parse_args(arguments)
    manner = Manner(options.error_rate, options.seconds)
    cells = [
        Cell(task, options.labels, seed, options.steps)
        for task in options.tasks
        for seed in options.seeds
    ]
    if not oracle_answered(cells, options.runs, options.jobs):
        return 1
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda cell: row_of(cell, options.runs, manner), cells))
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "scripted_person.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    given = sys.argv[1:] if arguments is None else list(arguments)
    document = markdown(rows, manner, given)
    (options.out / "scripted_person.md").write_text(document)
    print(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
