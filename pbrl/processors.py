"""The processors of this machine."""

import os


def usable_processors() -> int:
    """Returns how many this process may run on: of a run that is pinned to some, these."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
