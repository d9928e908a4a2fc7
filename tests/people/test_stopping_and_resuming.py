"""A run that people judge is stopped, killed and gone on with: no answer is lost."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
import torch

from pbrl import trainer
from pbrl.checkpoints import latest_checkpoint
from pbrl.runs import Run
from pbrl.store import LabelStore, database

FIRST, BUDGET = 8, 32
COMMAND = (
    "train debug --annotator human --no-viewer --total-steps 4096 --query.initial-steps 1024 "
    "--query.label-budget 32 --reward.initial-updates 20 --reward.updates 5 --checkpoint-steps 1024"
)


def waiting(status):
    return status.phase.startswith("Training waits")


def stop(sitting):
    sitting.trainer.stopping = True


def test_a_run_that_is_stopped_while_it_waits_leaves_a_checkpoint_and_waits_on(sit):
    sitting = sit()
    sitting.desk.act = lambda status: waiting(status) and stop(sitting)
    begun = time.monotonic()
    sitting.trainer.train()
    assert time.monotonic() - begun < 20
    assert latest_checkpoint(sitting.run, pytest.fail).steps == 200
    told = sitting.look(lambda store, run: store.published(run))
    assert told.state == "stopped"
    assert f"pbrl train --resume {sitting.run.path}" in told.waiting_for

    sitting.person.answer(3)  # meanwhile
    again = sit()
    seen = []

    def act(status):
        if waiting(status):
            seen.append((status.steps, again.look(lambda store, run: store.progress(run))))
            again.person.answer(BUDGET)

    again.desk.act = act
    again.trainer.train()
    steps, progress = seen[0]
    assert steps == 200  # it waits before it acts
    assert (progress.asked, progress.answered) == (FIRST, 3)
    assert again.steps == 1200


def test_a_run_that_is_killed_while_it_waits_counts_no_episode_by_half(sit, monkeypatch):
    """The agent goes on after a rollout that was never rewarded: 42 steps of episodes of 25."""
    monkeypatch.setattr(trainer, "SAVED_TO_WAIT", 0)
    sitting = sit(agent__rollout_steps=42, agent__batch_size=42, query__initial_steps=252)

    class Killed(Exception):
        pass

    def act(status):
        if waiting(status) and status.steps > 252:
            raise Killed
        if waiting(status):
            sitting.person.answer(FIRST)

    sitting.desk.act = act
    with pytest.raises(Killed):
        sitting.trainer.train()
    saved = latest_checkpoint(sitting.run, pytest.fail)
    assert saved.steps > 252 and saved.steps // 2 % 25
    state = saved.state()
    assert np.isnan(np.array(state["learned_returns"]["running"])).all()
    assert np.isfinite(np.array(state["true_returns"]["running"])).all()
    assert np.isfinite(np.array(sitting.trainer.learned_returns.state()["running"])).all()


def test_what_is_learnt_after_the_last_wait_is_in_the_checkpoint(sit, monkeypatch):
    """The wait began with one of the same step, from before the answers."""
    monkeypatch.setattr(trainer, "SAVED_TO_WAIT", 0)
    sitting = sit(query__max_lag=0)
    fitted = []

    def act(status):
        fitted.append((status.steps, sitting.trainer.learning.labels))
        if waiting(status):
            sitting.person.answer(1)

    sitting.desk.act = act
    sitting.trainer.train()
    saved = latest_checkpoint(sitting.run, pytest.fail)
    assert saved.steps == 1200
    assert (1200, BUDGET - 1) in fitted or (1200, BUDGET) in fitted
    assert saved.state()["learning"]["labels"] == sitting.trainer.learning.labels
    again = sit()
    ours, theirs = (s.trainer.agent.policy.state_dict() for s in (again, sitting))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_what_is_asked_after_a_crash_follows_what_was_asked_before(sit):
    """The checkpoint is from before some of the questions, and from before answers to them."""
    sitting = sit()

    class Crash(Exception):
        pass

    def act(status):
        if waiting(status):
            sitting.person.answer(BUDGET)
        elif status.steps == 700:
            raise Crash

    sitting.desk.act = act
    with pytest.raises(Crash):
        sitting.trainer.train()
    before = sitting.look(lambda store, run: store.progress(run))
    saved = latest_checkpoint(sitting.run, pytest.fail)
    assert saved.steps == 400
    assert saved.state()["learning"]["asked"] < before.asked

    while sitting.person.answer(1):
        pass
    again = sit()
    learnt = []
    fit = again.trainer.learning.ensemble.fit

    def noting(labels, updates):
        learnt.append(set(labels.numbers.tolist()))
        return fit(labels, updates)

    again.trainer.learning.ensemble.fit = noting
    again.desk.act = lambda status: waiting(status) and again.person.answer(BUDGET)
    again.trainer.train()
    assert learnt[0] == {number for _, number in sitting.person.given}
    after = again.look(lambda store, run: store.queries(run))
    assert [query.number for query in after] == list(range(BUDGET))
    pairs = [query.hashes for query in after]
    assert len(set(pairs)) == len(pairs)  # none is asked twice


def test_more_budget_after_the_end_is_asked_and_learnt_by_the_reward(sit):
    sitting = sit()
    sitting.desk.act = lambda status: waiting(status) and sitting.person.answer(BUDGET)
    sitting.trainer.train()
    again = sit(query__label_budget=64)
    again.desk.act = lambda status: waiting(status) and again.person.answer(64)
    again.trainer.train()
    assert again.steps == 1200
    assert again.trainer.learning.labels > BUDGET
    saved = latest_checkpoint(again.run, pytest.fail).state()
    assert saved["learning"]["labels"] == again.trainer.learning.labels


def test_a_store_that_another_program_holds_keeps_training_waiting_no_longer_than_that(
    sit, monkeypatch
):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    sitting = sit()
    holder = sqlite3.connect(sitting.run.labels_file, isolation_level=None)
    phases = []

    def act(status):
        phases.append(status.phase)
        if status.phase.startswith("waiting for the label store"):
            if holder.in_transaction and len(phases) > 5:
                holder.execute("ROLLBACK")
        elif waiting(status):
            sitting.person.answer(BUDGET)
        elif status.steps == 100:  # so that the first questions cannot be posted
            holder.execute("BEGIN IMMEDIATE")
        elif status.steps == 300:
            stop(sitting)

    sitting.desk.act = act
    with closing(holder):
        sitting.trainer.train()
    assert sitting.steps == 300
    assert "waiting for the label store, which cannot be reached" in phases
    (told,) = [sentence for sentence in sitting.desk.said if "locked" in sentence]
    assert "Training goes on as far as it can" in told
    progress = sitting.look(lambda store, run: store.progress(run))
    assert progress.asked == progress.answered >= FIRST


def test_a_postgresql_server_that_is_away_for_a_while_costs_no_answer(
    sit, postgresql_server, postgresql_url
):
    sitting = sit(url=postgresql_url)
    away = []

    def act(status):
        if status.phase.startswith("waiting for the label store"):
            away.append(status.steps)
            if len(away) == 3:
                postgresql_server.start()
        elif not waiting(status):
            return
        elif status.steps == 200 and not away:
            sitting.person.answer(4)
            postgresql_server.stop(signal.SIGQUIT)  # as a crash of the server does
            away.append("stopped")
        else:
            sitting.person.answer(BUDGET)

    sitting.desk.act = act
    sitting.trainer.train()
    assert sitting.steps == 1200
    assert away == ["stopped", 200, 200]
    progress = sitting.look(lambda store, run: store.progress(run))
    assert progress.answered == len({number for _, number in sitting.person.given})
    assert sitting.trainer.learning.labels >= BUDGET - 7
    password = postgresql_url.split(":")[2].split("@")[0]
    written = [path for path in sitting.run.path.rglob("*") if path.is_file()]
    assert written and not [path for path in written if password.encode() in path.read_bytes()]
    assert not [said for said in sitting.desk.said if password in said]


def test_killed_and_resumed_it_uses_the_answers_given_meanwhile(tmp_path):
    process = start(f"{COMMAND} --runs {tmp_path}")
    try:
        run = wait_for_questions(tmp_path)
        answer(run, 5)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    answer(run, 2)  # nobody trains now
    process = start(f"train --resume {run.path} --no-viewer")
    try:
        while process.poll() is None:
            answer(run, 1)
            time.sleep(0.05)
        out, err = process.communicate()
    finally:
        process.kill()
    assert process.returncode == 0, out + err
    state = latest_checkpoint(run, pytest.fail).state()
    with closing(LabelStore(run.labels_file)) as store:
        (name,) = store.runs()
        progress = store.progress(name)
        answers = store.answers(name)
        published = store.published(name)
    assert published.state == "finished"
    assert progress.asked == BUDGET
    assert len({given.number for given in answers}) == len(answers) == progress.answered
    assert BUDGET >= len(answers) >= BUDGET - 20
    assert set(state["people"]["fitted"]) <= {given.id for given in answers}
    assert len(state["people"]["fitted"]) >= 7  # those given to the process that died among them


def start(line):
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "pbrl.cli", *line.split()]
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def wait_for_questions(folder):
    """Returns the run in a folder as soon as it has asked something."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in folder.glob("*/config.json"):
            run = Run(path.parent)
            with closing(LabelStore(run.labels_file)) as store:
                if store.runs() and store.open_queries(store.runs()[0]):
                    return run
        time.sleep(0.05)
    raise AssertionError("It asks nothing.")


def answer(run, count):
    with closing(LabelStore(run.labels_file)) as store:
        (name,) = store.runs()
        for query in store.lease(name, "ann", "desk", count=count, seconds=60):
            store.answer(name, query.number, "second", "ann", viewer="desk")
