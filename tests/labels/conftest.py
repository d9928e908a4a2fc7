"""Label stores with clips and people who judge them."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN, TASK = "run", "pbrl/Hopper-v0"


def make_segment(seed: int, steps: int = 4) -> Segment:
    rng = np.random.default_rng(seed)
    return Segment(
        observations=rng.normal(size=(steps, 3)).astype(np.float32),
        actions=rng.normal(size=(steps, 2)).astype(np.float32),
        true_rewards=rng.normal(size=steps),
        render_states=rng.normal(size=(steps, 4)).astype(np.float32),
    )


def make_query(number: int, predicted=None, seed: int | None = None, wanted: int = 1) -> Query:
    seed = 10 * number if seed is None else seed
    clips = (make_segment(seed), make_segment(seed + 1))
    returns = None if predicted is None else np.asarray(predicted, np.float64)
    return Query(number, "comparison", clips, 100 * number, returns, wanted)


@pytest.fixture
def open_store(tmp_path) -> Iterator:
    """Returns a function that opens a store by name, with a run unless told otherwise."""
    opened = []

    def open_(name="labels", run: str | None = RUN, queries=()) -> LabelStore:
        store = LabelStore(tmp_path / f"{name}.db")
        opened.append(closing(store))
        if run is not None:
            store.open_run(run, TASK, "comparison")
            store.post(run, [make_query(number) for number in queries])
        return store

    yield open_
    for store in opened:
        with store:
            pass


@pytest.fixture
def store(open_store) -> LabelStore:
    """A store with a run of ten queries."""
    return open_store(queries=range(10))


@pytest.fixture
def query():
    """`make_query`, for tests that post queries of their own."""
    return make_query
