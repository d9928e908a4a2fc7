"""The paper's values for games (Christiano et al. 2017, appendix A.2), in presets and in what runs.

What the environments hide is tested with them, in tests/envs/atari.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

import envs
from experiments.presets import ATARI, GAMES, PRESETS, settings_for
from pbrl.agents import GymnasiumVecEnv, PreferencePPO
from pbrl.agents.build import build_agent
from pbrl.cli.assembly import describe_task, make_env, new_ensemble, open_reward_learning
from pbrl.cli.checks import clip_steps
from pbrl.query.schedule import initial_labels
from pbrl.reward.picture_ensemble import PictureEnsemble
from pbrl.runs import Run
from pbrl.status import Clock
from pbrl.trainer import Trainer

PAPERS = {"BeamRider", "Breakout", "Enduro", "Pong", "Qbert", "Seaquest", "SpaceInvaders"}


@pytest.fixture(params=GAMES)
def game(request):
    return PRESETS[request.param]


def test_every_game_has_one_and_its_task():
    assert set(GAMES) == PAPERS
    assert {PRESETS[name].env.env_id for name in GAMES} == set(envs.GAMES)


def test_other_games_of_the_ale_begin_with_the_same_settings():
    assert settings_for("ALE/MsPacman-v5") is ATARI
    assert settings_for("pbrl/Pong-v0") is ATARI
    assert settings_for("pbrl/Hopper-v0").agent.rollout_steps == 256


def test_clips_are_25_steps_shown_15_a_second(game):
    task = describe_task(game.env.env_id)
    assert task.clip_fps == 15.0
    assert clip_steps(game, task) == 25


def test_500_comparisons_and_200_epochs_before_the_agent_learns(game):
    assert (game.query.label_budget, initial_labels(game.query)) == (5500, 500)
    epochs = 32 if game is PRESETS["Pong"] else 200
    assert game.reward.initial_updates * game.reward.batch_size == epochs * 500


def test_pong_alone_departs_from_them(game):
    tuned = {"agent": {"lr"}, "reward": {"lr", "dropout", "initial_updates"}, "total_steps": set()}
    departs = {field.name for field in fields(ATARI) if not _same(game, ATARI, field.name)}
    assert departs - {"env"} == (set(tuned) if game is PRESETS["Pong"] else set())
    for part in departs - {"env", "total_steps"}:
        mine, papers = getattr(game, part), getattr(ATARI, part)
        assert {f.name for f in fields(mine) if not _same(mine, papers, f.name)} == tuned[part]


def _same(one, other, name):
    return getattr(one, name) == getattr(other, name)


def test_label_rate_and_window(game):
    assert game.query.schedule_steps == 5e6
    assert game.reward.label_window == 3000


def test_the_predictors_are_the_papers(game):
    ensemble = new_ensemble(game, describe_task(game.env.env_id))
    assert isinstance(ensemble, PictureEnsemble)
    assert ensemble.shape == (4, 84, 84)
    assert len(ensemble.l2) == 3
    assert game.reward.reward_std == 0.05
    assert game.reward.dropout == (0.2 if game is PRESETS["Pong"] else 0.5)
    assert (game.reward.l2_ratio_low, game.reward.l2_ratio_high) == (1.1, 1.5)
    assert game.reward.l2_initial > 0
    assert game.reward.fit_while_acting


def test_the_end_of_a_game_costs_in_all_but_pong(game):
    penalty = describe_task(game.env.env_id).end_penalty
    assert (penalty == 0) == (game.env.env_id == "pbrl/Pong-v0")


# In what runs


@pytest.fixture
def short(tmp_path):
    """Seaquest with games of 40 steps, and what a preference run of it is made of."""
    config = replace(
        PRESETS["Seaquest"],
        env=replace(PRESETS["Seaquest"].env, num_envs=2),
        agent=replace(ATARI.agent, rollout_steps=64, batch_size=32, epochs=1),
        query=replace(ATARI.query, buffer_steps=4096),
    )
    games = envs.make_task("pbrl/Seaquest-v0", 2)
    games._game_steps = 40
    agent = build_agent(config.agent, games, 1, "cpu")
    yield config, games, agent, tmp_path
    games.close()


def test_the_agent_is_told_of_no_games_end(short):
    config, games, agent, _ = short
    rollout = agent.collect()
    assert rollout.game_over.sum() == 2
    assert not rollout.ended.any()
    rewards = np.zeros((64, 2))
    rewards[45] = 1.0  # in the next game
    agent.update(rewards)
    experience = agent._experience(agent._recording, rewards)
    advantages = experience.advantages.reshape(2, 64)  # by environment
    plain = agent._experience(agent._recording, np.zeros((64, 2))).advantages.reshape(2, 64)
    assert ((advantages - plain)[:, 39] > 0.5).all(), (
        "what comes after a game's end counts before it"
    )


def test_scores_are_of_games_and_raw(short):
    _, games, agent, _ = short
    vec = agent.get_env().unwrapped
    assert isinstance(vec, GymnasiumVecEnv)
    for _ in range(3):
        agent.collect()
    lengths = [episode["l"] for episode in agent.ep_info_buffer]
    assert set(lengths) == {40}


def test_the_oracle_judges_by_the_raw_score_less_a_penalty_at_the_end(short):
    config, games, agent, folder = short
    rollout = agent.collect()
    rollout.true_rewards[5], rollout.true_rewards[39] = 60.0, 20.0
    for clips, expected in ((False, (60.0, -180.0)), (True, (1.0, -1.0))):
        changed = replace(config, teacher_clips=clips)
        task = describe_task("pbrl/Seaquest-v0")
        run = Run(folder / str(clips))
        run.path.mkdir()
        learning = open_reward_learning(changed, run, task, games, None, Clock())
        learning.remember(rollout)
        judged = learning.buffer.cut(0, 20, 20).true_rewards
        assert judged[-1] == expected[1], "the game's last step"
        assert learning.buffer.cut(0, 5, 1).true_rewards[0] == expected[0]
        learning.close()
    assert rollout.true_rewards[39, 0] == 20.0, "what is reported stays raw"


def test_who_learns_from_the_score_gets_it_clipped(short):
    config, games, agent, folder = short
    rollout = agent.collect()
    rollout.true_rewards[3:5, 0] = 60.0, -7.0
    told = []
    for clips in (True, False):
        changed = replace(
            config, reward_source="true", agent=replace(config.agent, clip_true_reward=clips)
        )
        trainer = Trainer(changed, Run(folder), games, agent, None, None, Clock())
        told.append(trainer._rewards(rollout)[3:5, 0].tolist())
    assert told == [[1.0, -1.0], [60.0, -7.0]]


def test_no_clip_holds_pictures_of_two_games(short):
    config, games, agent, folder = short
    task = describe_task("pbrl/Seaquest-v0")
    learning = open_reward_learning(config, Run(folder), task, games, None, Clock())
    for _ in range(3):
        learning.remember(agent.collect())
    copies, starts = learning.buffer.clip_starts(25)
    assert len(copies) > 30
    assert all(start // 40 == (start + 24) // 40 for start in starts), "games last 40 steps"
    assert (starts % 40 == 15).any(), "one may end with a game's last step"
    learning.close()


def test_a_saved_agent_is_an_sb3_zip(short, tmp_path):
    from stable_baselines3 import PPO

    _, _, agent, _ = short
    agent.collect()
    agent.update(np.ones((64, 2)))
    agent.save(tmp_path / "agent.zip")
    plain = PPO.load(tmp_path / "agent.zip", device="cpu")
    seen = np.random.default_rng(0).integers(0, 256, (5, 4, 84, 84), np.uint8)
    np.testing.assert_array_equal(
        plain.predict(seen, deterministic=True)[0], agent.predict(seen, deterministic=True)[0]
    )


def test_compiled_and_eager_agree_on_the_same_minibatches():
    updated = []
    for compiled in (False, True):
        games = envs.make_task("pbrl/Pong-v0", 2)
        agent = PreferencePPO(
            "CnnPolicy", GymnasiumVecEnv(games), n_steps=16, batch_size=16, n_epochs=2, seed=1,
            device="cpu", compiled=compiled,
        )  # fmt: skip
        agent.collect()
        agent.update(np.random.default_rng(0).normal(size=(16, 2)))
        updated.append(torch.nn.utils.parameters_to_vector(agent.policy.parameters()).detach())
        games.close()
    torch.testing.assert_close(*updated, rtol=0, atol=1e-5)


def test_a_blanked_game_of_the_ale_is_made_by_its_settings():
    config = replace(ATARI.env, env_id="ALE/Freeway-v5", num_envs=1, blanks=((0, 0, 14, 160),))
    games = make_env(config, 1, record_frames=True)
    games.reset(seed=0)
    assert games.frames is not None
    assert not games.frames[:, :14].any()
    games.close()
