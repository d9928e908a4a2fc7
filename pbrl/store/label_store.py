"""The label store: trainers post queries and read answers; whoever answers does the reverse.

Either side can die at any time, restart, or be on another machine. Every method is one transaction:
what it wrote is on the disk when it returns, or nothing was written. One store may be used by
several threads at once.
"""

from pathlib import Path

from pbrl.store.answers import Answers
from pbrl.store.clips import Clips
from pbrl.store.database import open_database
from pbrl.store.leases import Leases
from pbrl.store.people import People
from pbrl.store.queries import Queries
from pbrl.store.runs import Runs


class LabelStore(Runs, Queries, Answers, Clips, Leases, People):
    """Runs, their queries, and the answers to them, in a SQLite file or a PostgreSQL database."""

    def __init__(self, url_or_path: str | Path) -> None:
        """Opens the store; a SQLite file is created if it is not there.

        Args:
            url_or_path: A path, or a SQLAlchemy URL.

        Raises:
            StoreError: If it cannot be opened, is something else, or has a newer schema.
        """
        self.engine = open_database(url_or_path)
