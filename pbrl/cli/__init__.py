"""The command `pbrl`: one verb each for what people do with the suite.

This package puts the parts together: it alone imports the tasks and the presets besides pbrl. A
verb's module, and with it torch, is loaded only when the verb runs, so that `pbrl --help` is quick.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pbrl.errors import PbrlError, TaskError

USAGE_ERROR, INTERRUPTED, NOBODY_READS = 2, 130, 141


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that `pbrl` does; the module has `main(arguments) -> exit code`."""

    module: str
    """Where it is."""
    help: str
    """What it does, in a line."""


VERBS: dict[str, Verb] = {
    "train": Verb("pbrl.cli.train", "train an agent from preferences, or go on with a run"),
    "label": Verb("pbrl.cli.label", "judge the pairs of clips that a run asks about"),
    "watch": Verb("pbrl.cli.watch", "watch a run's agent act, with predicted and true reward"),
    "eval": Verb("pbrl.cli.evaluate", "say how well a run's agent and its learned reward do"),
    "labels": Verb("pbrl.cli.labels", "how good labels are; export, import and merge them"),
    "runs": Verb("pbrl.cli.runs", "list runs; remove, archive and merge them"),
    "sweep": Verb("pbrl.cli.sweep", "make all runs of a grid over presets"),
    "reproduce": Verb("pbrl.cli.reproduce", "make the runs of one of the paper's figures"),
    "report": Verb("pbrl.cli.report", "write one HTML file about runs: curves, clips, films"),
    "bench": Verb("pbrl.cli.bench", "measure speed beside other libraries, in one run"),
    "doctor": Verb("pbrl.cli.doctor", "say what this machine has and what to install"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; a user's mistake is a sentence and 2."""
    try:
        try:
            return _choose(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # as by `pbrl runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS


def _choose(arguments: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="pbrl",
        description="Preference-based reinforcement learning.",
        epilog="verbs:\n" + "\n".join(f"  {n:<9} {v.help}" for n, v in VERBS.items())
        + "\n\n`pbrl VERB --help` explains a verb.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="store_true", help="say which version this is")
    parser.add_argument("verb", nargs="?", choices=VERBS, metavar="VERB", help="what to do")
    chosen = parser.parse_args(arguments[:1])
    if chosen.version:
        return _print_version()
    if chosen.verb is None:
        parser.print_help()
        return USAGE_ERROR
    return _run(VERBS[chosen.verb], arguments[1:])


def _run(verb: Verb, arguments: list[str]) -> int:
    try:
        task_error = envs_error()
        try:
            return importlib.import_module(verb.module).main(arguments)
        except task_error as error:
            raise TaskError(str(error)) from error
    except PbrlError as error:
        print(f"pbrl: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "stable_baselines3", "scipy", "matplotlib", "tensorboard"):
            raise
        print(
            f"pbrl: This needs {error.name}, which is not installed here: this is the install for "
            "labelling. `pip install 'pbrl[train]'` adds what training needs.",
            file=sys.stderr,
        )
    except RuntimeError as error:
        if "MUJOCO_GL" not in str(error):
            raise
        print(
            f"pbrl: MuJoCo does not know the value of MUJOCO_GL, {os.environ.get('MUJOCO_GL')!r}: "
            "set egl, osmesa or glfw, or nothing.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("pbrl: Stopped at once.", file=sys.stderr)
        return INTERRUPTED
    return USAGE_ERROR


def envs_error() -> type[Exception]:
    """Returns the tasks' own error, from our package `envs`: PyPI has another one of that name.

    Raises:
        PbrlError: The package is that other one.
    """
    envs = importlib.import_module("envs")
    if not hasattr(envs, "make_task"):
        raise PbrlError(
            f"The package `envs` at {envs.__file__} is not the one of pbrl. Uninstall it "
            "(`pip uninstall envs`) and install pbrl again."
        )
    return envs.TaskError


def _print_version() -> int:
    from importlib.metadata import version

    print(f"pbrl {version('pbrl')}")
    return 0
