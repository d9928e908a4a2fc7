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
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from scipy import stats

from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import Row, measured
from experiments.sweeps.local_workers import LocalWorkers, places
from experiments.sweeps.outcomes import TRUE_REWARD
from experiments.sweeps.progress import progress_for
from experiments.sweeps.sweep import State, Sweep, carry_out
from pbrl.errors import PbrlError

RESULTS = Path("docs/results")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; a user's mistake is a sentence and 2."""
    try:
        return _main(sys.argv[1:] if arguments is None else list(arguments))
    except PbrlError as error:
        print(f"label_table: {error}", file=sys.stderr)
        return 2


def _main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    cells = [
        Cell(task, labels, seed, options.steps)
        for task in options.tasks
        for seed in options.seeds
        for labels in (*options.labels, None)
    ]
    if not made(cells, options.runs, options.jobs):
        return 1
    rows = [measured(cell, options.runs) for cell in cells]
    RESULTS.mkdir(parents=True, exist_ok=True)
    for task in options.tasks:
        of_task = [row for row in rows if row.task == task]
        write_csv(of_task, RESULTS / f"{task}.csv")
        document = markdown(of_task, task, arguments)
        (RESULTS / f"{task}.md").write_text(document)
        print(document)
    if len(options.tasks) > 1:
        summary = summary_markdown(rows, arguments)
        (RESULTS / "tasks.md").write_text(summary)
        print(summary)
    return 0


def _parser() -> argparse.ArgumentParser:
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
    return parser


def made(cells: list[Cell], root: Path, jobs: int) -> bool:
    """Makes the runs that are not there yet; returns whether all are finished."""
    with progress_for(Console()) as display:
        sweep = Sweep(cells, root)
        carry_out(sweep, LocalWorkers(root, places(1, jobs)), display)
    return len(sweep.those(State.FINISHED)) == len(sweep.states)


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
