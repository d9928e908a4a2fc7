"""Clips: frames, the budget of bytes and what may be evicted, and how much a run takes."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from pbrl.errors import StoreError
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN = "run"


def payload_bytes(store: LabelStore) -> dict[str, int]:
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT hash, length(payload) FROM segments")
        return {name: length for name, length in rows}


def test_frames_come_back(store: LabelStore, make_segment):
    frames = (b"\x89PNG one", b"", b"three\x00", b"4", b"five")
    clip, plain = make_segment(0, frames=frames), make_segment(0)
    assert clip.content_hash != plain.content_hash
    store.post(RUN, [Query(0, "comparison", (clip, plain), step=0)])
    (query,) = store.lease(RUN, "ann", "A", count=1, seconds=60)
    for found in (store.segments(RUN, [0])[0], query.segments):
        assert (found[0].frames, found[1].frames) == (frames, ())


def test_the_size_is_that_of_the_clips(store: LabelStore, make_query):
    assert store.size_bytes() == 0
    store.post(RUN, [make_query(0), make_query(1), make_query(2, seed=0)])  # two clips are shared
    assert store.size_bytes() == sum(payload_bytes(store).values())
    assert len(payload_bytes(store)) == 4


def test_oldest_clips_go_until_the_rest_fits(store: LabelStore, make_query):
    for number in range(6):
        store.post(RUN, [make_query(number)])
    store.withdraw(RUN, range(6), "old")
    size = store.size_bytes()
    each = size // 12
    assert store.evict(size) == 0
    freed = store.evict(size - 3 * each)
    assert freed == 3 * each
    assert store.size_bytes() == size - freed
    with pytest.raises(StoreError, match="was evicted.*withdrawn"):
        store.segments(RUN, [0])
    with pytest.raises(StoreError, match="was evicted"):
        store.segments(RUN, [1])  # one clip of its two
    assert set(store.segments(RUN, [2, 3, 4, 5])) == {2, 3, 4, 5}
    assert store.evict(0) == size - freed
    assert store.size_bytes() == 0
    assert store.evict(0) == 0


def test_what_someone_may_want_is_never_evicted(store: LabelStore, make_query):
    """Answered, taken back, known, on lease, open, shared with an open one, in another run."""
    store.post(RUN, [make_query(number) for number in range(8)])
    store.answer(RUN, 0, "first", "ann")
    store.retract(store.answer(RUN, 1, "first", "ann"), "ann")
    store.answer(RUN, 2, "first", "ann", role="gold")
    store.mark_gold(RUN, 3, "first")
    leased = store.lease(RUN, "ann", "A", count=3, seconds=60)
    assert [query.number for query in leased] == [1, 4, 5]
    store.release(RUN, "A", [1, 5])
    store.post(RUN, [make_query(8, seed=50)])  # the clips of 5, and open
    store.open_run("other", "pbrl/Hopper-v0", "comparison")
    store.post("other", [make_query(0, seed=60)])  # the clips of 6
    store.withdraw(RUN, range(8), "old")
    size = store.size_bytes()
    assert 0 < store.evict(0) < size
    kept = [0, 1, 2, 3, 4, 5, 6, 8]
    assert set(store.segments(RUN, kept)) == set(kept)
    assert set(store.segments("other", [0])) == {0}
    with pytest.raises(StoreError, match="evicted"):
        store.segments(RUN, [7])
    assert store.size_bytes() == size * 7 // 8


def test_a_lease_that_ran_out_does_not_keep_clips(store: LabelStore, make_query):
    store.post(RUN, [make_query(0)])
    store.lease(RUN, "ann", "A", count=1, seconds=-1)
    store.withdraw(RUN, [0], "old")
    assert store.evict(0) > 0


def test_an_answer_that_comes_after_its_clips_went_is_kept_but_not_learnt_from(
    store: LabelStore, make_query
):
    store.post(RUN, [make_query(0), make_query(1)])
    store.withdraw(RUN, [0], "old")
    store.evict(0)
    late = store.answer(RUN, 0, "first", "ann")
    other = store.answer(RUN, 1, "first", "ann")
    assert [a.id for a in store.answers(RUN)] == [other]
    assert [a.id for a in store.answer_records(RUN)] == [late, other]
    assert store.segments(RUN, [a.number for a in store.answers(RUN)])


def test_an_evicted_clip_that_is_posted_again_is_there_again(store: LabelStore, make_query):
    store.post(RUN, [make_query(0)])
    store.withdraw(RUN, [0], "old")
    store.evict(0)
    store.post(RUN, [make_query(1, seed=0)])
    assert len(store.segments(RUN, [1])[1]) == 2
    (query,) = store.lease(RUN, "ann", "A", count=9, seconds=60)
    assert query.number == 1


def hopper_like(seed: int) -> Segment:
    rng = np.random.default_rng(seed)
    steps, sizes = 60, {"observations": 11, "actions": 3, "render_states": 6}
    arrays = {n: rng.normal(size=(steps, size)).astype(np.float32) for n, size in sizes.items()}
    return Segment(**arrays, true_rewards=rng.normal(size=steps))


def test_a_run_of_hopper_with_1400_comparisons_stays_small(tmp_path: Path):
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        returns = np.random.default_rng(0).normal(size=(3, 2))
        for first in range(0, 1400, 70):
            queries = [
                Query(
                    *(n, "comparison", (hopper_like(2 * n), hopper_like(2 * n + 1)), n),
                    predicted_returns=returns,
                )
                for n in range(first, first + 70)
            ]
            store.post(RUN, queries)
            for number in range(first, first + 70):
                store.answer(RUN, number, "first", "ann", token=f"token-{number:030d}", left=0)
        on_disk = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert on_disk < 50e6  # 17 MB; 200 MB would be too much
