"""`pbrl doctor`: what this machine has and what to install."""

import argparse
from collections.abc import Sequence

from pbrl.doctor import report


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    argparse.ArgumentParser(
        prog="pbrl doctor", description="Say what this machine has and what to install."
    ).parse_args(arguments)
    return report()
