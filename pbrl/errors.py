"""Errors that a user can mend: sentences, never tracebacks.

Each message says what was given, what was expected, what there is, and what to do. The command
line prints it and exits with code 2.
"""

import difflib
from collections.abc import Iterable


class PbrlError(Exception):
    """Base of every error that pbrl raises on purpose."""


class ConfigError(PbrlError):
    """A setting, or a combination of settings, that cannot work."""


class TaskError(PbrlError):
    """A task that is unknown, unsupported, or not safe to learn preferences on."""


class StoreError(PbrlError):
    """A label store that is missing, damaged, newer than this program, or out of space."""


class StoreUnreachable(StoreError):
    """A label store that is away or held by others now: the same may work in a moment."""


class ClipDamaged(StoreError):
    """A clip in a label store that is not what was stored."""


class FeedbackError(PbrlError):
    """An answer that does not fit its question."""


class CheckpointError(PbrlError):
    """A checkpoint or run folder that cannot be read, or that another process holds."""


class NumericalError(PbrlError):
    """A value that is not finite where training needs one that is."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a sentence that names the known names closest to `name`, or all if none is close."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There is: {', '.join(known)}."
