"""What to look at in an annotator's answers, in words."""

from collections.abc import Iterator

from pbrl.labels.agreement import Share
from pbrl.labels.statistics import AnnotatorStatistics, ErrorRate, LabelStatistics

FEW_ANSWERS = 30
"""With fewer answers nothing is said about an annotator."""
FEW_CHECKS = 10
"""With fewer repeats, gold pairs or shared pairs nothing is said about them."""
SIDE_BIAS = 0.1
"""How far from a half the share of left answers may be, if chance cannot explain it."""
FAST_SECONDS = 1.0
"""A median reaction below this is less than it takes to see a clip of 1.5 seconds."""
MANY = 0.3
"""A share of ties, can't-tells or skips above this is a lot."""
LOW_SELF, LOW_GOLD, LOW_ALPHA = 0.75, 0.8, 0.4
HIGH_ERRORS = 0.25
"""An error rate that surely lies above this is high; the paper's likelihood takes 0.1."""


def warnings(statistics: LabelStatistics) -> list[str]:
    """Returns sentences on what may be wrong with the answers of some runs; empty if nothing is."""
    if not statistics.annotators:
        return ["There are no answers yet."]
    return [sentence for one in statistics.annotators for sentence in annotator_warnings(one)]


def annotator_warnings(one: AnnotatorStatistics) -> list[str]:
    """Returns sentences on what may be wrong with one annotator's answers."""
    answers = one.labels + one.checks
    if answers < FEW_ANSWERS:
        return [
            f"{one.annotator} has given {answers} answers: too few to say anything about them "
            f"({FEW_ANSWERS} are needed)."
        ]
    return [f"{one.annotator} {said}" for said in (*_pace_and_sides(one), *_agreement(one))]


def _pace_and_sides(one: AnnotatorStatistics) -> Iterator[str]:
    if one.left is not None and _is_biased(one.left):
        side = "left" if one.left.share > 0.5 else "right"
        low, high = one.left.interval
        yield (
            f"favours the {side} side: chose the left clip in {one.left.share:.0%} of "
            f"{one.left.of:,} choices (95 % interval {low:.0%} to {high:.0%}), and which clip "
            "stands left is drawn at random."
        )
    reaction = one.median_reaction_seconds
    if not one.synthetic and reaction is not None and reaction < FAST_SECONDS:
        yield f"answers faster than clips can be watched: {reaction:.2f} s in the median."
    for share, name in ((one.ties, "ties"), (one.cant_tells, "can't-tells"), (one.skips, "skips")):
        if share.share > MANY:
            yield (
                f"gives many {name}: {share.share:.0%} of {share.of:,} answers. "
                "Is it clear what to look for?"
            )


def _agreement(one: AnnotatorStatistics) -> Iterator[str]:
    if _is_low(one.with_self, LOW_SELF):
        yield (
            f"often disagrees with the own earlier answer: the same answer in "
            f"{_counted(one.with_self)} repeats."
        )
    if _is_low(one.gold, LOW_GOLD):
        yield f"is often wrong where the answer is known: right in {_counted(one.gold)} gold pairs."
    alpha = one.with_others
    if alpha is not None and one.shared_pairs >= FEW_CHECKS and alpha < LOW_ALPHA:
        yield (
            f"agrees little with others: Krippendorff's alpha is {alpha:.2f} over "
            f"{one.shared_pairs:,} pairs (1 is perfect, 0 is chance)."
        )
    if one.error_rate is not None and _is_high(one.error_rate):
        low, high = one.error_rate.interval
        yield (
            f"errs often: some {one.error_rate.rate:.0%} of the answers look random (95 % interval "
            f"{low:.0%} to {high:.0%}, from {one.error_rate.answers:,} answers)."
        )


def _is_biased(left: Share) -> bool:
    low, high = left.interval
    return not low <= 0.5 <= high and abs(left.share - 0.5) > SIDE_BIAS


def _is_low(share: Share | None, limit: float) -> bool:
    return share is not None and share.of >= FEW_CHECKS and share.share < limit


def _is_high(errors: ErrorRate) -> bool:
    return errors.answers >= FEW_ANSWERS and errors.interval[0] > HIGH_ERRORS


def _counted(share: Share | None) -> str:
    return "" if share is None else f"{share.count:g} of {share.of:,}"
