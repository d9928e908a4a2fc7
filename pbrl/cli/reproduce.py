"""`pbrl reproduce`: makes the runs of one of the paper's figures, and writes what came of them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from experiments.figures.behaviour_table import read, write_behaviours
from experiments.figures.from_runs import draw
from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import is_finished
from experiments.sweeps.grids import FIGURES, figure
from pbrl.cli.many_runs import add_options, make, make_and_collect, runs_folder
from pbrl.errors import ConfigError, nearest
from pbrl.whole_numbers import at_least_zero


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    grid = figure(options.figure)
    cells = _of_conditions(
        grid.cells(options.tasks, options.seeds, options.steps, options.threads), options.conditions
    )
    if grid.of_behaviours:
        return _behaviours(cells, options)
    path = options.out / f"{options.figure}.csv"
    code, outcomes = make_and_collect(cells, options, path)
    if outcomes:
        for file in draw(options.figure, outcomes, runs_folder(options), options.out):
            print(file)
    return code


def _behaviours(cells: Sequence[Cell], options: argparse.Namespace) -> int:
    """Makes runs that are measured by what they show, not by their return."""
    read(options.out / f"{options.figure}.csv")  # so that one that is in the way is known at once
    code = make(cells, options)
    root = runs_folder(options)
    if code and not any(is_finished(cell, root) for cell in cells):
        return code
    for file in write_behaviours(cells, root, options.out, options.figure):
        print(file)
    return code


def _of_conditions(cells: list[Cell], conditions: Sequence[str] | None) -> list[Cell]:
    """Returns the runs of some curves."""
    known = dict.fromkeys(cell.condition for cell in cells)
    for one in conditions or ():
        if one not in known:
            raise ConfigError(f"There is no condition {one!r} in it. {nearest(one, known)}")
    return [cell for cell in cells if conditions is None or cell.condition in conditions]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl reproduce",
        description="Make the runs of one of the paper's figures, as many at a time as this "
        "machine has processors, measure each, and write a line for each to a CSV file. Ctrl-C "
        "stops them with checkpoints; the same command goes on with them. A finished run is never "
        "made again.",
        epilog="figures:\n" + "\n".join(f"  {n:<9} {grid.title}" for n, grid in FIGURES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("figure", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="some of its tasks")
    parser.add_argument(
        "--conditions",
        nargs="+",
        metavar="WORDS",
        help='some of its curves, such as "true reward" "700 labels"',
    )
    parser.add_argument("--seeds", type=at_least_zero, nargs="+", metavar="N", help="other seeds")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/results"),
        metavar="DIR",
        help="folder of the results (default: runs/results)",
    )
    add_options(parser, Path("runs/table"))
    return parser
