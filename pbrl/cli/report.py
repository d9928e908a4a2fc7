"""`pbrl report`: one HTML file about one or several runs (see `experiments.report`)."""

from collections.abc import Sequence

from experiments.report import command


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    return command.main(arguments)
