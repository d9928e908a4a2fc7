"""`pbrl bench`: measures the suite beside its peers (see `experiments.bench`)."""

from collections.abc import Sequence

from experiments.bench import command


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    return command.main(arguments)
