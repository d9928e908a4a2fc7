"""What `pbrl sweep` and `pbrl reproduce` have in common: their options, and how runs are made."""

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from rich.console import Console

from experiments.sweeps.cells import Cell
from experiments.sweeps.collecting import collect, kept
from experiments.sweeps.finished_runs import is_finished
from experiments.sweeps.local_workers import EPISODES, LocalWorkers, places
from experiments.sweeps.outcomes import Outcome
from experiments.sweeps.progress import progress_for
from experiments.sweeps.ray_workers import RayWorkers
from experiments.sweeps.sweep import State, Sweep, Workers, carry_out
from pbrl.cli import INTERRUPTED
from pbrl.cli.assembly import describe_task
from pbrl.cli.checks import check_config
from pbrl.config import Device
from pbrl.errors import ConfigError
from pbrl.whole_numbers import at_least_one


def add_options(parser: argparse.ArgumentParser, runs: Path) -> None:
    """Adds the options on how runs are made.

    Args:
        parser: Where to.
        runs: Folder of the runs where none is named.
    """
    parser.add_argument("--steps", type=at_least_one, help="environment steps of each run")
    parser.add_argument(
        "--runs", type=Path, default=runs, metavar="DIR", help=f"folder of the runs ({runs})"
    )
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="runs at a time (default: one a processor)"
    )
    parser.add_argument(
        "--threads",
        type=at_least_one,
        default=1,
        metavar="N",
        help="processors of each run (default: 1)",
    )
    parser.add_argument(
        "--device",
        choices=get_args(Device),
        help="where networks live (default: cpu; auto, which takes a GPU, with --gpus)",
    )
    parser.add_argument(
        "--episodes",
        type=at_least_one,
        default=EPISODES,
        metavar="N",
        help="fresh episodes that a finished run is measured by; one that was measured by another "
        f"number is measured anew (default: {EPISODES})",
    )
    parser.add_argument(
        "--collect",
        action="store_true",
        help="make no runs: write what those that are finished came to",
    )
    cluster = parser.add_argument_group("on a Ray cluster, in place of this machine")
    cluster.add_argument(
        "--ray", metavar="ADDRESS", help="of the cluster; auto finds it, local starts one here"
    )
    cluster.add_argument(
        "--shared",
        type=Path,
        metavar="DIR",
        help="in place of --runs: the folder that all machines share, where runs are published",
    )
    cluster.add_argument(
        "--gpus", type=float, default=0.0, metavar="N", help="GPUs of each run (.25 is a quarter)"
    )


def check_cells(cells: Sequence[Cell]) -> None:
    """Refuses runs that could not be trained, before the first of them is."""
    by_settings = {(c.task, c.labels, c.changes, c.steps): c for c in cells}
    for cell in by_settings.values():
        config = cell.config()
        try:
            check_config(config, describe_task(config.env.env_id))
        except ConfigError as error:
            raise ConfigError(f"{cell.task}, {cell.condition}: {error}") from error


def make_and_collect(
    cells: Sequence[Cell], options: argparse.Namespace, path: Path
) -> tuple[int, list[Outcome]]:
    """Makes all runs that are not finished, and writes what came of those that are.

    Returns:
        The exit code (1 if a run failed, `INTERRUPTED`, else 0) and all runs in the file.

    Raises:
        PbrlError: They cannot be made, or none is finished where none was to be made.
    """
    root, cells = runs_folder(options), list(dict.fromkeys(cells))
    kept(cells, path)  # so that a file that is in the way is known at once
    code = make(cells, options)
    finished = sum(is_finished(cell, root) for cell in cells)
    if code and not finished:
        return code, []
    outcomes = collect(cells, root, path)
    print(f"{path}: {finished} of {len(cells)} runs are finished; it holds {len(outcomes)}.")
    return code, outcomes


def make(cells: Sequence[Cell], options: argparse.Namespace) -> int:
    """Makes all runs that are not finished, none if they are only to be collected.

    Returns:
        The exit code: 1 if a run failed, `INTERRUPTED`, else 0.

    Raises:
        PbrlError: They cannot be made.
    """
    device = options.device or ("auto" if options.gpus else "cpu")
    cells = [dataclasses.replace(cell, device=device) for cell in cells]
    check_cells(cells)
    return 0 if options.collect else _make(cells, options, runs_folder(options))


def runs_folder(options: argparse.Namespace) -> Path:
    """Returns the folder of the runs.

    Raises:
        ConfigError: A cluster is named without a shared folder, or the other way about.
    """
    if options.ray and not options.shared:
        raise ConfigError(
            "--ray needs --shared DIR, a folder that every machine of the cluster sees under this "
            "path: runs are published there, so that another machine can go on with them."
        )
    if not options.ray and (options.shared or options.gpus):
        given = "--shared" if options.shared else "--gpus"
        raise ConfigError(f"{given} is for a Ray cluster: give --ray ADDRESS, or leave it out.")
    return options.shared or options.runs


def _make(cells: Sequence[Cell], options: argparse.Namespace, root: Path) -> int:
    console = Console()
    sweep = Sweep(cells, root, options.episodes)
    with _workers(options, root) as workers, progress_for(console) as display:
        carry_out(sweep, workers, display)
    if sweep.those(State.STOPPED):
        console.print("The same command goes on with them.")
        return INTERRUPTED
    return 1 if sweep.those(State.FAILED) else 0


@contextlib.contextmanager
def _workers(options: argparse.Namespace, root: Path) -> Iterator[Workers]:
    if not options.ray:
        yield LocalWorkers(root, places(options.threads, options.jobs), options.episodes)
        return
    with contextlib.closing(
        RayWorkers(
            *(options.ray, root, options.threads, options.gpus), options.jobs, options.episodes
        )
    ) as workers:
        yield workers
