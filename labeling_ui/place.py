"""Where a run's labels are, and how a viewer finds its way there."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_ui.messages import DeskStatus, News, Opened
from pbrl.errors import StoreError, TaskError
from pbrl.feedback import COMPARISON

if TYPE_CHECKING:
    from pbrl.store import LabelStore, RunInfo

POLL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Place:
    """What was said of where to label."""

    store: str | Path
    """Path or URL of the label store."""
    run: str | None = None
    """The run's name in it; None: the only one."""
    folder: str | None = None
    """Name of the run's folder, by which the run is known unless the folder was renamed; the
    store may not be there yet, when the run is just starting. None: a store was named."""
    env_id: str | None = None
    """The task that the run's folder speaks of."""
    budget: int = 0
    """Answers that the run asks for in all; 0: not known."""
    look_for: str = ""
    """The person's own text of what to judge by."""


@dataclass(frozen=True, slots=True)
class OpenedPlace:
    """A run that was found."""

    run: str
    """Its name in the store."""
    budget: int
    """Answers that the run asks for in all; 0: not known."""
    news: Opened
    """What the window is told of it."""


class Closing(Exception):
    """The window was closed before the run was found."""


def open_place(
    place: Place,
    annotator: str,
    viewer: str,
    tell: Callable[[News], None],
    closing: threading.Event,
) -> tuple["LabelStore", OpenedPlace]:
    """Opens the store and finds the run, waiting for a run that is just starting.

    Raises:
        PbrlError: The store cannot be opened or written to, does not hold the run or holds it
            with another task, or the task is not installed here.
        Closing: The window was closed meanwhile.
    """
    from pbrl.store import LabelStore  # SQLAlchemy: the window is open by now

    while isinstance(place.store, Path) and not place.store.is_file():
        if place.folder is None:
            raise StoreError(f"There is no label store {place.store}.")
        tell(DeskStatus(opening="The run is just starting: it has no label store yet."))
        _wait(closing)
    store = LabelStore(place.store)
    try:
        while (run := _name(store, place)) is None:
            tell(DeskStatus(opening="The run is just starting: it has not opened its labels yet."))
            _wait(closing)
        info = store.run_info(run)
        news = _describe(place, info)
        first = not store.answer_records(run, annotator=annotator)
        store.renew(run, annotator, viewer, seconds=1.0)  # a store that is read-only says so here
    except BaseException:
        store.close()
        raise
    practise = first and not place.look_for and not info.look_for
    return store, OpenedPlace(run, place.budget, _with_practice(news, practise))


def identity(store: str | Path) -> tuple[int, int] | None:
    """Returns what tells a store's file from another in its place; None if it is gone, or a URL."""
    try:
        found = None if isinstance(store, str) else store.stat()
    except OSError:
        return None
    return found and (found.st_dev, found.st_ino)


def _wait(closing: threading.Event) -> None:
    if closing.wait(POLL_SECONDS):
        raise Closing


def _name(store: "LabelStore", place: Place) -> str | None:
    """Returns the run's name in the store; None: a run that is just starting is not in it yet."""
    runs = store.runs()
    if place.run is not None:
        return place.run
    if place.folder in runs:
        return place.folder
    if place.folder is not None and not runs:
        return None
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise StoreError(f"{store.name} holds no run yet: start one with `pbrl train --store`.")
    there = f"There is: {', '.join(runs)}."
    if place.folder:
        raise StoreError(f"{store.name} holds several runs, and none is {place.folder}. {there}")
    raise StoreError(f"{store.name} holds several runs: say which with --run. {there}")


def _describe(place: Place, info: "RunInfo") -> Opened:
    """Returns what the window is told of a run.

    Raises:
        StoreError: It is of another task or kind of feedback than is asked for.
        TaskError: Its task is not installed here.
    """
    import envs

    if place.env_id is not None and place.env_id != info.env_id:
        raise StoreError(
            f"The store has run {info.run!r} with task {info.env_id}, but the run's folder speaks "
            f"of {place.env_id}: it is another run's store."
        )
    if info.kind != COMPARISON.name:
        raise StoreError(
            f"Run {info.run!r} asks for {info.kind} feedback; this viewer shows comparisons."
        )
    try:
        task = envs.describe(info.env_id)
    except envs.TaskError as error:
        raise TaskError(f"This run's task is not installed here. {error}") from error
    return Opened(
        task=_name_of(info.env_id),
        env_id=info.env_id,
        fps=task.clip_fps,
        look_for=place.look_for or info.look_for or task.look_for,
        practise=info.env_id in (*envs.TASKS, *envs.GAMES),
        budget=place.budget,
    )


def _name_of(env_id: str) -> str:
    """Returns a task's name without module, namespace and version."""
    name = env_id.rpartition(":")[2].rpartition("/")[2]
    return name.rpartition("-v")[0] or name


def _with_practice(news: Opened, practise: bool) -> Opened:
    return Opened(
        news.task, news.env_id, news.fps, news.look_for, news.practise and practise, news.budget
    )
