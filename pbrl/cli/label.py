"""`pbrl label`: opens the viewer, at which a person answers a run's questions."""

import argparse
import getpass
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_ui.display import check_display
from pbrl.errors import CheckpointError, ConfigError, StoreError
from pbrl.whole_numbers import at_least_zero

if TYPE_CHECKING:
    from labeling_ui.app import Outcome
    from labeling_ui.place import Place

LONGEST_NAME = 60


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    annotator = _annotator(options.name)
    check_display()
    place = _place(options.where, options.run, options.look_for)
    _check_tell(options.tell)
    from labeling_ui.app import App, Options  # after the checks: it loads pygame
    from labeling_ui.keys import read_keys

    chosen = Options(
        annotator=annotator,
        keys=read_keys(options.keys),
        repeats=options.repeats,
        strength=options.strength,
        practice=options.practice,
        tell=options.tell,
        seed=options.seed,
    )
    outcome = App(place, chosen).run()
    _print_summary(outcome)
    if outcome.unstored:
        numbers = ", ".join(str(one.pair.number) for one in outcome.unstored)
        raise StoreError(
            f"The label store did not answer until the end: what you said of pair {numbers} is "
            "not in it. The pair will be asked again."
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl label",
        description="Open the viewer, at which a person says which of two clips is better. As many "
        "may be open as there are people.",
    )
    parser.add_argument(
        "where", metavar="RUN_OR_URL", help="folder of a run, or a label store: its file or its URL"
    )
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="who answers (default: the login name)"
    )
    parser.add_argument("--run", metavar="NAME", help="the run in a store that holds several")
    parser.add_argument(
        "--look-for", default="", metavar="TEXT", help="what to judge by, in place of the task's"
    )
    parser.add_argument(
        "--repeats",
        type=_share,
        default=0.05,
        metavar="SHARE",
        help="pairs asked again later with sides swapped, and gold pairs (default: 0.05)",
    )
    parser.add_argument(
        "--strength", action="store_true", help='let people say "much better" as well'
    )
    parser.add_argument(
        "--practice",
        type=at_least_zero,
        metavar="N",
        help="practice pairs first (default: 3 at a person's first sitting, else 0)",
    )
    parser.add_argument("--keys", type=Path, metavar="FILE", help="other keys, in a TOML file")
    parser.add_argument(
        "--seed",
        type=at_least_zero,
        metavar="N",
        help="of the sides and the repeats (default: drawn)",
    )
    parser.add_argument(
        "--tell",
        type=Path,
        metavar="FILE",
        help="add a line of JSON for each pair shown and each answer stored, for studies and tests",
    )
    return parser


def _check_tell(path: Path | None) -> None:
    """Refuses a file that cannot be written to, before the window opens."""
    if path is None:
        return
    try:
        path.open("a").close()
    except OSError as error:
        raise ConfigError(f"--tell cannot write to {path}: {error.strerror}.") from error


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share, 0 or more and below 1")
    return value


def _annotator(given: str | None) -> str:
    """Returns the name that the answers carry.

    Raises:
        ConfigError: It is empty or too long, or nobody is logged in and none was given.
    """
    if given is None:
        try:
            given = getpass.getuser()
        except (OSError, KeyError):
            raise ConfigError(
                "Who answers? This account has no name: give one with --as NAME."
            ) from None
    name = given.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigError(f"--as is {given!r}, but must be a name of 1 to {LONGEST_NAME} letters.")
    return name


def _place(where: str, run: str | None, look_for: str) -> "Place":
    """Returns where the labels are.

    Raises:
        CheckpointError: It is a folder, but no run.
        StoreError: It is not there.
    """
    from labeling_ui.place import Place

    path = Path(where)
    if "://" in where:
        from pbrl.store.urls import store_file

        if (file := store_file(where)) is None:
            return Place(where, run, look_for=look_for)
        path = file
    if path.is_file():
        return Place(path, run, look_for=look_for)
    if not path.exists():
        raise StoreError(
            f"There is nothing at {_shown(where)}. Expected the folder of a run, which `pbrl "
            "train` printed at its start, or a label store: its file, or a URL such as "
            "postgresql+psycopg://user@host/labels."
        )
    return _place_of_run(path.resolve(), run, look_for)


def _place_of_run(path: Path, name: str | None, look_for: str) -> "Place":
    """Returns where the labels of a run's folder are."""
    from labeling_ui.place import Place
    from pbrl.cli.stores import address
    from pbrl.runs import Run
    from pbrl.store.urls import store_file

    run = Run(path)
    config = run.config()
    if not config.learns_reward:
        raise CheckpointError(f"{path} is trained on {config.trained_on} and asks nobody.")
    if config.annotator != "human":
        source = config.labels_from or f"the synthetic teacher {config.teacher!r}"
        raise CheckpointError(
            f"{path} asks nobody: its answers are from {source}. Runs whose questions people "
            "answer begin with `pbrl train PRESET --annotator human`."
        )
    store = address(run, config)
    file = store_file(store)
    if not config.store and not run.labels_file.is_file() and any(run.checkpoints.glob("step_*")):
        raise StoreError(
            f"The run's label store {run.labels_file} is not there, though the run has begun: put "
            "the file back."
        )
    return Place(
        store=store if file is None else file,
        run=name or config.store_run or None,
        folder=run.name,
        env_id=config.env.env_id,
        budget=config.query.label_budget,
        look_for=look_for or config.look_for,
    )


def _shown(where: str) -> str:
    """Returns what was given, unless it may be a mistyped URL with a password in it."""
    from pbrl.store.urls import masked

    return "what was given" if "@" in where else masked(where)


def _print_summary(outcome: "Outcome") -> None:
    """Prints what was done in the sitting."""
    from labeling_ui.sitting import summary

    sitting = outcome.sitting.sitting
    if not sitting.stored:
        return
    words = "; ".join(f"{what}: {value}" for what, value in summary(sitting, time.time()))
    print(f"{words[0].upper()}{words[1:]}.", file=sys.stdout, flush=True)
