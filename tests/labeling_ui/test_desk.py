"""The desk on a real SQLite store: leases, durable answers, undo, checks, lost connections."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from labeling_ui import desk as desk_module
from labeling_ui.checking import REPEAT_AFTER
from labeling_ui.clerk import AHEAD
from labeling_ui.desk import Desk
from labeling_ui.messages import (
    Clips,
    DeskStatus,
    Failure,
    FetchClips,
    GiveBack,
    GoOn,
    ListEarlier,
    Lost,
    Notice,
    Opened,
    PassOver,
    Rest,
    Store,
    TakeBack,
    TakenBack,
)
from labeling_ui.pages import told
from labeling_ui.pairs import Earlier, Judgement, Pair, Role, Stored
from labeling_ui.place import Place
from labeling_ui.reasons import reason
from pbrl.errors import StoreError, StoreUnreachable, TaskError
from pbrl.feedback import Comparison
from pbrl.store import LabelStore

SECONDS = 20.0


class At:
    """A desk, and what it has told."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.told, self.given = desk, [], 0

    def wait_for(self, kind: type, which: Callable = lambda news: True):
        """Takes the next news of a kind out of what was told."""
        deadline = time.monotonic() + SECONDS
        while True:
            self.told += self.desk.news()
            for news in self.told:
                if isinstance(news, kind) and which(news):
                    self.told.remove(news)
                    return news
            assert time.monotonic() < deadline, f"No {kind.__name__}: {self.told}"
            time.sleep(0.005)

    def judge(
        self, pair: Pair, answer: Comparison = Comparison.FIRST, strength: int | None = None
    ) -> Judgement:
        left = 0 if pair.left is None else pair.left
        self.given += 1
        judgement = Judgement(
            f"token {id(self)} {self.given}", pair, left, answer, strength, 1.0, 2.0, 0.5
        )
        self.desk.ask(Store(judgement))
        return judgement

    def answer(self, pair: Pair, answer: Comparison = Comparison.FIRST) -> Stored:
        self.judge(pair, answer)
        return self.wait_for(Stored)

    def statuses_until(self, which: Callable[[DeskStatus], bool]) -> DeskStatus:
        return self.wait_for(DeskStatus, which)


@contextmanager
def at_desk(place: Place, annotator: str = "anna", **options: object) -> Iterator[At]:
    desk = Desk(place, annotator, np.random.default_rng(3), **({"repeats": 0.0} | options))
    desk.start()
    try:
        yield At(desk)
    finally:
        desk.finish(0.0)
        assert not desk.is_alive()


@pytest.fixture
def place(hopper_run: Path) -> Place:
    return Place(hopper_run / "labels.db", folder=hopper_run.name, budget=700)


@pytest.fixture
def store(place: Place) -> Iterator[LabelStore]:
    with closing(LabelStore(place.store)) as store:
        yield store


def test_it_says_what_run_it_is_and_offers_a_few_pairs_ahead(place, store):
    with at_desk(place) as at:
        opened = at.wait_for(Opened)
        assert (opened.task, opened.fps) == ("Hopper", 40.0)
        assert "hopper" in opened.look_for
        assert opened.practise
        pairs = [at.wait_for(Pair) for _ in range(AHEAD + 1)]
        assert [pair.number for pair in pairs] == list(range(AHEAD + 1))
        assert pairs[0].clips[0].states.shape == (60, 6)
        assert pairs[0].predicted.shape == (3, 2)
        status = at.statuses_until(lambda s: s.connected and s.trainer is not None)
        assert (status.waiting, status.with_others, status.budget) == (12, 0, 700)
        assert status.trainer.steps == 412_000
        assert store.progress("hopper").leased == AHEAD + 1
    assert store.progress("hopper").leased == 0  # what a viewer that closes held is free at once


def test_an_answer_is_in_the_store_before_it_is_told(place, store):
    with at_desk(place) as at:
        pair = at.wait_for(Pair)
        stored = at.answer(pair, Comparison.TIE)
        (record,) = store.answer_records("hopper")
        assert record.id == stored.answer_id
        assert (record.number, record.text, record.annotator) == (0, "tie", "anna")
        assert (record.role, record.left, record.shown_at) == ("label", 0, 1.0)
        assert (record.answered_at, record.reaction_seconds) == (2.0, 0.5)
        assert at.wait_for(Pair, lambda p: p.number == AHEAD + 1)  # and another pair is leased


def test_how_much_better_is_stored_and_shown_among_earlier_answers(place, store):
    with at_desk(place) as at:
        for strength in (2, 1, None):
            at.judge(at.wait_for(Pair), strength=strength)
            at.wait_for(Stored)
        assert [one.strength for one in store.answer_records("hopper")] == [2, 1, None]
        assert [one.text for one in store.answers("hopper")] == ["first"] * 3
        at.desk.ask(ListEarlier())
        listed = at.wait_for(list)
        assert [one.strength for one in listed] == [2, 1, None]
        said = [told(one).split(" (")[0] for one in listed]
        assert said == [f"You said: left was {b}." for b in ("much better", "better", "better")]


def test_an_answer_taken_back_leaves_the_training_data_and_the_pair_stays_here(place, store):
    with at_desk(place) as at:
        stored = at.answer(at.wait_for(Pair))
        at.desk.ask(TakeBack(stored.answer_id, 0, Role.LABEL, left=1))
        back = at.wait_for(TakenBack)
        assert (back.pair.number, back.pair.left, back.pair.role) == (0, 1, Role.LABEL)
        assert back.pair.predicted.shape == (3, 2)
        assert store.answers("hopper") == []
        with closing(LabelStore(place.store)) as other:  # nobody else is given it meanwhile
            leased = other.lease("hopper", "ben", "bens", count=12, seconds=60)
            assert 0 not in [one.number for one in leased]
        at.answer(back.pair, Comparison.SECOND)
        (answered,) = store.answers("hopper")
        assert answered.text == "second"


def test_a_pair_that_was_judged_anew_at_another_viewer_does_not_come_back(place, store):
    with at_desk(place) as at, at_desk(place) as other:
        stored = at.answer(at.wait_for(Pair))
        number = stored.judgement.pair.number
        request = TakeBack(stored.answer_id, number, Role.LABEL, left=1)
        other.desk.ask(request)
        other.answer(other.wait_for(TakenBack).pair, Comparison.SECOND)
        at.desk.ask(request)
        news = at.wait_for(TakenBack)
        assert (news.pair, news.judged_anew) == (None, True)
        assert [a.text for a in store.answers("hopper")] == ["second"]


def test_pairs_that_wait_for_somebody_else_are_not_this_persons_to_judge(tmp_path, stores):
    path = tmp_path / "study.db"
    with closing(LabelStore(path)) as study:
        study.open_run("study", "pbrl/Hopper-v0", "comparison")
        made = stores.make_queries(stores.make_segments("Hopper", 6))
        study.post("study", [replace(one, wanted=2) for one in made])
    with at_desk(Place(path)) as at:
        at.statuses_until(lambda s: (s.waiting, s.for_others) == (3, 0))
        for _ in range(3):
            at.answer(at.wait_for(Pair))
        status = at.statuses_until(lambda s: s.for_others == 3)
        assert status.waiting == 0
        assert "3 wait for other people" in reason(status).sentence
        with at_desk(Place(path), "ben") as other:
            pair = other.wait_for(Pair)
            at.statuses_until(lambda s: (s.with_others, s.for_others) == (3, 0))
            other.answer(pair)
            for _ in range(2):
                other.answer(other.wait_for(Pair))
            status = other.statuses_until(lambda s: not (s.waiting or s.others))
            assert "Every pair is judged" in reason(status).sentence


def test_one_can_look_at_what_one_said_before_and_at_no_one_elses(place, store):
    store.answer("hopper", 0, "first", "ben")
    store.answer("hopper", 1, "second", "anna", left=1, reaction_seconds=3.0)
    store.answer_many("hopper", {2: "first"}, "anna")  # a program of that name
    with at_desk(place) as at:
        assert not at.wait_for(Opened).practise  # not the first sitting
        at.desk.ask(ListEarlier())
        (entry,) = at.wait_for(list)
        assert isinstance(entry, Earlier)
        assert (entry.number, entry.answer, entry.left) == (1, Comparison.SECOND, 1)
        at.desk.ask(FetchClips(1))
        assert len(at.wait_for(Clips).clips[0]) == 60
        at.desk.ask(FetchClips(99))
        assert at.wait_for(Clips).clips is None


def test_two_viewers_of_one_name_know_of_one_another_and_share_no_pair(place):
    with at_desk(place) as at, at_desk(place) as other:
        ours = {at.wait_for(Pair).number for _ in range(AHEAD + 1)}
        theirs = {other.wait_for(Pair).number for _ in range(AHEAD + 1)}
        assert not ours & theirs
        at.statuses_until(lambda s: (s.people, s.with_others) == (("anna",), AHEAD + 1))


def test_repeats_come_after_a_while_with_sides_swapped_and_are_not_learnt_from(place, store):
    for number in range(REPEAT_AFTER + 1):
        store.answer("hopper", number, "first", "anna", left=1)
    with at_desk(place, repeats=0.99) as at:
        repeat = at.wait_for(Pair)
        assert (repeat.number, repeat.role, repeat.left) == (0, Role.REPEAT, 0)
        at.answer(repeat, Comparison.SECOND)
        record = store.answer_records("hopper")[-1]
        assert (record.role, record.number) == ("repeat", 0)
        assert [a.text for a in store.answers("hopper", below=1)] == ["first"]
    with at_desk(place, repeats=0.99) as at:  # and once is enough
        assert at.wait_for(Pair).role is Role.LABEL


def test_gold_pairs_are_asked_once_of_each_person(place, store):
    store.answer("hopper", 5, "first", "ben")
    store.mark_gold("hopper", 5, "first")
    with at_desk(place, repeats=0.99) as at:
        gold = at.wait_for(Pair, lambda p: p.number == 5)
        assert (gold.role, gold.left) == (Role.GOLD, None)
        at.answer(gold)
        assert store.answer_records("hopper", annotator="anna")[-1].role == "gold"
        assert len(store.answers("hopper")) == 1
    with at_desk(place, repeats=0.99) as at:
        numbers = [at.wait_for(Pair).number for _ in range(AHEAD + 1)]
        assert 5 not in numbers


def test_an_open_pair_that_is_marked_as_gold_is_a_check_alone(place, store):
    store.mark_gold("hopper", 0, "first")
    with at_desk(place, repeats=0.99) as at:
        pairs = [at.wait_for(Pair) for _ in range(AHEAD + 2)]
        assert [(p.number, p.role) for p in pairs if p.number == 0] == [(0, Role.GOLD)]
        assert sum(p.role is Role.LABEL for p in pairs) == AHEAD + 1


def test_a_pair_that_cannot_be_drawn_is_withdrawn_and_another_one_comes(place, store):
    with at_desk(place) as at:
        at.wait_for(Pair, lambda pair: pair.number == AHEAD)
        at.desk.ask(PassOver(2, "It has no picture."))
        assert at.wait_for(Pair, lambda pair: pair.number > AHEAD).number == AHEAD + 1
        (query,) = store.queries("hopper", [2])
        assert query.withdrawn == "a viewer could not draw it: It has no picture."
        assert store.progress("hopper").leased == AHEAD + 1


def test_what_is_said_after_the_store_was_removed_is_kept_and_not_called_stored(
    place, store, monkeypatch
):
    monkeypatch.setattr(desk_module, "RETRY_SECONDS", (0.05,))
    with at_desk(place) as at:
        at.answer(at.wait_for(Pair))
        folder = place.store.parent
        away = folder.rename(folder.with_name("removed"))
        at.judge(at.wait_for(Pair))
        trouble = at.statuses_until(lambda s: "was removed" in s.trouble).trouble
        assert str(place.store) in trouble
        assert not [news for news in at.told if isinstance(news, Stored)]
        away.rename(folder)
        assert at.wait_for(Stored).judgement.pair.number == 1
        folder.rename(away)
        judgement = at.judge(at.wait_for(Pair))
        assert at.desk.finish(0.2) == [judgement]


def test_who_rests_holds_nothing_until_going_on(place, store, monkeypatch):
    monkeypatch.setattr(desk_module, "HEARTBEAT_SECONDS", 0.05)
    with at_desk(place) as at:
        for _ in range(AHEAD + 1):
            at.wait_for(Pair)
        at.desk.ask(Rest())
        at.statuses_until(lambda s: s.waiting == 12 and store.progress("hopper").leased == 0)
        with at_desk(place, "ben") as other:
            assert other.wait_for(Pair).number == 0
            at.statuses_until(lambda s: s.people == ("ben",))
            assert not [one for one in (*at.told, *at.desk.news()) if isinstance(one, Pair | Lost)]
            at.desk.ask(GoOn())
            assert at.wait_for(Pair).number == AHEAD + 1


def test_new_pairs_come_by_themselves(tmp_path, stores):
    run = stores.make_run(tmp_path / "run", pairs=0)
    with at_desk(Place(run / "labels.db", folder="run")) as at:
        at.statuses_until(lambda s: s.connected and s.waiting == 0)
        with closing(LabelStore(run / "labels.db")) as store:
            store.post("run", stores.make_queries(stores.make_segments("Hopper", 2)))
        assert at.wait_for(Pair).number == 0


def test_a_run_that_is_just_starting_is_waited_for(tmp_path, stores):
    run = tmp_path / "run"
    run.mkdir()
    with at_desk(Place(run / "labels.db", folder="run")) as at:
        at.statuses_until(lambda s: "just starting" in s.opening)
        with closing(LabelStore(run / "labels.db")):
            at.statuses_until(lambda s: "not opened" in s.opening)
        stores.make_run(run, pairs=1)
        assert at.wait_for(Pair).number == 0


def test_a_damaged_clip_is_reported_and_never_shown(place, store):
    (query,) = store.queries("hopper", [1])
    with closing(sqlite3.connect(place.store)) as connection, connection:
        which = (query.hashes[0],)
        ((payload,),) = connection.execute("SELECT payload FROM segments WHERE hash = ?", which)
        spoilt = payload[:900] + bytes([payload[900] ^ 1]) + payload[901:]
        change = "UPDATE segments SET payload = ? WHERE hash = ?"
        connection.execute(change, (spoilt, *which))
    with at_desk(place) as at:
        numbers = [at.wait_for(Pair).number for _ in range(AHEAD + 1)]
        assert 1 not in numbers
        assert "pair 1 is damaged" in at.wait_for(Notice).text


def test_a_locked_store_loses_no_answer(place, store, monkeypatch):
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 0.2)
    monkeypatch.setattr(desk_module, "RETRY_SECONDS", (0.1,))
    with at_desk(place) as at:
        pair = at.wait_for(Pair)
        with closing(sqlite3.connect(place.store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            at.judge(pair)
            trouble = at.statuses_until(lambda s: bool(s.trouble)).trouble
            assert "locked" in trouble
            other.execute("ROLLBACK")
        at.wait_for(Stored)
        assert "is back" in at.wait_for(Notice).text
        assert [answered.number for answered in store.answers("hopper")] == [0]


def test_pairs_whose_lease_ran_out_are_given_up_and_leased_anew(place, store, monkeypatch):
    monkeypatch.setattr(desk_module, "HEARTBEAT_SECONDS", 0.2)
    with at_desk(place) as at:
        at.wait_for(Pair, lambda pair: pair.number == AHEAD)
        at.told.clear()
        store.release("hopper", at.desk.viewer, [1, 2])
        assert store.lease("hopper", "ben", "bens", count=1, seconds=60.0)[0].number == 1
        assert {at.wait_for(Lost).number for _ in range(2)} == {1, 2}
        again = [at.wait_for(Pair, lambda pair: pair.number in (2, 5)).number for _ in range(2)]
        assert again == [2, 5]


def test_a_pair_of_ones_own_that_is_leased_anew_is_not_offered_twice(place, store):
    """A lease may run out between two signs of life, while the store is away."""
    with at_desk(place) as at:
        first = at.wait_for(Pair)
        offered = [first, *(at.wait_for(Pair) for _ in range(AHEAD))]
        store.release("hopper", at.desk.viewer, [3, 4])
        at.answer(first)  # and another pair is leased: the lowest that is free, which is 3
        at.answer(offered[1])
        more = [at.wait_for(Pair) for _ in range(2)]
        numbers = [pair.number for pair in (*offered, *more)]
        assert len(set(numbers)) == len(numbers)
        assert store.progress("hopper").leased == AHEAD + 1


def test_a_finished_run_leases_nothing_and_pairs_can_be_given_back(place, store, stores):
    with at_desk(place) as at:
        at.wait_for(Pair, lambda pair: pair.number == AHEAD)
        store.publish("hopper", stores.published(state="finished", phase="finished"))
        at.statuses_until(lambda status: status.finished)
        at.desk.ask(GiveBack((1, 2, 3, 4)))
        deadline = time.monotonic() + SECONDS
        while store.progress("hopper").leased > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        at.answer(at.wait_for(Pair, lambda pair: pair.number == 0))
        assert store.progress("hopper").leased == 0
    with at_desk(place) as at:
        at.statuses_until(lambda status: status.finished)
        at.desk.ask(ListEarlier())
        assert len(at.wait_for(list)) == 1
        assert store.progress("hopper").leased == 0
        store.publish("hopper", stores.published())  # it was resumed with more steps
        assert at.wait_for(Pair).number == 1


def test_a_stopped_run_goes_on_asking(place, store, stores):
    store.publish("hopper", stores.published(state="stopped"))
    with at_desk(place) as at:
        at.statuses_until(lambda status: not status.finished)
        assert at.wait_for(Pair).number == 0


def test_the_store_is_back_only_when_it_has_answered(place, monkeypatch):
    monkeypatch.setattr(desk_module, "RETRY_SECONDS", (0.1,))
    with at_desk(place) as at:
        pair = at.wait_for(Pair, lambda pair: pair.number == AHEAD)
        away = StoreUnreachable("The database is gone.")

        def gone(*_: object, **__: object) -> None:
            raise away

        with monkeypatch.context() as patch:
            for name in ("progress", "segments", "lease"):
                patch.setattr(LabelStore, name, gone)
            at.statuses_until(lambda status: bool(status.trouble))
            at.desk.ask(FetchClips(pair.number))  # enough pairs are held: nothing is leased
            for _ in range(3):
                at.statuses_until(lambda status: bool(status.trouble))
            at.told += at.desk.news()
            assert not [news for news in at.told if isinstance(news, (Notice, Clips))]
        assert "is back" in at.wait_for(Notice).text
        assert at.wait_for(Clips).clips is not None


def test_what_was_leased_without_our_hearing_of_it_is_given_back(place, store, monkeypatch):
    monkeypatch.setattr(desk_module, "HEARTBEAT_SECONDS", 0.2)
    with at_desk(place) as at:
        at.wait_for(Pair, lambda pair: pair.number == AHEAD)
        store.lease("hopper", "anna", at.desk.viewer, count=3, seconds=60.0)
        at.statuses_until(lambda status: status.with_others == 0)
        deadline = time.monotonic() + SECONDS
        while store.progress("hopper").leased > AHEAD + 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_cannot_be_stored_until_the_end_is_said(place, monkeypatch):
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 0.2)
    monkeypatch.setattr(desk_module, "RETRY_SECONDS", (0.1,))
    with at_desk(place) as at:
        pair = at.wait_for(Pair)
        with closing(sqlite3.connect(place.store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            judgement = at.judge(pair)
            assert at.desk.finish(0.5) == [judgement]


def test_an_answer_given_as_the_window_closes_is_stored(place, store):
    with at_desk(place) as at:
        at.judge(at.wait_for(Pair))
        assert at.desk.finish(5.0) == []
    assert len(store.answers("hopper")) == 1


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"run": "other"}, StoreError, "hopper"),
        ({"env_id": "pbrl/Ant-v0"}, StoreError, "speaks of pbrl/Ant-v0"),
        ({"store": Path("/nowhere/labels.db"), "folder": None}, StoreError, "no label store"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(place, changes, kind, words):
    values = {"store": place.store, "folder": place.folder} | changes
    with at_desk(Place(**values)) as at:
        error = at.wait_for(Failure).error
        assert isinstance(error, kind)
        assert words in str(error)


def test_a_task_that_is_not_installed_is_a_sentence(tmp_path):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "elsewhere/Juggler-v3", "comparison")
    with at_desk(Place(path)) as at:
        error = at.wait_for(Failure).error
        assert isinstance(error, TaskError)
        assert "not installed here" in str(error)


def test_other_feedback_than_comparisons_is_a_sentence(tmp_path):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "pbrl/Hopper-v0", "ranking")
    with at_desk(Place(path)) as at:
        assert "ranking" in str(at.wait_for(Failure).error)


def test_several_runs_need_a_name(tmp_path):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("one", "pbrl/Hopper-v0", "comparison")
        store.open_run("two", "pbrl/Ant-v0", "comparison")
    with at_desk(Place(path)) as at:
        assert "--run" in str(at.wait_for(Failure).error)
    with at_desk(Place(path, run="two")) as at:
        assert at.wait_for(Opened).task == "Ant"


def test_the_persons_own_text_stands_before_the_runs_and_the_tasks(tmp_path):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "pbrl/Hopper-v0", "comparison", look_for="A backflip.")
    with at_desk(Place(path)) as at:
        opened = at.wait_for(Opened)
        assert (opened.look_for, opened.practise) == ("A backflip.", False)
    with at_desk(Place(path, look_for="A headstand.")) as at:
        assert at.wait_for(Opened).look_for == "A headstand."
