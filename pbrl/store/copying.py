"""A copy of a label store in a file, of one moment, whoever is writing to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pbrl.errors import StoreError


def copy_store(source: Path, target: Path) -> None:
    """Copies a store with SQLite's own means; the source is only read.

    Raises:
        StoreError: It cannot be copied.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as store,
            closing(sqlite3.connect(target)) as copy,
        ):
            store.backup(copy)
    except sqlite3.Error as error:
        raise StoreError(f"The label store {source} cannot be copied: {error}.") from error
