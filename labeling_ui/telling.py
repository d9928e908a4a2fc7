"""How quick the window is, and what it shows, a line of JSON each to whoever reads along."""

import json
import time
from pathlib import Path

import numpy as np

from labeling_ui.pairs import Pair, Stored
from labeling_ui.session import Screen, Session


class Telling:
    """Takes the times of a sitting, and writes a line for each pair shown and answer stored.

    Attributes:
        frame_seconds: How long each look at the window took, without waiting.
        key_seconds: From each answer's key to the next pair's first picture on the screen.
    """

    def __init__(self, path: Path | None) -> None:
        """Begins.

        Args:
            path: The file that gets the lines; None for no file.
        """
        self.frame_seconds: list[float] = []
        self.key_seconds: list[float] = []
        self._file = path.open("a") if path else None
        self._pair: Pair | None = None
        self._key_at: float | None = None

    def answer_key(self) -> None:
        """Notes that the key of an answer was pressed."""
        self._key_at = time.monotonic()

    def shown(self, session: Session) -> None:
        """Notes what is on the screen now."""
        stage = session.stage
        if stage.pair is self._pair or not stage.visible:
            return
        self._pair = stage.pair
        if stage.pair is None or session.screen is not Screen.JUDGING:
            return
        wait = None
        if self._key_at is not None:
            wait = time.monotonic() - self._key_at
            self.key_seconds.append(wait)
            self._key_at = None
        pair = stage.pair
        self._tell(
            "shown", number=pair.number, left=stage.left, role=pair.role.value, since_key=wait
        )

    def stored(self, stored: Stored) -> None:
        """Notes that an answer is durable."""
        self._tell("stored", number=stored.judgement.pair.number, id=stored.answer_id)

    def close(self) -> None:
        """Writes the last line: how many looks there were, and how long they took."""
        if self._file is not None:
            median, most = np.quantile(self.frame_seconds or [0.0], (0.5, 0.99)).tolist()
            self._tell("closed", looks=len(self.frame_seconds), median=median, most=most)
            self._file.close()

    def _tell(self, what: str, **facts: object) -> None:
        if self._file is not None:
            self._file.write(json.dumps({"what": what, "at": time.time(), **facts}) + "\n")
            self._file.flush()
