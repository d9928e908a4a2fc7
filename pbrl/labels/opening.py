"""Opens the labels that a user names: by a run's folder, a store's path, or its URL."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbrl.errors import CheckpointError, StoreError, nearest
from pbrl.runs import Run
from pbrl.store import LabelStore
from pbrl.store.urls import parse_url


@dataclass(frozen=True, slots=True)
class OpenLabels:
    """A label store, and which of its runs are meant."""

    store: LabelStore
    """The store."""
    runs: tuple[str, ...]
    """Names of runs in it."""
    folder: Path | None
    """The run's folder, where one was named."""


@contextmanager
def open_labels(where: str, run: str | None = None) -> Iterator[OpenLabels]:
    """Opens labels for as long as the block lasts.

    Args:
        where: A run's folder, the path of a store or its URL.
        run: The run that is meant; by default the folder's own, or all that the store has.

    Raises:
        CheckpointError: It is a folder, but not of a run.
        StoreError: There is no such store, it cannot be opened, or it has no such run.
    """
    folder = Path(where) if "://" not in where and Path(where).is_dir() else None
    settings = _settings(folder) if folder else {}
    store = LabelStore(_existing(store_of(folder, settings) if folder else where))
    try:
        yield OpenLabels(store, _runs(store, run, folder, settings), folder)
    finally:
        store.close()


@contextmanager
def open_or_new(where: str) -> Iterator[LabelStore]:
    """Opens labels to add to for as long as the block lasts; a store that is not there is made.

    One that was made is removed again if the block fails.

    Args:
        where: A run's folder, the path of a store or its URL.

    Raises:
        CheckpointError: It is a folder, but not of a run.
        StoreError: It cannot be opened or made.
    """
    if "://" in where or Path(where).exists():
        with open_labels(where) as labels:
            yield labels.store
        return
    try:
        with closing(LabelStore(where)) as store:
            yield store
    except BaseException:
        for rest in ("", "-wal", "-shm"):
            Path(f"{where}{rest}").unlink(missing_ok=True)
        raise


def store_of(folder: Path, settings: dict[str, Any]) -> str:
    """Returns the path or URL of a run's label store."""
    return settings.get("store") or str(Run(folder).labels_file)


def _settings(folder: Path) -> dict[str, Any]:
    """Reads a run's settings, of whichever version of pbrl."""
    try:
        settings = json.loads(Run(folder).config_file.read_text())
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder} is not a run: it holds no config.json. Expected a run's folder, or the path "
            "or URL of a label store."
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{Run(folder).config_file} is damaged: {error}.") from error
    return settings if isinstance(settings, dict) else {}


def _existing(where: str) -> str:
    """Returns where a store is; opening one that is not there would make it."""
    url = parse_url(where)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        raise StoreError(
            f"There is no label store {url.database}. Expected a run's folder, or the path or URL "
            "of a label store."
        )
    return where


def _runs(
    store: LabelStore, run: str | None, folder: Path | None, settings: dict[str, Any]
) -> tuple[str, ...]:
    known = tuple(store.runs())
    if run is None and folder is not None:
        own = settings.get("store_run") or folder.resolve().name
        # A store of the folder's own that came along when it was renamed has another name for it.
        run = own if settings.get("store") or own in known else None
    if run is None:
        return known
    if run not in known:
        there_is = nearest(run, known) if known else "It has no runs."
        raise StoreError(f"{store.name} has no run {run!r}. {there_is}")
    return (run,)
