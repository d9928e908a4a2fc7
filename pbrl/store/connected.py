"""What all parts of a label store share: the database that they work on."""

from sqlalchemy import Engine

from pbrl.store.urls import named


class Connected:
    """An open database."""

    engine: Engine

    @property
    def name(self) -> str:
        """The path of the file, or the URL without its password."""
        return named(self.engine.url)

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()
