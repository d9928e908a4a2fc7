"""A figure of a grid from its finished runs: what `pbrl reproduce` draws."""

from collections.abc import Sequence
from pathlib import Path

from experiments.analysis.curves import Curve, common_steps, curve_of, joined, of_seeds, read_curves
from experiments.analysis.returns import returns_of
from experiments.figures.figure_files import write_figure
from experiments.sweeps.finished_runs import is_finished
from experiments.sweeps.grids import FIGURES
from experiments.sweeps.outcomes import Outcome


def draw(name: str, outcomes: Sequence[Outcome], runs: Path, folder: Path) -> list[Path]:
    """Writes a figure's files; what was not run is shown as missing.

    Args:
        name: The figure, one of `FIGURES`.
        outcomes: Its finished runs, those of a task all of one length.
        runs: Folder of the runs, from which the curves are read.
        folder: Where the files go. Curves of these runs that are there stay where the runs' folders
            are gone.

    Returns:
        The files written.

    Raises:
        PbrlError: There is nothing to draw.
    """
    grid = FIGURES[name]
    steps, seeds = outcomes[0].steps, sorted({one.seed for one in outcomes})
    conditions = [one.cell(grid.tasks[0], 1, steps, 1).condition for one in grid.conditions]
    returns = returns_of(outcomes, grid.tasks, conditions, seeds)
    earlier = folder / f"{name}-curves.csv"
    kept = {(c.task, c.condition): c for c in _kept(earlier, outcomes)}
    found = kept | {(c.task, c.condition): c for c in _curves(name, outcomes, runs, kept)}
    return write_figure(returns, list(found.values()), folder, name)


def _kept(file: Path, outcomes: Sequence[Outcome]) -> list[Curve]:
    """Returns the curves in a file that are of these runs, whose folders may be gone."""
    if not file.exists():
        return []
    seeds: dict[tuple[str, str, int], set[int]] = {}
    for one in outcomes:
        end = int(common_steps(one.steps)[-1])
        seeds.setdefault((one.task, one.condition, end), set()).add(one.seed)
    kept = (
        of_seeds(c, seeds.get((c.task, c.condition, int(c.steps[-1])), ()))
        for c in read_curves(file)
    )
    return [curve for curve in kept if curve.seeds]


def _curves(
    name: str, outcomes: Sequence[Outcome], runs: Path, kept: dict[tuple[str, str], Curve]
) -> list[Curve]:
    """Returns the curves whose runs are there, with what is kept of the seeds that are not."""
    grid, curves = FIGURES[name], []
    finished = {(one.task, one.condition, one.seed) for one in outcomes}
    steps_of = {one.task: one.steps for one in outcomes}
    for task in [task for task in grid.tasks if task in steps_of]:
        for condition in grid.conditions:
            cells = [
                condition.cell(task, seed, steps_of[task], 1)
                for seed in sorted({one.seed for one in outcomes})
            ]
            folders = {
                cell.seed: folder
                for cell in cells
                if (task, cell.condition, cell.seed) in finished
                and is_finished(cell, runs)
                and (folder := cell.run_folder(runs)) is not None
            }
            if folders:
                steps = common_steps(steps_of[task])
                curve = curve_of(task, cells[0].condition, folders, steps)
                before = kept.get((task, cells[0].condition), curve)
                curves.append(joined(before, curve))
    return curves
