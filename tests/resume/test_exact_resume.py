"""A run that crashed and was resumed ends as one that never did, to the bit."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import register

from pbrl.checkpoints import latest_checkpoint
from pbrl.metrics import read_metrics
from pbrl.runs import Run
from pbrl.store import LabelStore


class Drift(gymnasium.Env):
    """A point that is pushed about at random; observed in two dimensions, with integer noise."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2, 2))
    action_space = gymnasium.spaces.Box(-2, 3, (2, 1))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.np_random.normal(size=(2, 1))
        return self._observe(), {}

    def step(self, action):
        self.place = 0.9 * self.place + 0.1 * action + 0.05 * self.np_random.normal(size=(2, 1))
        return self._observe(), -float(np.square(self.place).sum()), False, False, {}

    def _observe(self):
        noise = self.np_random.integers(2, size=(2, 1), dtype=np.int8)  # half of a random word
        return np.concatenate([self.place, noise], axis=1).astype(np.float32)


register("Drift-v0", Drift, max_episode_steps=50)

CASES = {
    "oracle": {},
    "a teacher that draws, one environment": {
        "teacher": "mistake",
        "env__num_envs": 1,
        "agent__rollout_steps": 80,
    },
    "a teacher with a threshold, choices that are drawn": {
        "teacher": "equal",
        "query__acquisition": "k_centre",
    },
    "true reward": {"reward_source": "true"},
    "what a teacher thinks of each step": {
        "env__env_id": "pbrl/Hopper-v0",
        "teacher": "backflip",
        "reward_source": "teacher",
    },
    "contacts, nothing normalised": {
        "env__env_id": "pbrl/Ant-v0",
        "query__segment_seconds": 0.5,
        "agent__normalize_observations": False,
        "agent__normalize_reward": False,
        "agent__lr_decay": False,
    },
    "any task": {"env__env_id": "Drift-v0", "query__segment_seconds": 0.5},
    "discrete actions, early ends": {
        "env__env_id": "CartPole-v1",
        "env__allow_termination": True,
        "query__segment_seconds": 0.1,
    },
    "fitted while the agent acts": {"reward__fit_while_acting": True},
    "a game in two halves, fitted while the agent acts": {
        "env__env_id": "pbrl/Pong-v0",
        "threads": 2,
        "agent__picture_format": "channels_last",  # what a run measures stands in its settings
        "query__segment_seconds": 0.3,
        "reward__fit_while_acting": True,
        "reward__batch_size": 2,
        "reward__checked_labels": 6,
        "reward__label_window": 16,
        "reward__dropout": 0.5,
    },
}


@pytest.fixture(params=CASES)
def case(request, runs, config):
    return runs["changed"](config, **CASES[request.param])


def test_crashes_leave_no_trace(case, runs, fingerprint, tmp_path):
    """Crashes two rounds of questions after the start, and two after a checkpoint."""
    alone = runs["train"](case, tmp_path / "alone")
    for steps in (320, 640):
        runs["crash"](case, tmp_path / "crashed", steps)
    crashed = runs["train"](case, tmp_path / "crashed")
    assert crashed.steps == alone.steps == 800
    assert fingerprint(tmp_path / "crashed") == fingerprint(tmp_path / "alone")


def test_a_crash_leaves_store_and_metrics_ahead_of_the_checkpoint(runs, config, tmp_path):
    """So what is tested above is that they are brought together again."""
    runs["crash"](config, tmp_path, 640)
    run = Run(tmp_path)
    checkpoint = latest_checkpoint(run, pytest.fail)
    asked = checkpoint.state()["learning"]["asked"]
    (name,) = LabelStore(run.labels_file).runs()
    assert checkpoint.steps == 320
    assert read_metrics(run)[-1]["time/total_timesteps"] == 640
    assert len(LabelStore(run.labels_file).answers(name)) > asked > 0


def test_the_same_seed_gives_the_same_run_and_another_one_another(
    runs, config, fingerprint, tmp_path
):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        runs["train"](runs["changed"](config, seed=seed), tmp_path / name)
    first, same, other = (fingerprint(tmp_path / name) for name in "abc")
    assert same == first
    for part in ("policy", "optimiser", "ensemble", "buffer", "env", "labels", "metrics"):
        assert other[part] != first[part]


def test_every_part_of_the_fingerprint_is_moved_by_training(runs, config, fingerprint, tmp_path):
    """A part that never changed would be compared in vain."""
    runs["train"](config, tmp_path / "whole")
    trainer, viewer = runs["opened"](config, tmp_path / "half")
    viewer.at = 400, lambda: setattr(trainer, "stopping", True)
    trainer.train()
    whole, half = fingerprint(tmp_path / "whole"), fingerprint(tmp_path / "half")
    assert {part for part in whole if whole[part] == half[part]} == set()


def test_a_renamed_run_keeps_its_labels(runs, config, fingerprint, tmp_path):
    runs["train"](config, tmp_path / "alone")
    runs["crash"](config, tmp_path / "before", 640)
    (tmp_path / "before").rename(tmp_path / "after")
    runs["train"](config, tmp_path / "after")
    assert fingerprint(tmp_path / "after") == fingerprint(tmp_path / "alone")


def test_a_run_that_was_stopped_goes_on_exactly(runs, config, fingerprint, tmp_path):
    runs["train"](config, tmp_path / "alone")
    for steps in (80, 400):
        trainer, viewer = runs["opened"](config, tmp_path / "stopped")
        viewer.at = steps, lambda trainer=trainer: setattr(trainer, "stopping", True)
        trainer.train()
        assert trainer.steps == steps
    runs["train"](config, tmp_path / "stopped")
    assert fingerprint(tmp_path / "stopped") == fingerprint(tmp_path / "alone")


def test_a_damaged_checkpoint_costs_time_alone(runs, config, fingerprint, tmp_path):
    runs["train"](config, tmp_path)
    before = fingerprint(tmp_path)
    state = max((tmp_path / "checkpoints").iterdir()) / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])
    trainer, viewer = runs["opened"](config, tmp_path)
    assert trainer.steps == 640
    assert "step_000000000800 is damaged" in viewer.said[0]
    trainer.train()
    assert fingerprint(tmp_path) == before
