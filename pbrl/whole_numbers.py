"""Whole numbers as people type them, the `type` of options of the command line, and read them."""

import argparse


def at_least_zero(text: str) -> int:
    """Returns the number.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number, 0 or more.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number, 0 or more")
    return int(text)


def at_least_one(text: str) -> int:
    """Returns the number.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number, 1 or more.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number, 1 or more")
    return int(text)


def counted(count: int, noun: str) -> str:
    """Returns a number with what is counted, a regular noun: `1 run`, `2,000 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
