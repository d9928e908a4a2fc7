import json
import math
import os

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pbrl.agents import UpdateReport
from pbrl.errors import PbrlError
from pbrl.metrics import STEPS, MetricsLog, read_metrics, run_metrics, update_metrics
from pbrl.runs import new_run
from pbrl.status import Status


@pytest.fixture
def run(tmp_path):
    return new_run(tmp_path, "run")


def write(run, start, *steps, **values):
    log = MetricsLog(run, start)
    for step in steps:
        log.write({STEPS: step, "a": float(step)} | values)
    log.close()


def test_what_is_written_is_read(run):
    write(run, 0, 10, 20)
    assert read_metrics(run) == [{STEPS: 10, "a": 10.0}, {STEPS: 20, "a": 20.0}]


def test_what_is_not_known_is_left_out(run):
    write(run, 0, 10, b=None, c=math.nan, d=0.0)
    assert json.loads(run.metrics_file.read_text()) == {STEPS: 10, "a": 10.0, "d": 0.0}


def test_going_on_cuts_what_came_after_the_checkpoint(run):
    """In the lines and, by its own rule, in TensorBoard: no step counts twice."""
    write(run, 0, 10, 20, 30)
    write(run, 20, 25)
    assert [line[STEPS] for line in read_metrics(run)] == [10, 20, 25]
    events = EventAccumulator(str(run.tensorboard)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("a")] == [
        (10, 10.0),
        (20, 20.0),
        (25, 25.0),
    ]


def test_a_line_cut_short_by_a_crash_is_left_out(run):
    write(run, 0, 10)
    with run.metrics_file.open("a") as file:
        file.write('{"time/total_tim')
    assert len(read_metrics(run)) == 1
    write(run, 10, 20)
    assert [line[STEPS] for line in read_metrics(run)] == [10, 20]


def test_a_disk_that_is_full_is_a_sentence(run):
    log = MetricsLog(run, 0)
    log._lines.close()
    log._lines = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    with pytest.raises(PbrlError, match="No space left on device"):
        log.write({STEPS: 10})
    log.close()


def test_names_are_those_that_users_of_stable_baselines3_know():
    report = UpdateReport(
        policy_loss=1.0, value_loss=2.0, entropy=3.0, approx_kl=4.0, clip_fraction=5.0, loss=6.0,
        explained_variance=7.0, std=8.0, epochs=9,
    )  # fmt: skip
    assert update_metrics(report) == {
        "train/policy_gradient_loss": 1.0,
        "train/value_loss": 2.0,
        "train/entropy_loss": -3.0,
        "train/approx_kl": 4.0,
        "train/clip_fraction": 5.0,
        "train/explained_variance": 7.0,
        "train/std": 8.0,
    }
    assert update_metrics(None) == {}
    status = Status(
        "training", 10, 20, 5.0, labels=1, label_budget=2, true_return=3.0,
        learned_return=np.float64(4.0), score_return=6.0, shares={"acting": 0.5},
    )  # fmt: skip
    assert run_metrics(status) == {
        "time/fps": 5.0,
        "rollout/ep_rew_mean": 3.0,
        "rollout/ep_learned_rew_mean": 4.0,
        "rollout/ep_score_mean": 6.0,
        "time/share_acting": 0.5,
    }
