"""Gathers what came of a grid's finished runs into one CSV file."""

from collections.abc import Sequence
from pathlib import Path

from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import check_as_asked, is_finished, outcome
from experiments.sweeps.outcomes import Outcome, read_outcomes, write_outcomes
from pbrl.errors import PbrlError
from pbrl.runs import disk_errors


def collect(cells: Sequence[Cell], root: Path, path: Path) -> list[Outcome]:
    """Writes the outcomes of the finished runs among the cells, and returns all in the file.

    What the file held of other runs stays: those may have been made elsewhere, or be gone.

    Args:
        cells: The runs.
        root: Their folder.
        path: The file.

    Raises:
        PbrlError: No run is finished, or the file is not one that the runs fit into.
    """
    finished = [cell for cell in dict.fromkeys(cells) if is_finished(cell, root)]
    for cell in finished:
        check_as_asked(cell, root)
    if not finished:
        raise PbrlError(
            f"None of the {len(cells)} runs in {root} is finished, so there is nothing to write "
            f"to {path}. The same command without --collect goes on with them."
        )
    found = {_key(one): one for one in kept(cells, path)}
    new = {_key(one): one for one in (outcome(cell, root) for cell in finished)}
    outcomes = list((found | new).values())
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        write_outcomes(outcomes, draft)
        draft.replace(path)
    return outcomes


def tables_beside(path: Path) -> Path:
    """Returns the file of the tables that belong to a CSV file."""
    return path.with_name(f"{path.name.removesuffix('.csv')}.md")


def kept(cells: Sequence[Cell], path: Path) -> list[Outcome]:
    """Returns the outcomes in a file that those of the cells are to be put beside.

    Raises:
        PbrlError: They cannot be read, or are of runs of another length.
    """
    if not path.is_file():
        if (tables := tables_beside(path)).exists():
            raise PbrlError(
                f"{tables} would be written over, and is not a sweep's, since {path} is not "
                "there. Move it away, or give another --out."
            )
        return []
    try:
        found = read_outcomes(path)
    except (KeyError, TypeError, ValueError) as error:
        raise PbrlError(
            f"{path} was not written by this version of pbrl, or is damaged ({error}): its runs "
            "cannot be kept beside the new ones. Move it away, or give another --out."
        ) from error
    steps = {cell.task: cell.steps for cell in cells}
    for one in found:
        if one.task in steps and one.steps != steps[one.task]:
            raise PbrlError(
                f"{path} holds runs of {one.task} of {one.steps:,} steps, and these are to have "
                f"{steps[one.task]:,}: they are not put beside one another. Move the file away, "
                "or give another --out."
            )
    return found


def _key(one: Outcome) -> tuple[str, str, int]:
    return one.task, one.condition, one.seed
