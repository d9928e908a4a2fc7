"""What becomes of memory that a process has freed.

Large blocks are usually given back to the system at once, and taken from it anew, page by page, for
the next minibatch of pictures: a fifth to a quarter of the time of a gradient step.
"""

import ctypes

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Of glibc's `mallopt`, in malloc.h."""
AT_ONCE = 256 * 2**20
"""Bytes that are taken from the system at a time."""


def keep_freed_memory() -> bool:
    """Lets freed memory stay with the process; returns whether its C library can do that.

    The process then holds as much as it ever needed at a time, and not less again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return False
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, AT_ONCE))
    return all([mallopt(*setting) for setting in settings])
