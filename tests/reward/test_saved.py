import copy
import json
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest

import pbrl
from experiments.presets import PRESETS
from pbrl.checkpoints import latest_checkpoint, save_checkpoint
from pbrl.cli.assembly import describe_task, new_ensemble
from pbrl.errors import CheckpointError, NumericalError, TaskError
from pbrl.reward.saved import LearnedReward
from pbrl.runs import Run
from pbrl.store import LabelStore


@pytest.fixture(scope="module")
def reward(debug_run):
    return pbrl.load_reward(debug_run)


@pytest.fixture
def copied(debug_run, tmp_path):
    return Run(shutil.copytree(debug_run, tmp_path / "run"))


def judged_clips(run):
    """Observations `(C, T, O)` and actions `(C, T, A)` of all clips that were judged."""
    store = LabelStore(run / "labels.db")
    pairs = store.segments(run.name, [a.number for a in store.answers(run.name)])
    store.close()
    clips = [clip for pair in pairs.values() for clip in pair]
    return np.stack([c.observations for c in clips]), np.stack([c.actions for c in clips])


def test_it_is_the_reward_of_the_last_fit(reward, debug_run):
    observations, actions = judged_clips(debug_run)
    rewards = reward(observations, actions)
    assert rewards.shape == observations.shape[:2]
    assert rewards.dtype == np.float32
    # Each member has mean 0 and deviation 1 over the judged clips; their mean varies no more.
    assert rewards.mean() == pytest.approx(0, abs=1e-3)
    assert 0.3 < rewards.std() <= 1.001
    # The pendulum's true reward is 1 - angle²: what was learnt tells upright from fallen.
    angle = observations[..., 1]
    assert np.corrcoef(rewards.ravel(), -(angle.ravel() ** 2))[0, 1] > 0.5


def test_it_says_what_it_is_of(reward):
    assert reward.env_id == "pbrl/InvertedPendulum-v0"
    assert (reward.observation_shape, reward.action_size) == ((4,), 1)
    assert reward.steps == 20_480
    assert repr(reward) == "LearnedReward('pbrl/InvertedPendulum-v0', steps=20480)"


def test_it_travels_to_other_processes(reward):
    """As Stable-Baselines3's SubprocVecEnv has it."""
    rng = np.random.default_rng(0)
    observations, actions = rng.normal(size=(7, 4)), rng.normal(size=(7, 1))
    unpickled = pickle.loads(pickle.dumps(reward))  # noqa: S301 (it was made here)
    for again in (unpickled, copy.deepcopy(reward)):
        np.testing.assert_array_equal(again(observations, actions), reward(observations, actions))
        assert repr(again) == repr(reward)


def test_whole_numbers_are_no_choice_where_an_action_is_one_number(reward):
    with pytest.raises(TaskError, match="with the same leading axes"):
        reward(np.zeros((3, 4)), np.zeros(3, int))


def test_one_step_is_rewarded_as_in_a_batch_and_lists_are_fine(reward):
    rng = np.random.default_rng(0)
    observations, actions = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 5, 1))
    batch = reward(observations, actions)
    alone = reward(observations[1, 2].tolist(), actions[1, 2].tolist())
    assert alone.shape == ()
    assert alone == pytest.approx(batch[1, 2], abs=1e-5)


def test_discrete_actions_are_indices_or_one_hot(discrete_run):
    reward = pbrl.load_reward(discrete_run)
    observations = np.random.default_rng(0).normal(size=(6, 4))
    indices = np.array([0, 1, 1, 0, 1, 0])
    rewards = reward(observations, indices)
    np.testing.assert_array_equal(rewards, reward(observations, np.eye(2)[indices]))
    assert not np.allclose(rewards, reward(observations, 1 - indices))
    assert reward(observations[0], 1).shape == ()
    for wrong in (2, -1):
        with pytest.raises(TaskError, match=r"numbered 0 to 1, but"):
            reward(observations, np.full(6, wrong))


@pytest.mark.parametrize(
    ("observations", "actions"),
    [((5, 3), (5, 1)), ((5, 4), (5, 2)), ((5, 4), (4, 1)), ((5, 4), (5,)), ((), (1,))],
)
def test_other_shapes_are_a_sentence(reward, observations, actions):
    with pytest.raises(
        TaskError, match=r"takes observations \(\.\.\., 4\) and actions \(\.\.\., 1"
    ):
        reward(np.zeros(observations), np.zeros(actions))


def test_pictures_are_not_scaled():
    """As numbers from 0 to 1 they would all be black, and get a reward nevertheless."""
    ensemble = new_ensemble(PRESETS["Pong"], describe_task("pbrl/Pong-v0"))
    of_pong = LearnedReward(ensemble, "pbrl/Pong-v0", 0)
    pictures = np.zeros((2, 4, 84, 84), np.uint8)
    assert of_pong(pictures, np.zeros(2, int)).shape == (2,)
    with pytest.raises(TaskError, match="pictures as uint8, 0 to 255, but was given float64"):
        of_pong(pictures / 255.0, np.zeros(2, int))


def test_what_is_not_finite_is_an_error(reward):
    with pytest.raises(NumericalError):
        reward([np.nan, 0, 0, 0], [0])


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(copied):
    newest = latest_checkpoint(copied, print)
    (newest.path / "state.pt").write_bytes(b"half")
    with pytest.warns(UserWarning, match="damaged"):
        reward = pbrl.load_reward(copied.path)
    assert 0 < reward.steps < newest.steps


def test_a_run_that_has_learnt_no_reward_says_so(copied, true_reward_run, tmp_path):
    with pytest.raises(CheckpointError, match="trained on the true reward"):
        pbrl.load_reward(true_reward_run)
    with pytest.raises(CheckpointError, match="is not a run"):
        pbrl.load_reward(tmp_path)
    newest = latest_checkpoint(copied, print)
    early = newest.state()
    early["learning"]["labels"] = 0
    agent = newest.agent.read_bytes()
    save_checkpoint(copied, newest.steps + 1, lambda file: file.write(agent), early)
    with pytest.raises(CheckpointError, match="had learnt no reward at step 20481"):
        pbrl.load_reward(copied.path)
    shutil.rmtree(copied.checkpoints)
    with pytest.raises(CheckpointError, match="has no checkpoint yet"):
        pbrl.load_reward(copied.path)


def test_pbrl_offers_it_without_loading_torch():
    program = """
import json, sys, pbrl
light = "torch" not in sys.modules
names = all(name in dir(pbrl) and callable(getattr(pbrl, name)) for name in pbrl.__all__)
print(json.dumps([light, names, "torch" in sys.modules, hasattr(pbrl, "nothing")]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == [True, True, True, False]
