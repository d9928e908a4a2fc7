"""`pbrl runs`: lists runs, removes them, archives them, and merges their labels."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from pbrl.cli.archive import check_archive_name, watched_store, write_archive
from pbrl.cli.labels import add_merge_options, merge
from pbrl.cli.run_list import (
    SEEN_SECONDS,
    RunSummary,
    is_running,
    people_at,
    runs_in,
    size,
    summary,
)
from pbrl.errors import CheckpointError, PbrlError
from pbrl.runs import Run, disk_errors, locked
from pbrl.whole_numbers import counted

ACTIONS = ("list", "remove", "archive", "merge")


def main(arguments: Sequence[str]) -> int:
    """Runs the verb; without an action it lists."""
    if not arguments or arguments[0] not in (*ACTIONS, "-h", "--help"):
        arguments = ["list", *arguments]
    options = _parser().parse_args(arguments)
    return options.action(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl runs",
        usage="pbrl runs [FOLDER], pbrl runs remove RUN ..., pbrl runs archive RUN ... --to FILE, "
        "or pbrl runs merge STORE ... --into STORE",
        description="List the runs in a folder, remove or archive runs, merge their labels.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(
        title="actions", required=True, metavar="ACTION", prog="pbrl runs"
    )
    listing = actions.add_parser("list", help="list the runs in a folder (the default)")
    listing.set_defaults(action=_list)
    listing.add_argument("folder", type=Path, nargs="?", default=Path("runs"), help="default: runs")
    removing = actions.add_parser("remove", help="remove runs, labels and all")
    removing.set_defaults(action=_remove)
    removing.add_argument("--yes", action="store_true", help="don't ask")
    archiving = actions.add_parser("archive", help="write runs to one compressed file")
    archiving.set_defaults(action=_archive)
    archiving.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="ends in .tar.gz or .tar.zst"
    )
    archiving.add_argument(
        "--remove", action="store_true", help="remove the runs once the archive was verified"
    )
    for parser_of_runs in (removing, archiving):
        parser_of_runs.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="its folder")
    merging = actions.add_parser("merge", help="add the labels of stores to another store")
    merging.set_defaults(action=merge)
    add_merge_options(merging)
    return parser


def _list(options: argparse.Namespace) -> int:
    if not options.folder.is_dir():
        raise CheckpointError(
            f"There is no folder {options.folder}. Name the one that `pbrl train --runs` was "
            "given, or an action: " + ", ".join(ACTIONS) + "."
        )
    runs = [summary(run) for run in runs_in(options.folder)]
    if not runs:
        print(f"{options.folder} holds no runs.")
        return 0
    table = Table("run", "task", "state", box=None, pad_edge=False)
    for column in ("steps", "labels", "size"):
        table.add_column(column, justify="right")
    for run in runs:
        table.add_row(*_row(run, options.folder))
    console = Console()
    # Names are to be copied: the terminal may break a line, but nothing is cut off.
    unbounded = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, unbounded, table).maximum)
    console.print(table, highlight=False)
    print(f"\n{counted(len(runs), 'run')}, {_megabytes(sum(run.bytes for run in runs))}")
    return 0


def _row(run: RunSummary, folder: Path) -> tuple[str, ...]:
    asked = run.labels is not None
    return (
        *(escape(str(run.run.path.relative_to(folder))), escape(run.env_id), run.state),
        f"{run.steps:,} of {run.total_steps:,}" if run.total_steps else f"{run.steps:,}",
        f"{run.labels:,} of {run.label_budget:,}" if asked else "-",
        _megabytes(run.bytes),
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _checked(paths: Sequence[Path]) -> list[Run]:
    """Returns the named runs; raises PbrlError unless all are runs, named once, and at rest."""
    runs = [Run(path.resolve()) for path in paths]
    for path, run in zip(paths, runs, strict=True):
        if not run.config_file.is_file():
            raise CheckpointError(f"{path} is not a run: it holds no config.json.")
        if is_running(run):
            raise CheckpointError(
                f"{path} is being trained. Stop it first (Ctrl-C where it runs); nothing was done."
            )
    paths = [run.path for run in runs]
    if doubled := sorted({str(path) for path in paths if paths.count(path) > 1}):
        raise PbrlError(f"{', '.join(doubled)} is named twice: give each run once.")
    return runs


def _check_nobody_judges(runs: Sequence[Run]) -> None:
    """Refuses to remove runs that people have before them: what they say then would be lost."""
    for run in runs:
        if people := people_at(run):
            raise PbrlError(
                f"{', '.join(people)} judges at a viewer of {run.path}: it can be removed some "
                f"{SEEN_SECONDS:g} seconds after the viewer was closed; nothing was done."
            )


def _remove(options: argparse.Namespace) -> int:
    runs = _checked(options.runs)
    _check_nobody_judges(runs)
    labels_before = []
    for run in runs:
        one = summary(run)
        labels_before.append(one.labels)
        labels = "" if one.labels is None else f", {one.labels:,} labels"
        print(f"{run.path}: {one.steps:,} steps{labels}, {_megabytes(one.bytes)}")
        _say_if_shared(one)
    if not options.yes and not _agreed(f"Remove {counted(len(runs), 'run')} for good? [y/N] "):
        print("Nothing was removed.")
        return 1
    _check_nobody_judges(runs)  # who may have begun while the question stood there
    for run, labels in zip(runs, labels_before, strict=True):
        if summary(run).labels != labels:
            raise PbrlError(
                f"Somebody has labelled in {run.path} meanwhile; nothing was removed. Say it again "
                "when they have stopped."
            )
    for run in runs:
        with locked(run):
            _remove_run(run)
    print(f"Removed {counted(len(runs), 'run')}.")
    return 0


def _say_if_shared(run: RunSummary) -> None:
    if run.shared_store:
        print(f"  Its labels are in {run.shared_store} and stay there.")


def _agreed(question: str) -> bool:
    """Returns whether the user says yes; who cannot be asked has not."""
    if not sys.stdin.isatty():
        raise PbrlError("Removing asks first, and there is no terminal to ask at: give --yes.")
    return input(question).strip().lower() in ("y", "yes")


def _remove_run(run: Run) -> None:
    """Removes a run; whatever stops it, no half of it passes for a run."""
    rest = run.path.with_name(f".removed-{run.name}")
    with disk_errors(run.path):
        if rest.exists():  # of a removal that was stopped
            shutil.rmtree(rest)
        run.path.rename(rest)
        shutil.rmtree(rest)


def _check_apart(archive: Path, runs: Sequence[Run]) -> None:
    """Refuses an archive inside a run, which would go with it, and runs of one name."""
    for run in runs:
        if archive.resolve().is_relative_to(run.path):
            raise PbrlError(
                f"{archive} lies inside {run.path}, which it is to hold: name a file elsewhere."
            )
    names = [run.name for run in runs]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise PbrlError(
            f"Several runs are called {', '.join(doubled)}, and an archive holds one of each name: "
            "archive them apart."
        )


def _archive(options: argparse.Namespace) -> int:
    check_archive_name(options.to)
    runs = _checked(options.runs)
    _check_apart(options.to, runs)
    if options.remove:
        _check_nobody_judges(runs)
    with ExitStack() as held:
        for run in runs:
            held.enter_context(locked(run))
        hold_stores = [held.enter_context(watched_store(run)) for run in runs]
        before = sum(size(run.path) for run in runs)
        after = write_archive(options.to, runs)
        print(
            f"{options.to} holds {counted(len(runs), 'run')} and was compared with them: "
            f"{_megabytes(before)} became {_megabytes(after)}."
        )
        for run in runs:
            _say_if_shared(summary(run))
        if options.remove:
            for hold in hold_stores:
                hold()
            for run in runs:
                _remove_run(run)
            print(f"Removed {counted(len(runs), 'run')}.")
    return 0
