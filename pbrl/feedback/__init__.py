"""Kinds of feedback: what people and oracles can be asked, and what their answers mean."""

from collections.abc import Mapping

from pbrl.errors import FeedbackError, nearest
from pbrl.feedback.clip_return import CLIP_RETURN, ClipReturnKind
from pbrl.feedback.comparison import COMPARISON, Comparison, ComparisonKind
from pbrl.feedback.kind import FeedbackKind

__all__ = [
    "CLIP_RETURN",
    "COMPARISON",
    "KINDS",
    "ClipReturnKind",
    "Comparison",
    "ComparisonKind",
    "FeedbackKind",
    "find_kind",
]

KINDS: dict[str, FeedbackKind] = {kind.name: kind for kind in (COMPARISON, CLIP_RETURN)}
"""All kinds, by the name that the label store holds."""


def find_kind(name: str, kinds: Mapping[str, FeedbackKind] = KINDS) -> FeedbackKind:
    """The kind of that name.

    Raises:
        FeedbackError: If there is none.
    """
    if name not in kinds:
        raise FeedbackError(f"There is no feedback kind {name!r}. {nearest(name, kinds)}")
    return kinds[name]
