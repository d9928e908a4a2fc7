"""What the store knows of runs, and what their trainers publish."""

import dataclasses
import json
import time

import pytest

from pbrl.errors import StoreError
from pbrl.store import LabelStore, Published, RunInfo

RUN = "run"
SAID = Published(
    state="waiting",
    phase="waiting for 12 answers",
    waiting_for="All pairs are with other people.",
    progress=0.25,
    steps=40_000,
    total_steps=2_000_000,
    labels=120,
    label_budget=700,
    steps_per_second=5123.5,
    learned_returns=((1000, -3.5), (2000, 4.25)),
)


def test_what_was_given_at_the_opening(store: LabelStore):
    info = store.run_info(RUN)
    assert info == RunInfo(RUN, "pbrl/Hopper-v0", "comparison", "", info.opened_at)
    assert abs(info.opened_at - time.time()) < 60
    with pytest.raises(StoreError, match="no run 'rum'. There is: run"):
        store.run_info("rum")


def test_a_name_is_claimed_once(store: LabelStore):
    assert store.claim_name("new", "pbrl/Hopper-v0", "comparison")
    assert not store.claim_name("new", "pbrl/Ant-v0", "comparison")
    assert not store.claim_name(RUN, "pbrl/Hopper-v0", "comparison")
    store.open_run("new", "pbrl/Hopper-v0", "comparison", look_for="Hop gently.")
    assert store.run_info("new").look_for == "Hop gently."
    assert store.runs() == [RUN, "new"]


def test_the_users_own_text_stays_until_another_is_given(store: LabelStore):
    def opened(**look_for: str) -> str:
        store.open_run("own", "pbrl/Hopper-v0", "comparison", **look_for)
        return store.run_info("own").look_for

    assert opened(look_for="Hop gently.") == "Hop gently."
    assert opened() == "Hop gently."
    assert opened(look_for="Hop high.") == "Hop high."
    assert store.run_info(RUN).look_for == ""


def test_a_run_that_is_refused_keeps_its_text(store: LabelStore):
    with pytest.raises(StoreError):
        store.open_run(RUN, "pbrl/Ant-v0", "comparison", look_for="Run.")
    assert store.run_info(RUN).look_for == ""


def test_what_the_trainer_publishes_is_what_viewers_read(store: LabelStore):
    assert store.published(RUN) is None
    store.publish(RUN, SAID)
    found = store.published(RUN)
    assert found is not None
    assert abs(found.updated_at - time.time()) < 5
    assert dataclasses.replace(found, updated_at=0.0) == SAID
    store.publish(RUN, Published("finished"))
    again = store.published(RUN)
    assert again is not None
    assert (again.state, again.progress, again.labels) == ("finished", None, 0)
    assert again.updated_at > found.updated_at
    with pytest.raises(StoreError, match="no run 'rum'"):
        store.publish("rum", SAID)


def test_it_is_read_whatever_newer_writers_add():
    text = json.loads(SAID.to_json()) | {"mood": "good"}
    assert Published.from_json(json.dumps(text)) == SAID
    assert Published.from_json('{"state": "acting"}') == Published("acting")


@pytest.mark.parametrize("text", ["", "[1]", "null", "{}", '{"state": "acting", "labels"', "7"])
def test_what_is_something_else_is_told(text: str):
    with pytest.raises(StoreError, match="cannot be read"):
        Published.from_json(text)


def test_only_the_last_points_of_the_curve_are_kept():
    points = tuple((n, float(n)) for n in range(300))
    assert Published("acting", learned_returns=points).learned_returns == points[-200:]
