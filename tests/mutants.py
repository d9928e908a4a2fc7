"""Breaks each line of the recipe in turn, in a copy of the repository: a test must turn red.

    python tests/mutants.py                    all of them, two at a time (`make mutants`)
    python tests/mutants.py --only "mistake 4"    those whose names contain the text

A mutant that no test notices, or whose old text no longer stands exactly once in its file, makes
the exit code 1. The mutants are in `mutant_list.py`.
"""

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutant_list import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[1]
AT_A_TIME = 2
SECONDS = 300
"""For which one mutant's tests may run; one that goes on for ever is noticed by that."""
BESIDE = "tests/test_mutants.py::test_the_code_under_test_lies_beside_its_tests"
PASSED, FAILED = 0, 1
"""pytest's exit codes; any other means that the tests could not be run as they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests said of a mutant."""

    killed: bool
    """Whether one of them turned red."""
    how: str
    """Which one, or what went wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the chosen mutants and returns the exit code."""
    parser = argparse.ArgumentParser(prog="mutants.py", description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", default="", help="part of a mutant's name")
    only = parser.parse_args(arguments).only
    mutants = [mutant for mutant in MUTANTS if only.lower() in mutant.name.lower()]
    if not mutants:
        print(f"No mutant's name contains {only!r}.")
        return 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        return run(mutants, Path(folder))


def run(mutants: Sequence[Mutant], folder: Path) -> int:
    """Checks that the tests pass, then runs the mutants and prints the table."""
    begun, copies = time.monotonic(), queue.SimpleQueue()
    for number in range(AT_A_TIME):
        copies.put(copy_repository(folder / str(number)))
    chosen = sorted({test for mutant in mutants for test in mutant.tests.split()})
    print(f"The tests of {len(mutants)} mutants on the code as it is ...", flush=True)
    copy = copies.get()
    unbroken = run_tests(copy, [BESIDE, *chosen], seconds=None)
    copies.put(copy)
    if unbroken.returncode != PASSED:
        print(f"{unbroken.stdout}\nThe tests must pass before anything is broken.")
        return 1

    def judge(mutant: Mutant) -> Outcome:
        copy = copies.get()
        try:
            return judged(mutant, copy)
        finally:
            copies.put(copy)

    width = max(len(mutant.name) for mutant in mutants)
    survivors = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for mutant, outcome in zip(mutants, pool.map(judge, mutants), strict=True):
            survivors += not outcome.killed
            print(f"{mutant.name:<{width}}  {outcome.how}", flush=True)
    minutes = (time.monotonic() - begun) / 60
    print(f"{len(mutants)} mutants, {survivors} survived, {minutes:.1f} minutes.")
    return 1 if survivors else 0


def copy_repository(target: Path) -> Path:
    """Copies the working tree, without what git ignores, and returns where it lies."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # not deleted since
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def judged(mutant: Mutant, copy: Path) -> Outcome:
    """Breaks a copy, runs the mutant's tests there and mends the copy again."""
    file = copy / mutant.file
    source = file.read_text()
    if source.count(mutant.old) != 1:
        return Outcome(False, f"OUTDATED: its old text stands {source.count(mutant.old)} times")
    file.write_text(source.replace(mutant.old, mutant.new))
    try:
        done = run_tests(copy, mutant.tests.split(), SECONDS)
    except subprocess.TimeoutExpired:
        return Outcome(True, f"killed: its tests run for more than {SECONDS} s")
    finally:
        file.write_text(source)
    if done.returncode == PASSED:
        return Outcome(False, "SURVIVED")
    red = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if done.returncode != FAILED or not red:
        return Outcome(False, f"BROKEN: pytest ended with {done.returncode}\n{done.stdout}")
    return Outcome(True, f"killed by {red[0].split(' ')[1]}")


def run_tests(
    copy: Path, tests: Sequence[str], seconds: float | None
) -> subprocess.CompletedProcess[str]:
    """Runs tests of a copy on the copy's own code until the first one fails."""
    environment = os.environ | {
        "PYTHONPATH": str(copy),  # before the installed packages
        "PYTHONDONTWRITEBYTECODE": "1",  # which would outlive a mutant
        "OMP_NUM_THREADS": "1",
    }
    quiet = ["-x", "-q", "--tb=no", "--no-header", "-rfE", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *tests],
        cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
