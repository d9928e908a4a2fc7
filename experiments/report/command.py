"""The command: reads the runs, makes the sections, writes the file."""

import argparse
import datetime
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from experiments.report import (
    behaviour,
    calibration,
    clips,
    labels_needed,
    learning,
    overview,
    repeating,
    true_and_learned,
)
from experiments.report.answers import read_answers
from experiments.report.conditions import Condition, conditions_of
from experiments.report.page import Section, page
from experiments.report.recorded import Recorded, read_run
from pbrl.errors import ConfigError
from pbrl.runs import write_whole
from pbrl.whole_numbers import at_least_zero

FILMS = 6
"""Conditions of which there are films, unless another number is asked for."""


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    if options.to.suffix.lower() not in (".html", ".htm") or options.to.is_dir():
        raise ConfigError(f"{options.to} is not a page: give --to a file that ends in .html.")
    if not options.to.parent.is_dir():
        raise ConfigError(f"There is no folder {options.to.parent} to write the report into.")
    folders = list(dict.fromkeys(folder.resolve() for folder in options.runs))
    runs = [read_run(folder) for folder in folders]
    with Console(stderr=True).status("Drawing, which takes a minute where there are films"):
        text = report(runs, options.films)
    content = text.encode(errors="replace")  # a folder's name may hold what is no letter
    write_whole(options.to, content)
    print(f"Written: {options.to}, {len(content) / 1e6:.2f} MB")
    return 0


def report(runs: Sequence[Recorded], films: int = FILMS) -> str:
    """Returns the whole page.

    Args:
        runs: What was run.
        films: Conditions, from the first, of which there are films and clips.
    """
    conditions = conditions_of(runs)
    answers = {run: read_answers(run) for run in runs}
    shown, left_out = conditions[:films], max(0, len(conditions) - films)
    sections: list[Section] = [
        overview.section(conditions),
        learning.section(conditions),
        labels_needed.section(conditions),
        calibration.section(conditions, answers),
        true_and_learned.section(conditions),
        clips.section(shown, answers, left_out),
        behaviour.section(shown, left_out),
        repeating.section(conditions),
    ]
    now = datetime.datetime.now().astimezone()
    made = f"Made by pbrl {version('pbrl')} on {now:%-d %B %Y at %H:%M}."
    return page(_title(conditions), made, sections)


def _title(conditions: Sequence[Condition]) -> str:
    runs = sum(len(one.runs) for one in conditions)
    if runs == 1:
        return conditions[0].title
    tasks = dict.fromkeys(one.task for one in conditions)
    named = " and ".join(tasks) if len(tasks) < 3 else f"{len(tasks)} tasks"
    return f"{named}: {runs} runs"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl report",
        description="Write all that there is to say of one or several runs into one HTML file "
        "that needs no other and no network: curves, labels needed, calibration, predicted and "
        "true reward, clips, films, settings. Runs that differ in their seed alone are taken "
        "together; other runs are put side by side.",
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("report.html"),
        metavar="FILE.html",
        help="where it is written, over an earlier one (default: report.html)",
    )
    parser.add_argument(
        "--films",
        type=at_least_zero,
        default=FILMS,
        metavar="N",
        help=f"conditions of which films and clips are drawn, 0 for none (default: {FILMS})",
    )
    return parser
