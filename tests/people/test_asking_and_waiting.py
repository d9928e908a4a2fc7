"""What people are asked, when training waits for them, and what it says meanwhile."""

import pytest

from pbrl import publishing, reward_learning
from pbrl.metrics import read_metrics
from pbrl.query.schedule import labels_due

FIRST, BUDGET = 8, 32


def stop(sitting):
    sitting.trainer.stopping = True


def test_all_of_the_first_share_is_asked_at_once_and_waited_for(sit):
    sitting = sit()
    seen = []

    def act(status):
        if status.steps < 200:
            return
        if status.phase.startswith("Training waits"):
            progress = sitting.look(lambda store, run: store.progress(run))
            published = sitting.look(lambda store, run: store.published(run))
            seen.append((status.steps, progress.asked, progress.answered, published.state))
            sitting.person.answer(1)
        else:
            stop(sitting)

    sitting.desk.act = act
    sitting.trainer.train()
    assert [entry[:3] for entry in seen] == [(200, FIRST, n) for n in range(FIRST)]
    assert sitting.trainer.learning.labels == FIRST
    assert [s.steps for s in sitting.desk.statuses][-1] == 200


def test_an_answer_that_comes_while_the_store_is_read_is_not_asked_for_again(sit):
    sitting = sit()
    store = sitting.trainer.people._store
    read = store.open_queries

    def answered_before_reading(run):
        sitting.person.answer(1)
        return read(run)

    store.open_queries = answered_before_reading
    sitting.desk.act = lambda status: status.steps == 300 and stop(sitting)
    sitting.trainer.train()
    records = sitting.look(lambda store, run: store.queries(run))
    assert {query.predicted_returns is None for query in records[:FIRST]} == {True}
    assert not any(query.predicted_returns is None for query in records[FIRST:])


def test_a_person_who_answers_all_takes_the_run_to_its_end_within_the_budget(sit, busy):
    sitting = sit()
    busy(sitting.run.labels_file)
    counts = []

    def act(status):
        counts.append((status.steps, sitting.look(lambda store, run: store.progress(run))))

    sitting.desk.act = act
    sitting.trainer.train()
    assert sitting.steps == 1200
    for steps, progress in counts:
        asked = progress.answered + progress.open
        due = labels_due(sitting.trainer.config.query, steps - 200, 1000) if steps >= 200 else 0
        assert asked <= min(BUDGET, due + 2) or steps < 300
    assert counts[-1][1].asked == BUDGET
    assert sitting.trainer.learning.labels >= BUDGET - 3 - 4


@pytest.mark.parametrize(("lag", "stops_at"), [(0, 300), (3, 300), (6, 400), (12, 600)])
def test_training_waits_for_people_who_fell_behind_and_goes_on_with_them(sit, lag, stops_at):
    """After steps 300 to 600, with 8 answers there, 12, 16, 19 and 21 are due."""
    sitting = sit(query__max_lag=lag)
    waits = []

    def act(status):
        if not status.phase.startswith("Training waits"):
            return
        if status.steps == 200:
            sitting.person.answer(FIRST)
        else:
            waits.append(status)
            if len(waits) >= 20:
                sitting.person.answer(BUDGET)

    sitting.desk.act = act
    sitting.trainer.train()
    assert sitting.steps == 1200
    assert {status.steps for status in waits[:20]} == {stops_at}
    query = sitting.trainer.config.query
    assert labels_due(query, stops_at - 200, 1000) - lag > FIRST
    assert labels_due(query, stops_at - 300, 1000) - lag <= FIRST
    assert sitting.trainer.clock.seconds["waiting"] > 0
    assert waits[0].steps_per_second > 0
    (sentence,) = [said for said in sitting.desk.said if said.startswith("Training waits")]
    assert sentence == "Training waits for 8 answers: 0 are there, and it goes on with 8."


def test_what_was_waited_for_is_learnt_from_at_once(sit):
    sitting = sit(query__fit_answers=1000, query__every_steps=10_000)
    fits = []
    fit = sitting.trainer.learning.ensemble.fit

    def noting(labels, updates):
        fits.append((sitting.steps, len(labels)))
        return fit(labels, updates)

    sitting.trainer.learning.ensemble.fit = noting

    def act(status):
        if status.phase.startswith("Training waits"):
            sitting.person.answer(FIRST)
        if status.steps > 600:
            stop(sitting)

    sitting.desk.act = act
    sitting.trainer.train()
    assert fits[0] == (200, FIRST)
    assert len(fits) > 1
    waited_at = {s.steps for s in sitting.desk.statuses if s.phase.startswith("Training waits")}
    assert {steps for steps, _ in fits} == waited_at


def test_enough_answers_or_a_round_with_any_bring_a_fit(sit):
    sitting = sit(query__max_lag=32)
    fits = []
    fit = sitting.trainer.learning.ensemble.fit

    def noting(labels, updates):
        fits.append((sitting.steps, len(labels)))
        return fit(labels, updates)

    sitting.trainer.learning.ensemble.fit = noting
    answers = {200: FIRST, 400: 4, 500: 1, 1000: 1}  # after these steps

    def act(status):
        if status.steps in answers:
            assert sitting.person.answer(answers.pop(status.steps))

    sitting.desk.act = act
    sitting.trainer.train()
    # Four at once; one, which waits for its round of 400 steps; the last one at the end.
    assert fits == [(200, 8), (500, 12), (900, 13), (1200, 14)]


def test_an_undo_leaves_the_data_at_the_next_fit(sit):
    sitting = sit(query__max_lag=32, query__fit_answers=1)
    numbers = []
    fit = sitting.trainer.learning.ensemble.fit

    def noting(labels, updates):
        numbers.append(set(labels.numbers.tolist()))
        return fit(labels, updates)

    sitting.trainer.learning.ensemble.fit = noting
    undone = []

    def act(status):
        if status.phase.startswith("Training waits"):
            sitting.person.answer(FIRST)
        elif status.steps == 300 and not undone:
            undone.append(sitting.person.undo())

    sitting.desk.act = act
    sitting.trainer.train()
    assert numbers[0] == set(range(FIRST))
    assert numbers[1] == set(range(FIRST)) - set(undone)
    assert len(numbers) == 2


def test_answers_that_teach_nothing_are_followed_by_more_questions(sit):
    sitting = sit()

    def act(status):
        if status.phase.startswith("Training waits"):
            sitting.person.answer(FIRST, "cant_tell")
        elif status.steps == 400:
            assert sitting.person.answer(1, "second")
        elif status.steps == 500 and status.phase.startswith("training"):
            stop(sitting)

    sitting.desk.act = act
    sitting.trainer.train()
    assert sitting.trainer.learning.labels == 1
    said = [s.phase for s in sitting.desk.statuses if s.steps == 500]
    assert said[0] == "learning the reward from the first answers"
    phases = {s.steps: s.phase for s in sitting.desk.statuses}
    assert phases[300].startswith("acting with the untrained policy")
    assert phases[500].startswith("training on the learned reward")


def test_old_questions_are_withdrawn_and_replaced(sit):
    sitting = sit(query__max_lag=32, query__max_age_steps=250, query__ahead=5)
    leased = []

    def act(status):
        if status.steps == 200:
            sitting.person.answer(FIRST)
        if status.steps == 300:  # one of the open ones is being looked at
            leased.extend(
                sitting.look(lambda store, run: store.lease(run, "bo", "bo", count=1, seconds=99))
            )

    sitting.desk.act = act
    sitting.trainer.train()
    records = sitting.look(lambda store, run: store.queries(run))
    withdrawn = [query for query in records if query.withdrawn]
    assert withdrawn
    assert {query.withdrawn for query in withdrawn} == {"old"}
    assert leased[0].number not in {query.number for query in withdrawn}
    assert all(query.number >= FIRST for query in withdrawn)
    progress = sitting.look(lambda store, run: store.progress(run))
    assert progress.answered + progress.open == BUDGET  # of which all are due at the end
    assert progress.asked == BUDGET + len(withdrawn)
    for query in sitting.look(lambda store, run: store.open_queries(run)):
        assert query.step >= 1200 - 250 or query.leased


def test_a_damaged_clip_is_withdrawn_reported_once_and_replaced(sit):
    sitting = sit()
    damaged = []

    def act(status):
        if status.phase.startswith("Training waits"):
            if not damaged:
                damaged.append(sitting.look(damage_first_clip))
            sitting.person.answer(1)
        elif status.steps >= 200:
            stop(sitting)

    sitting.desk.act = act
    sitting.trainer.train()
    told = [sentence for sentence in sitting.desk.said if "damaged" in sentence]
    assert len(told) == 1
    assert "Question 0 in" in told[0] and damaged[0] in told[0]
    assert 0 not in {number for _, number in sitting.person.given}
    assert sitting.trainer.learning.labels == FIRST


def test_training_does_not_wait_for_the_answer_to_a_question_that_checks_people(sit):
    sitting = sit()
    marked = []

    def act(status):
        if status.phase.startswith("Training waits"):
            if not marked:
                sitting.look(lambda store, run: store.mark_gold(run, 3, "first"))
                marked.append(3)
            sitting.person.answer(1)
        elif status.steps >= 200:
            stop(sitting)

    sitting.desk.act = act
    sitting.trainer.train()
    assert {number for _, number in sitting.person.given} == {0, 1, 2, 4, 5, 6, 7, 8}
    (told,) = [sentence for sentence in sitting.desk.said if "Question 3" in sentence]
    assert "checks people" in told
    assert sitting.trainer.learning.labels == FIRST


def test_a_clip_that_is_damaged_after_its_question_was_answered_costs_that_label_alone(sit):
    sitting = sit(query__max_lag=32, query__fit_answers=1)
    damaged = []

    def act(status):
        if status.phase.startswith("Training waits") and not damaged:
            sitting.person.answer(FIRST)
            damaged.append(sitting.look(damage_first_clip))
        elif status.steps in (300, 500):  # and two more fits
            sitting.person.answer(1)

    sitting.desk.act = act
    sitting.trainer.train()
    assert sitting.steps == 1200
    assert sitting.trainer.learning.labels == FIRST + 2 - 1
    (told,) = [sentence for sentence in sitting.desk.said if damaged[0] in sentence]
    assert told.endswith("The answers to question 0 are left out.")


def damage_first_clip(store, run):
    """Puts other bytes in place of a clip's, and returns its hash."""
    (query,) = store.queries(run, [0])
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE segments SET payload = x'00' WHERE hash = ?", (query.hashes[0],)
        )
    return query.hashes[0]


def test_a_share_is_asked_of_two_people_which_ones_is_a_matter_of_the_seed(sit):
    wanted = {}
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        sitting = sit(folder, query__overlap=0.5, seed=seed)
        sitting.desk.act = lambda status, sitting=sitting: (
            status.phase.startswith("Training waits") and stop(sitting)
        )
        sitting.trainer.train()
        records = sitting.look(lambda store, run: store.queries(run))
        wanted[folder] = [query.wanted for query in records]
    assert set(wanted["a"]) == {1, 2}
    assert wanted["a"] == wanted["b"] != wanted["c"]


def test_a_second_person_who_never_comes_is_not_waited_for(sit, busy):
    sitting = sit(query__overlap=1.0)
    busy(sitting.run.labels_file)
    sitting.trainer.train()
    assert sitting.steps == 1200
    assert sitting.look(lambda store, run: store.progress(run)).asked == BUDGET


def test_questions_carry_what_was_predicted_before_they_were_answered(sit, busy):
    sitting = sit()
    busy(sitting.run.labels_file)
    sitting.trainer.train()
    records = sitting.look(lambda store, run: store.queries(run))
    assert {query.predicted_returns is None for query in records[:FIRST]} == {True}
    assert {query.predicted_returns.shape for query in records[FIRST:]} == {(3, 2)}


def test_people_are_told_why_there_may_be_nothing_to_judge(sit, monkeypatch):
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 0.0)
    sitting = sit()
    told = {}

    def act(status):
        published = sitting.look(lambda store, run: store.published(run))
        told[status.steps, published.state] = published
        if status.phase.startswith("Training waits"):
            sitting.person.answer(BUDGET)
        elif status.steps == 400:
            assert sitting.person.answer(BUDGET)

    sitting.desk.act = act
    sitting.trainer.train()
    acting = told[100, "acting"]
    assert "100 of 200 steps" in acting.waiting_for and acting.progress == 0.5
    waiting = next(p for p in told.values() if p.state == "waiting")
    assert waiting.waiting_for.startswith("Training waits for 8 answers")
    open_ones = [p for p in told.values() if p.state == "training" and not p.waiting_for]
    nothing = [p for p in told.values() if p.state == "training" and "next one" in p.waiting_for]
    assert open_ones and nothing
    assert all(0 <= p.progress <= 1 for p in nothing)
    last = sitting.look(lambda store, run: store.published(run))
    assert (last.state, last.steps, last.total_steps) == ("finished", 1200, 1200)
    assert last.label_budget == BUDGET and last.labels == len(sitting.person.given)
    shown = {s.steps: s.learned_return for s in sitting.desk.statuses}
    assert last.learned_returns == tuple((s, r) for s, r in shown.items() if r is not None)


def test_people_are_told_how_far_the_first_fit_is(sit, monkeypatch):
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(reward_learning, "LONG_FIT", 10)
    sitting = sit(reward__initial_updates=400)
    told = []

    def act(status):
        if status.phase.startswith("Training waits"):
            sitting.person.answer(BUDGET)
        elif status.phase.startswith("fitting"):
            told.append(sitting.look(lambda store, run: store.published(run)))
        elif status.steps > 200:
            sitting.trainer.stopping = True

    sitting.desk.act = act
    sitting.trainer.train()
    assert {one.waiting_for for one in told} == {publishing.FIRST_FIT}
    shares = [one.progress for one in told]
    assert shares == sorted(shares) and shares[0] == 0 and 0.5 < shares[-1] < 1


def test_a_task_without_true_reward_is_judged_by_people_and_no_true_reward_is_logged(sit, busy):
    sitting = sit(env__true_reward=False)
    busy(sitting.run.labels_file)
    sitting.trainer.train()
    names = {name for line in read_metrics(sitting.run) for name in line}
    assert "rollout/ep_learned_rew_mean" in names
    assert not names & {"rollout/ep_rew_mean", "reward/correlation"}


def test_a_wait_begins_with_a_checkpoint_and_the_end_says_what_was_not_answered(sit, monkeypatch):
    monkeypatch.setattr("pbrl.trainer.SAVED_TO_WAIT", 150)
    sitting = sit(query__max_lag=12, checkpoint_steps=100_000)
    saved = []

    def act(status):
        if status.phase.startswith("Training waits"):
            saved.append((status.steps, sorted(p.name for p in sitting.run.checkpoints.iterdir())))
            sitting.person.answer(4)

    sitting.desk.act = act
    sitting.trainer.train()
    assert saved[0] == (200, ["step_000000000200"])
    for steps, checkpoints in saved:
        assert steps - int(checkpoints[-1].removeprefix("step_")) < 150
    answered = sitting.look(lambda store, run: store.progress(run).answered)
    assert BUDGET - 12 <= answered < BUDGET
    ends = f"The run ended with {answered} of 32 answers: the last ones may be late by 12"
    assert any(said.startswith(ends) for said in sitting.desk.said)
