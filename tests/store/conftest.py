"""Stores on both databases, and clips and queries to put into them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from pbrl.segments import Segment
from pbrl.store import LabelStore, Query


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What to open: a path, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return str(tmp_path / "labels.db")
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def store(database: str) -> Iterator[LabelStore]:
    """A store with the run "run"."""
    with closing(LabelStore(database)) as store:
        store.open_run("run", "pbrl/Hopper-v0", "comparison")
        yield store


@pytest.fixture(scope="session")
def make_segment() -> Callable[..., Segment]:
    def make(seed: int, steps: int = 5, frames: tuple[bytes, ...] = ()) -> Segment:
        rng = np.random.default_rng(seed)
        return Segment(
            observations=rng.normal(size=(steps, 3)).astype(np.float32),
            actions=rng.normal(size=(steps, 2)).astype(np.float32),
            true_rewards=rng.normal(size=steps),
            render_states=rng.normal(size=(steps, 4)).astype(np.float32),
            frames=frames,
        )

    return make


@pytest.fixture(scope="session")
def make_query(make_segment: Callable[..., Segment]) -> Callable[..., Query]:
    def make(number: int, seed: int | None = None, **fields) -> Query:
        seed = 10 * number if seed is None else seed
        clips = (make_segment(seed), make_segment(seed + 1))
        return Query(number, "comparison", clips, step=100 * number, **fields)

    return make
