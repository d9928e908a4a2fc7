"""Clips as lines of a file: read one at a time, since all of them may not fit into memory."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pbrl.errors import StoreError
from pbrl.labels.contents import Clips
from pbrl.labels.fields import check_names, refusal
from pbrl.store.payload import decode_segment


def clip_line(content_hash: str, payload: bytes) -> str:
    """Returns the line of a clip."""
    text = base64.b64encode(payload).decode()
    return f"{json.dumps({'type': 'clip', 'hash': content_hash, 'payload': text})}\n"


class ClipLines(Clips):
    """The clips in a file of JSON Lines.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[str, int] = {}

    def add(self, values: Mapping[str, Any], offset: int, line: int) -> None:
        """Notes a clip's line, once it was checked against its hash.

        Args:
            values: The line's object.
            offset: Where the line begins in the file, in bytes.
            line: Its number, for messages.

        Raises:
            StoreError: The clip is damaged.
        """
        check_names(set(values), {"hash", "payload"}, line)
        try:
            payload = base64.b64decode(values["payload"], validate=True)
            if payload:
                decode_segment(values["hash"], payload)
        except (binascii.Error, TypeError, ValueError, StoreError):
            raise refusal(
                line, f"the clip {values['hash']} is damaged: its payload does not fit its hash"
            ) from None
        self._offsets[values["hash"]] = offset

    def __getitem__(self, content_hash: str) -> bytes:
        """Returns a payload; empty if it had been evicted when it was exported."""
        with self._path.open("rb") as file:
            file.seek(self._offsets[content_hash])
            return base64.b64decode(json.loads(file.readline())["payload"])

    def __iter__(self) -> Iterator[str]:
        """Goes through the hashes."""
        return iter(self._offsets)

    def __len__(self) -> int:
        """Returns the number of clips."""
        return len(self._offsets)
