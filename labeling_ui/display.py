"""Whether there is a display at all: this loads nothing, so that the answer comes at once."""

import os
import sys
from collections.abc import Mapping

from pbrl.errors import PbrlError

ADVICE = (
    "Start it from a desktop's terminal, or through `ssh -X` (or -Y) from one; where the store is "
    "a PostgreSQL database, from any machine that reaches it."
)


def check_display(environ: Mapping[str, str] = os.environ) -> None:
    """Refuses to go on where there is no display, before anything slow is imported.

    Raises:
        PbrlError: There is none.
    """
    named = any(environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))
    if sys.platform.startswith("linux") and not named:
        raise PbrlError(
            "The viewer needs a display, and there is none here: neither DISPLAY nor "
            f"WAYLAND_DISPLAY is set. {ADVICE}"
        )
