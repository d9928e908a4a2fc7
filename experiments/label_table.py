"""Returns with labels beside returns on the true reward, as tables.

    python -m experiments.label_table HalfCheetah Hopper --labels 700 --seeds 1 2 3

trains every run that is not there yet, as `pbrl train` does and as many at a time as --jobs says,
plays fresh episodes with each agent, and writes `docs/results/<task>.md` and `.csv`, and over
several tasks `docs/results/tasks.md`. `--labels` alone leaves the true reward. Interrupted, it goes
on where it was. All conditions share network, steps, seeds and all of the agent's hyperparameters;
the runs with labels count the steps before training as theirs. What is there is never measured
again: remove the folder of the runs after a change that matters.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import stats

EPISODES = 50
TRUE_REWARD = "true reward"
RESULTS = Path("docs/results")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of the table."""

    task: str
    """Name of the preset."""
    labels: int | None
    """Label budget; None for training on the true reward."""
    seed: int
    """The run's seed."""
    steps: int
    """Environment steps."""

    @property
    def condition(self) -> str:
        """Returns what the agent learnt from, in words."""
        return TRUE_REWARD if self.labels is None else f"{self.labels} labels"

    def folder(self, root: Path) -> Path:
        """Returns the folder that holds the run and its evaluation."""
        return root / self.task / f"{self.condition.replace(' ', '-')}-{self.steps}-{self.seed}"

    def train_arguments(self, root: Path) -> list[str]:
        """Returns the arguments of `pbrl` that train it, or go on with it."""
        begun = sorted(self.folder(root).glob("*/config.json"))
        if begun:
            return ["train", "--resume", str(begun[0].parent)]
        reward = (
            ["--true-reward"] if self.labels is None else [f"--query.label-budget={self.labels}"]
        )
        return [
            *("train", self.task, *reward, "--runs", str(self.folder(root))),
            *(f"--seed={self.seed}", f"--total-steps={self.steps}", "--threads=1"),
        ]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one run."""

    task: str
    condition: str
    seed: int
    steps: int
    episodes: int
    mean_return: float
    """Mean true return of the agent's mean actions over fresh episodes."""
    deviation: float
    """Standard deviation over those episodes."""
    untrained_return: float | None
    """Mean true return of the policy before training; only runs with labels act with it."""
    fresh_pairs: float | None
    """Share of fresh pairs of clips that the learned reward orders as the true one does."""
    clip_correlation: float | None
    """Correlation of learned and true returns of clips."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.label_table",
        description="Measure learning from labels beside learning from the true reward.",
    )
    parser.add_argument("tasks", nargs="+", metavar="task", help="name of a preset")
    parser.add_argument(
        "--labels", type=int, nargs="*", default=[700], help="label budgets (default: 700)"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="seeds")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of each run")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: 2)")
    parser.add_argument("--runs", type=Path, default=Path("runs/table"), help="folder of the runs")
    options = parser.parse_args(arguments)
    given = sys.argv[1:] if arguments is None else list(arguments)
    cells = [
        Cell(task, labels, seed, options.steps)
        for task in options.tasks
        for seed in options.seeds
        for labels in (*options.labels, None)
    ]
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda cell: measured(cell, options.runs), cells))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for task in options.tasks:
        of_task = [row for row in rows if row.task == task]
        write_csv(of_task, RESULTS / f"{task}.csv")
        document = markdown(of_task, task, given)
        (RESULTS / f"{task}.md").write_text(document)
        print(document)
    if len(options.tasks) > 1:
        summary = summary_markdown(rows, given)
        (RESULTS / "tasks.md").write_text(summary)
        print(summary)
    return 0


def measured(cell: Cell, root: Path) -> Row:
    """Trains a run to its end, unless it is there, and measures its agent."""
    folder = cell.folder(root)
    result = folder / "evaluation.json"
    if not result.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        run_pbrl(cell.train_arguments(root), folder / "log.txt")
        run = next(folder.glob("*/config.json")).parent
        evaluate = ["eval", str(run), f"--episodes={EPISODES}", "--json", str(result)]
        run_pbrl(evaluate, folder / "log.txt")
    run = next(folder.glob("*/config.json")).parent
    return row_of(cell, json.loads(result.read_text()), run / "metrics.jsonl")


def run_pbrl(arguments: list[str], log: Path) -> None:
    """Runs `pbrl` in a process of its own; what it prints is appended to the log."""
    sys.stdout.write(f"pbrl {' '.join(arguments)}\n")  # in one piece: several threads write
    sys.stdout.flush()
    with log.open("a") as out:
        subprocess.run(
            [sys.executable, "-m", "pbrl.cli", *arguments], stdout=out, stderr=out, check=True
        )


def row_of(cell: Cell, evaluation: dict, metrics: Path) -> Row:
    """Returns the table's row from a run's evaluation and metrics."""
    returns = np.array(evaluation["returns"])
    before = [
        line.get("rollout/ep_rew_mean")
        for line in map(json.loads, metrics.read_text().splitlines())
        if line.get("reward/labels") == 0
    ]
    return Row(
        task=cell.task,
        condition=cell.condition,
        seed=cell.seed,
        steps=cell.steps,
        episodes=len(returns),
        mean_return=float(returns.mean()),
        deviation=float(returns.std()),
        untrained_return=before[-1] if before else None,
        fresh_pairs=evaluation["fresh_pairs"],
        clip_correlation=evaluation["clip_correlation"],
    )


def write_csv(rows: list[Row], path: Path) -> None:
    """Writes one line per run."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def mean_and_interval(values: np.ndarray) -> tuple[float, float]:
    """Returns the mean over seeds and the half-width of its 95 % interval (Student's t)."""
    if len(values) < 2:
        return float(values.mean()), float("nan")
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * error)


def markdown(rows: list[Row], task: str, arguments: list[str]) -> str:
    """Returns a task's document: returns, score, what the learned rewards are worth."""
    with_labels = any(row.condition != TRUE_REWARD for row in rows)
    title = "learning from labels beside learning from the true reward"
    return "\n".join(
        [
            f"# {task}: {title if with_labels else 'learning from the true reward'}",
            "",
            *made_by(rows, arguments),
            "",
            *returns_table(rows),
            "",
            *([score_sentence(rows), "", *rewards_table(rows), ""] if with_labels else []),
        ]
    )


def summary_markdown(rows: list[Row], arguments: list[str]) -> str:
    """Returns the document over all tasks: a line for each."""
    conditions = list(returns_of(rows))
    budgets = [name for name in conditions if name != TRUE_REWARD]
    header = ["task", *conditions, "untrained", *(f"score of {name}" for name in budgets)]
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    for task in dict.fromkeys(row.task for row in rows):
        of_task = [row for row in rows if row.task == task]
        means = [
            mean_and_interval(np.array(list(v.values()))) for v in returns_of(of_task).values()
        ]
        cells = [task, *(f"{mean:,.1f} ± {half:,.1f}" for mean, half in means)]
        cells.append(f"{untrained_return(of_task):,.1f}")
        cells += [f"{score:.2f}" for score in scores(of_task).values()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(["# Returns by task", "", *made_by(rows, arguments), "", *lines, ""])


def made_by(rows: list[Row], arguments: list[str]) -> list[str]:
    """Returns the lines that say how the numbers came about."""
    return [
        f"Made by `python -m experiments.label_table {' '.join(arguments)}`.",
        f"Mean true return of {rows[0].episodes} fresh episodes per run, {rows[0].steps:,} "
        "steps; the interval is Student's t, 95 %, over seeds.",
    ]


def returns_of(rows: list[Row]) -> dict[str, dict[int, float]]:
    """Returns the mean return of each run: condition to seed to return."""
    returns: dict[str, dict[int, float]] = {}
    for row in rows:
        returns.setdefault(row.condition, {})[row.seed] = row.mean_return
    return returns


def returns_table(rows: list[Row]) -> list[str]:
    """Returns a table of the true returns by what the agents learnt from."""
    lines = ["| learnt from | mean | 95 % interval | by seed |", "|---|---|---|---|"]
    for condition, by_seed in returns_of(rows).items():
        mean, half = mean_and_interval(np.array(list(by_seed.values())))
        seeds = ", ".join(f"{seed}: {value:,.1f}" for seed, value in by_seed.items())
        interval = f"{mean - half:,.1f} to {mean + half:,.1f}"
        lines.append(f"| {condition} | {mean:,.1f} | {interval} | {seeds} |")
    return lines


def untrained_return(rows: list[Row]) -> float:
    """Returns the mean true return before training, NaN where no run acted without learning."""
    returns = [row.untrained_return for row in rows if row.untrained_return is not None]
    return float(np.mean(returns)) if returns else float("nan")


def scores(rows: list[Row]) -> dict[str, float]:
    """Returns the score of each label budget: 0 is the untrained policy, 1 the true reward."""
    means = {name: np.mean(list(seeds.values())) for name, seeds in returns_of(rows).items()}
    untrained, true = untrained_return(rows), means.pop(TRUE_REWARD)
    return {name: float((mean - untrained) / (true - untrained)) for name, mean in means.items()}


def score_sentence(rows: list[Row]) -> str:
    """Returns the scores in words."""
    each = ", ".join(f"{score:.2f} of {name}" for name, score in scores(rows).items())
    return (
        f"The policy before training returns {untrained_return(rows):,.1f} (sampled actions, in "
        "the steps before the first label). Score, (learned - untrained) / (true - untrained): "
        f"{each}."
    )


def rewards_table(rows: list[Row]) -> list[str]:
    """Returns a table of what the learned rewards are worth on the agents' own episodes."""
    measured = [r for r in rows if r.fresh_pairs is not None and r.clip_correlation is not None]
    return [
        "| learnt from | seed | fresh pairs predicted | correlation over clips |",
        "|---|---|---|---|",
        *(
            f"| {r.condition} | {r.seed} | {r.fresh_pairs:.1%} | {r.clip_correlation:.3f} |"
            for r in measured
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
