"""`pbrl train --reward-source teacher`: what a scripted teacher thinks of each step."""

import pytest

from pbrl.behaviours import BEHAVIOURS
from pbrl.cli.assembly import open_trainer
from pbrl.errors import CheckpointError
from pbrl.metrics import read_metrics
from pbrl.reward.saved import load_reward
from pbrl.runs import Run

SMALL = "--env.num-envs 2 --agent.rollout-steps 100 --agent.batch-size 50 --total-steps 600"


@pytest.fixture
def run(pbrl, tmp_path):
    line = f"train Hopper-backflip --reward-source teacher {SMALL} --episodes 2"
    outcome = pbrl(f"{line} --env.episode-steps 150 --runs {tmp_path}")
    assert outcome.code == 0, outcome.err
    assert "thinks of each step" in outcome.out and "backward turns" in outcome.out
    assert "labels" not in outcome.out
    return Run(tmp_path / "Hopper-v0-backflip-score-seed1")


def test_the_agent_learns_from_it_and_nobody_is_asked(run):
    lines = read_metrics(run)
    assert not run.labels_file.exists()
    assert not any("reward/labels" in line for line in lines)
    assert "rollout/ep_score_mean" in lines[-1] and "rollout/ep_rew_mean" not in lines[-1]
    with pytest.raises(CheckpointError, match="what 'backflip' thinks of each step"):
        load_reward(run.path)


def test_it_goes_on_and_is_measured_like_others(run, pbrl):
    outcome = pbrl(f"train --resume {run.path} --total-steps 800 --episodes 0")
    assert "from step 600" in outcome.out
    outcome = pbrl(f"eval {run.path} --episodes 2")
    assert outcome.code == 0 and "backward turns" in outcome.out
    assert "true return" not in outcome.out and "No reward" not in outcome.out
    assert "Hopper-v0-backflip-score-seed1" in pbrl(f"runs {run.path.parent}").out
    file = run.path.parent / "report.html"
    assert pbrl(f"report {run.path} --to {file} --films 0").code == 0
    page = file.read_text()
    assert "Return by its teacher against environment steps" in page
    assert "Learned return against" not in page


def test_what_is_learnt_from_is_the_teachers_score_of_the_rollout(run, monkeypatch):
    trainer = open_trainer(run.config(), run, Silence(), None)
    assert trainer.config.in_use().teacher == "backflip"
    learnt = []
    monkeypatch.setattr(trainer.agent, "update", lambda rewards, **_: learnt.append(rewards))
    trainer._iterate()
    rollout = trainer.agent.last_rollout
    assert (learnt[0] == BEHAVIOURS["backflip"].step_rewards(rollout)).all()
    assert learnt[0].std() > 0


class Silence:
    def show(self, status):
        pass

    def say(self, sentence):
        pass
