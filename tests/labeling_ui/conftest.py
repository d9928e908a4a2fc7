"""A screen, stores with real clips, and what the modules beside this one offer."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labeling_ui.pairs import Clip, Pair, Role
from pbrl.feedback import Comparison

HERE = str(Path(__file__).parent)


def beside(name: str):
    """A module of this folder, which is no package."""
    if HERE not in sys.path:
        sys.path.append(HERE)
    return importlib.import_module(name)


@pytest.fixture(scope="session")
def stores():
    """Makes stores with real clips: see stores.py."""
    return beside("stores")


@pytest.fixture
def hopper_run(tmp_path: Path, stores) -> Path:
    """A run of Hopper in which 12 pairs wait."""
    return stores.make_run(tmp_path / "hopper")


@pytest.fixture(scope="session")
def desktops():
    """Screens and hands: see desktop.py."""
    return beside("desktop")


@pytest.fixture
def desktop(desktops, request) -> Iterator:
    """A screen with nothing on it; with the parameter "remote" reached over the network."""
    with desktops.Desktop(remote=getattr(request, "param", "") == "remote") as desktop:
        yield desktop


@pytest.fixture(scope="session")
def viewers():
    """Viewers in processes of their own: see viewer.py."""
    return beside("viewer")


@pytest.fixture
def open_viewer(desktop, stores, viewers, tmp_path) -> Iterator[Callable[..., Any]]:
    opened: list[Any] = []

    def open_one(run: Path | str, *options: str) -> Any:
        tell = tmp_path / f"told {len(opened)}.jsonl"
        opened.append(viewers.Viewer(desktop, stores, run, tell, *options))
        desktop.focus()
        return opened[-1]

    yield open_one
    for viewer in opened:
        if viewer.process.poll() is None:
            viewer.process.kill()
            viewer.process.communicate()


@pytest.fixture
def make_pair() -> Callable[..., Pair]:
    """Makes pairs that nothing has to be drawn for."""

    def make(
        number: int,
        role: Role = Role.LABEL,
        left: int | None = None,
        steps: int = 30,
        expected: Comparison | None = None,
        predicted: np.ndarray | None = None,
    ) -> Pair:
        first, second = (Clip(f"{number}.{i}", np.zeros((steps, 3), np.float32)) for i in (0, 1))
        return Pair(number, (first, second), role, left, predicted=predicted, expected=expected)

    return make
