"""Figure 4 from its finished runs: how much of its behaviour each agent shows, as CSV and Markdown.

Christiano et al. 2017, section 3.2, show pictures and films; here are measures over fresh episodes
(see `docs/behaviours.md`). `pbrl report` films a run.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from experiments.figures.results_table import table
from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import (
    check_as_asked,
    config_hash,
    evaluation_file,
    is_finished,
    known_versions,
)
from pbrl.errors import PbrlError
from pbrl.runs import Run, disk_errors


@dataclass(frozen=True, slots=True)
class Shown:
    """One measure of one finished run."""

    task: str
    """Name of the preset."""
    seed: int
    labels: int
    """Comparisons."""
    steps: int
    """Environment steps, those before training included."""
    measure: str
    """What was measured of the behaviour."""
    mean: float
    """Over fresh episodes."""
    deviation: float
    """Over those episodes."""
    episodes: int
    """Their number."""
    config_hash: str
    """As in the other figures' files."""
    versions: str
    """Of the suite and of the packages that matter."""


def write_behaviours(cells: Sequence[Cell], root: Path, folder: Path, name: str) -> list[Path]:
    """Writes what the finished runs show, beside what the file holds of other runs.

    Args:
        cells: The runs.
        root: Their folder.
        folder: Where the files go.
        name: Of the files, without their endings.

    Returns:
        The files: CSV and Markdown.

    Raises:
        PbrlError: No run is finished, one cannot be read, or the file cannot.
    """
    finished = [cell for cell in dict.fromkeys(cells) if is_finished(cell, root)]
    path = folder / f"{name}.csv"
    if not finished:
        raise PbrlError(
            f"None of the {len(cells)} runs in {root} is finished, so there is nothing to write "
            f"to {path}. The same command without --collect goes on with them."
        )
    new = [row for cell in finished for row in shown(cell, root)]
    made = {(row.task, row.seed, row.steps) for row in new}
    rows = [row for row in read(path) if (row.task, row.seed, row.steps) not in made] + new
    rows.sort(key=lambda row: (row.task, row.steps, row.seed))  # measures keep their order
    with disk_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            names = [field.name for field in fields(Shown)]
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
        words = path.with_suffix(".md")
        words.write_text("\n".join(markdown(rows)) + "\n")
    return [path, words]


def shown(cell: Cell, root: Path) -> list[Shown]:
    """Returns what a finished run shows of its behaviour.

    Raises:
        PbrlError: The run is not the one that is asked for, or its evaluation has no behaviour.
    """
    check_as_asked(cell, root)
    file, folder = evaluation_file(cell, root), cell.run_folder(root)
    measured = json.loads(file.read_text()).get("behaviour")
    if folder is None or not measured:
        raise PbrlError(
            f"{file} holds no measure of a behaviour: remove it to have the run evaluated anew."
        )
    run = Run(folder)
    return [
        Shown(
            *(cell.task, cell.seed, cell.labels or 0, cell.steps, measure),
            *(float(np.mean(values)), float(np.std(values)), len(values)),
            *(config_hash(run), known_versions(run)),
        )
        for measure, values in measured.items()
    ]


def read(path: Path) -> list[Shown]:
    """Returns what a file holds, nothing if there is none.

    Raises:
        PbrlError: It was not written by `write_behaviours`.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="") as file:
            return [_row(line) for line in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        raise PbrlError(
            f"{path} was not written by this version of pbrl, or is damaged ({error}): its runs "
            "cannot be kept beside the new ones. Move it away, or give another --out."
        ) from error


def _row(line: dict[str, str]) -> Shown:
    return Shown(**{field.name: field.type(line[field.name]) for field in fields(Shown)})  # pyright: ignore


def markdown(rows: Iterable[Shown]) -> list[str]:
    """Returns the lines of a table: a measure's mean over seeds, and each seed's."""
    runs: dict[tuple[str, int, str], list[Shown]] = {}
    for row in rows:
        runs.setdefault((row.task, row.steps, row.measure), []).append(row)
    body = [
        [
            *(task, f"{steps:,}", f"{of_seeds[0].labels:,}", measure),
            f"{np.mean([one.mean for one in of_seeds]):,.3f}",
            ", ".join(f"{one.mean:,.3f} ({one.seed})" for one in of_seeds),
        ]
        for (task, steps, measure), of_seeds in runs.items()
    ]
    return [
        "How much of its behaviour each finished agent shows in a fresh episode: the mean over "
        "runs, and each run with its seed. What is measured stands in docs/behaviours.md.",
        "",
        *table(["preset", "steps", "comparisons", "measure", "mean", "runs (seed)"], body),
    ]
