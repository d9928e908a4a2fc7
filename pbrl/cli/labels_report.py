"""What is known of annotators, as a table with a column for each of them."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pbrl.labels.agreement import Share
from pbrl.labels.findings import FEW_ANSWERS
from pbrl.labels.statistics import AnnotatorStatistics, LabelStatistics

UNKNOWN = "-"
NAMES_WIDTH, COLUMN_WIDTH = 34, 29
"""Columns of a terminal that the names of the rows take, and one annotator."""


def print_statistics(
    console: Console, store: str, statistics: LabelStatistics, warnings: Sequence[str]
) -> None:
    """Prints statistics and warnings."""

    def say(sentence: str) -> None:
        console.print(sentence, soft_wrap=True, highlight=False, markup=False)

    say(f"{store}: {', '.join(statistics.runs) or 'no runs'}\n")
    at_once = max(1, (console.width - NAMES_WIDTH) // COLUMN_WIDTH)
    for begin in range(0, len(statistics.annotators), at_once):
        console.print(_table(statistics.annotators[begin : begin + at_once]), "", highlight=False)
    if statistics.annotators:
        say(_alpha(statistics))
    for warning in warnings:
        say(f"! {warning}")


def _table(annotators: Sequence[AnnotatorStatistics]) -> Table:
    names = (escape(one.annotator) for one in annotators)
    table = Table("", *names, box=None, pad_edge=False)
    columns = [_lines(one) for one in annotators]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def _lines(one: AnnotatorStatistics) -> dict[str, str]:
    """Returns what is known of an annotator, in words: name to value."""
    answers = one.labels + one.checks
    return {
        "labels": f"{one.labels:,}",
        "answers to repeats and gold pairs": f"{one.checks:,}",
        "taken back": f"{one.taken_back:,}",
        "answers a minute": _number(one.labels_per_minute, ".1f"),
        "median reaction": _number(one.median_reaction_seconds, ".1f", " s"),
        "ties": f"{one.ties.share:.0%}" if answers else UNKNOWN,
        "can't tell": f"{one.cant_tells.share:.0%}" if answers else UNKNOWN,
        "skipped": f"{one.skips.share:.0%}" if answers else UNKNOWN,
        "chose the left clip": _interval(one.left),
        "much better": _share(one.much),
        "agrees with self": _share(one.with_self),
        "agrees with others (alpha)": _number(one.with_others, ".2f", _pairs(one.shared_pairs)),
        "agrees with the ensemble": _share(one.with_ensemble),
        "right on gold pairs": _share(one.gold),
        "errors (estimate)": _errors(one),
    }


def _number(value: float | None, form: str, unit: str = "") -> str:
    return UNKNOWN if value is None else f"{value:{form}}{unit}"


def _pairs(count: int) -> str:
    return f" (n = {count:,})"


def _share(share: Share | None) -> str:
    return UNKNOWN if share is None else f"{share.share:.0%}{_pairs(share.of)}"


def _interval(share: Share | None) -> str:
    if share is None:
        return UNKNOWN
    low, high = share.interval
    return f"{share.share:.0%} ({low:.0%} to {high:.0%}, n = {share.of:,})"


def _errors(one: AnnotatorStatistics) -> str:
    errors = one.error_rate
    if errors is None or errors.answers < FEW_ANSWERS:
        return UNKNOWN if errors is None else f"{UNKNOWN} (n = {errors.answers:,})"
    low, high = errors.interval
    return f"{errors.rate:.0%} ({low:.0%} to {high:.0%}, n = {errors.answers:,})"


def _alpha(statistics: LabelStatistics) -> str:
    if statistics.alpha is None and statistics.shared_pairs:
        return (
            f"All answers to the {statistics.shared_pairs:,} pairs that two or more judged are the "
            "same one, of which Krippendorff's alpha says nothing."
        )
    if statistics.alpha is None:
        return "No two annotators judged the same pairs, so they cannot be compared."
    return (
        f"Krippendorff's alpha among all: {statistics.alpha:.2f} "
        f"over {statistics.shared_pairs:,} pairs (1 is perfect agreement, 0 is chance)."
    )
