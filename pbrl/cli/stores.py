"""Where a run's label store is, what the run is called in it, and how a viewer is told.

A password stays out of `config.json` and of the command lines of other processes: it is in the URL
that the user gave, which a viewer is handed in its environment, or libpq finds it (PGPASSWORD,
~/.pgpass). Nothing here needs torch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pbrl.config import TrainConfig
from pbrl.errors import StoreError, nearest
from pbrl.runs import Run
from pbrl.store import LabelStore, store_file, store_url_without_password

STORE_VARIABLE = "PBRL_STORE"
"""Environment variable with the URL of the label store, password included."""


def written_down(store: str) -> str:
    """Returns a store as `config.json` holds it: no password, and a path from the root."""
    if not store:
        return ""
    bare = store_url_without_password(store)
    file = store_file(bare) if "://" in bare else Path(bare)
    return bare if file is None else str(file.resolve())


def address(run: Run, config: TrainConfig, given: str = "") -> str:
    """Returns where a run's label store is, with the password where one is known.

    Args:
        run: The run's folder.
        config: Its settings.
        given: What the user named; the environment is looked at too.
    """
    if not config.store:
        return str(run.labels_file)
    for store in (given, os.environ.get(STORE_VARIABLE, "")):
        if store and written_down(store) == config.store:
            return store
    return config.store


def name_in_store(run: Run, config: TrainConfig, store: LabelStore) -> str:
    """Returns what a run is called in its store.

    A store of its own that came along when the folder was renamed knows it by its earlier name.
    """
    return config.store_run or next(iter(store.runs()), run.name)


def with_name_in_store(config: TrainConfig, run: Run, given: str) -> TrainConfig:
    """Returns the settings of a new run with a name in a shared store that is its own from now on.

    Two that begin at the same moment have two names.
    """
    if not config.store:
        return config
    with opened(address(run, config, given)) as store:
        name, count = run.name, 1
        while not store.claim_name(name, config.env.env_id, config.feedback):
            count += 1
            name = f"{run.name}-{count}"
    return replace(config, store_run=name)


@contextmanager
def opened(store: str) -> Iterator[LabelStore]:
    """Opens a label store and closes it again."""
    label_store = LabelStore(store)
    try:
        yield label_store
    finally:
        label_store.close()


@contextmanager
def source_of_labels(source: str) -> Iterator[tuple[LabelStore, str]]:
    """Opens a store of answers that is there already, and finds the run that is meant in it.

    Args:
        source: A run's folder, a label store's file or its URL; `#RUN` at its end names one of
            several runs.

    Raises:
        StoreError: It is not there, holds no run, or holds several and none was named.
    """
    place, _, name = (source, "", "") if Path(source).exists() else source.partition("#")
    if "://" in place:
        place = str(store_file(place) or place)  # so that one that is not there is not made
    if "://" not in place:
        folder = Path(place)
        if (folder / "config.json").is_file():
            config = Run(folder.resolve()).config()
            place, name = address(Run(folder.resolve()), config), name or config.store_run
        if "://" not in place and not Path(place).is_file():
            raise StoreError(
                f"{place} holds no labels: expected the folder of a run whose questions were "
                "answered, the file of a label store, or its URL."
            )
    with opened(place) as store:
        runs = store.runs()
        if not name and len(runs) == 1:
            name = runs[0]
        if name not in runs:
            raise StoreError(_which_run(store.name, name, runs))
        yield store, name


def _which_run(store: str, name: str, runs: list[str]) -> str:
    if not runs:
        return f"{store} holds no runs, and so no answers to learn from."
    if name:
        return f"{store} holds no run {name!r}. {nearest(name, runs)}"
    listed = ", ".join(runs)
    return f"{store} holds several runs: {listed}. Name one of them as STORE#RUN."
