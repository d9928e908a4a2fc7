import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import gymnasium
import imageio_ffmpeg
import numpy as np
import pytest
from rich.console import Console
from scipy.stats import pearsonr

import envs
from pbrl.agents import PreferencePPO
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli import main
from pbrl.cli.evaluation_report import print_evaluation
from pbrl.evaluation import (
    Accuracy,
    Episodes,
    Evaluation,
    clip_returns,
    confidence_interval,
    correlation,
    evaluate,
    fresh_accuracy,
    play,
    taught_correlation,
    walk,
)
from pbrl.metrics import read_metrics
from pbrl.reward.saved import saved_ensemble
from pbrl.runs import Run

PENDULUM = "pbrl/InvertedPendulum-v0"


def agent_of(run):
    return PreferencePPO.load(latest_checkpoint(Run(run), print).agent, device="cpu")


def ensemble_of(run):
    return saved_ensemble(Run(run).config(), latest_checkpoint(Run(run), print))


@pytest.fixture(scope="module")
def episodes(debug_run):
    tasks = envs.make_task(PENDULUM, 3)
    return play(agent_of(debug_run), tasks, steps=25, seed=7, ensemble=ensemble_of(debug_run))


def test_play_is_what_the_agent_does_in_the_task_alone(debug_run, episodes):
    agent, ensemble = agent_of(debug_run), ensemble_of(debug_run)
    steps = list(walk(agent, envs.make_task(PENDULUM, 3), 25, 7, deterministic=True))
    for i in range(3):
        env = gymnasium.make(PENDULUM)
        observation, _ = env.reset(seed=7 + i)
        for t in range(25):
            seen, done = steps[t].observations[i], steps[t].actions[i]
            np.testing.assert_array_equal(seen, np.float32(observation))
            action, _ = agent.predict(observation, deterministic=True)
            np.testing.assert_allclose(done, action, atol=1e-5)
            learned = ensemble.reward(seen[None], done[None])
            np.testing.assert_allclose(episodes.learned_rewards[t, i], learned[0], atol=1e-5)
            observation, reward, *_ = env.step(done)
            assert episodes.true_rewards[t, i] == pytest.approx(reward, abs=1e-9)
    assert episodes.alive.all()


def test_an_episode_that_ends_early_counts_to_its_end_only(discrete_run):
    tasks = envs.make_task("CartPole-v1", 4, allow_termination=True)
    told: list[int] = []
    played = play(agent_of(discrete_run), tasks, steps=500, seed=0, told=told.append)
    assert played.learned_rewards is None
    steps = list(walk(agent_of(discrete_run), tasks, 500, 0, deterministic=True))
    lengths = played.alive.sum(axis=0)
    assert len(played.alive) == lengths.max() < 500
    assert (lengths < lengths.max()).any()
    earlier = np.unique(lengths)[:-1]  # the last to end ends it all
    assert told == [np.count_nonzero(lengths <= length) for length in earlier]
    for i, length in enumerate(lengths):
        assert played.alive[:length, i].all()
    np.testing.assert_array_equal(played.true_rewards.sum(axis=0), lengths)  # 1 a step
    actions = np.stack([step.actions for step in steps])
    assert actions.shape[2] == 2
    np.testing.assert_array_equal(actions.sum(axis=2), 1)  # one-hot


def test_sampled_actions_are_an_option(debug_run):
    agent, env = agent_of(debug_run), envs.make_task(PENDULUM, 1)
    mean, sampled = (
        np.stack([step.actions for step in walk(agent, env, 25, 0, deterministic)])
        for deterministic in (True, False)
    )
    assert not np.allclose(mean, sampled)


def test_clips_lie_end_to_end_and_end_with_their_episode():
    rewards = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [4.0, 0.0], [5.0, 0.0]])
    alive = np.array([[1, 1], [1, 1], [1, 1], [1, 0], [1, 0]], dtype=bool)
    np.testing.assert_array_equal(clip_returns(rewards, alive, 2), [3.0, 2.0, 7.0])
    assert clip_returns(rewards, alive, 6).shape == (0,)


@pytest.mark.parametrize(
    ("learned", "share"),
    [([1.0, 2.0, 4.0], 1.0), ([4.0, 2.0, 1.0], 0.0), ([1.0, 4.0, 2.0], 2 / 3), ([0.0] * 3, 0.5)],
)
def test_fresh_pairs_are_judged_by_their_order_each_once(learned, share):
    rng = np.random.default_rng(0)
    accuracy = fresh_accuracy(np.array([-1.0, 5.0, 6.0]), np.array(learned), rng)
    assert accuracy == Accuracy(pytest.approx(share), 3)


def test_ties_are_no_pairs():
    rng = np.random.default_rng(0)
    assert fresh_accuracy(np.array([1.0, 1.0, 2.0]), np.arange(3.0), rng).count == 2
    assert fresh_accuracy(np.ones(5), np.arange(5.0), rng) is None
    assert fresh_accuracy(np.ones(1), np.ones(1), rng) is None


def test_correlation_is_pearsons():
    a, b = np.random.default_rng(0).normal(size=(2, 50))
    assert correlation(a, b) == pytest.approx(pearsonr(a, b).statistic)
    assert correlation(a, np.ones(50)) is None


def test_the_interval_of_the_mean():
    values = np.random.default_rng(0).normal(10, 2, size=400)
    low, high = confidence_interval(values)
    width = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - width, abs=0.05)
    assert high == pytest.approx(values.mean() + width, abs=0.05)
    assert confidence_interval(np.array([3.0])) == (3.0, 3.0)
    assert confidence_interval(np.array([3.0, 3.0])) == (3.0, 3.0)


def test_without_a_true_reward_nothing_depends_on_it(debug_run, episodes):
    unknown = replace(episodes, true_rewards=np.full_like(episodes.true_rewards, np.nan))
    rng = np.random.default_rng(0)
    measured = evaluate(unknown, ensemble_of(debug_run), None, False, 15, rng)
    assert np.isfinite(measured.learned_returns).all()
    assert (measured.returns, measured.comparisons, measured.clip_correlation) == (None,) * 3


def test_without_a_learned_reward_there_are_returns_alone(episodes):
    measured = evaluate(episodes, None, None, True, 15, np.random.default_rng(0))
    np.testing.assert_array_equal(measured.returns, episodes.true_rewards.sum(axis=0))
    assert (measured.learned_returns, measured.answers, measured.comparisons) == (None,) * 3


def run_eval(capsys, *arguments):
    code = main(["eval", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_eval_reports_what_was_measured(debug_run, capsys, tmp_path):
    code, said, _ = run_eval(capsys, debug_run, "--episodes", 4, "--json", tmp_path / "it.json")
    assert code == 0
    assert "at step 20,480, 4 fresh episodes" in said
    measured = json.loads((tmp_path / "it.json").read_text())
    returns = measured["returns"]
    assert len(returns) == 4
    assert f"{np.mean(returns):,.1f}  (95 % interval" in said
    assert f"{min(returns):,.1f} to {max(returns):,.1f}" in said
    # The answers that members had left out are those that the last fit looked at:
    logged = read_metrics(Run(debug_run))[-1]["reward/validation_accuracy"]
    assert measured["held_out_answers"] == pytest.approx(logged, abs=1e-6)
    assert re.search(rf"held-out answers +{logged:.1%}  \(n = 40\)", said)


def test_a_renamed_run_is_reported_alike(debug_run, capsys, tmp_path):
    shutil.copytree(debug_run, tmp_path / "another name")
    _, said, _ = run_eval(capsys, tmp_path / "another name", "--episodes", 2)
    assert "(n = 40)" in said


def test_only_answers_that_the_run_learns_from_count(debug_run, capsys, tmp_path):
    """A game's clips are large: all that were ever asked would not fit into memory."""
    run = Run(shutil.copytree(debug_run, tmp_path / "run"))
    config = run.config()
    run.write_config(replace(config, reward=replace(config.reward, label_window=25)))
    _, said, _ = run_eval(capsys, run.path, "--episodes", 2)
    assert "(n = 25)" in said


def test_a_task_without_true_reward_is_reported_by_its_labels(debug_run, capsys, tmp_path):
    run = Run(shutil.copytree(debug_run, tmp_path / "run"))
    config = run.config()
    run.write_config(replace(config, env=replace(config.env, true_reward=False)))
    code, said, _ = run_eval(capsys, run.path, "--episodes", 2)
    assert code == 0
    assert "no true reward" in said
    assert "held-out answers" in said
    for word in ("true return", "fresh pairs", "correlation"):
        assert word not in said


def test_a_true_reward_run_is_reported_without_labels(true_reward_run, capsys):
    code, said, _ = run_eval(capsys, true_reward_run, "--episodes", 2)
    assert code == 0
    assert "true return" in said
    for word in ("learned", "answers", "labels"):
        assert word not in said


def test_a_reward_that_never_changes_is_said_to_be_so(discrete_run, capsys):
    code, said, _ = run_eval(capsys, discrete_run, "--episodes", 2)
    assert code == 0
    assert "undefined: one of the two never changes" in said
    assert "none to ask about" in said


@pytest.mark.parametrize("width", [20, 80, 200])
def test_the_report_is_the_same_at_any_width(width):
    returns = np.array([1000.0, 2000.0])
    measured = Evaluation(2, returns, returns, Accuracy(0.9, 40), Accuracy(0.8, 9), 0.5, None)
    printed = Console(file=io.StringIO(), width=width)
    print_evaluation(printed, measured)
    lines = printed.file.getvalue().splitlines()
    assert "  mean              1,500.0  (95 % interval 1,000.0 to 2,000.0)" in lines
    assert "  held-out answers  90.0%  (n = 40)" in lines
    assert max(map(len, lines)) < 70


def frames_of(film):
    """The film's frames as ffmpeg decodes them, at 32 by 24, and its frame rate."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-i", str(film), "-vf", "scale=32:24", "-pix_fmt", "rgb24"]
    done = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, timeout=60)
    rate = float(re.search(r"([\d.]+) fps", done.stderr.decode()).group(1))
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 24, 32, 3), rate


def test_a_film_shows_one_episode_at_the_rate_of_clips(debug_run, capsys, tmp_path):
    film = tmp_path / "film.mp4"
    code, said, _ = run_eval(capsys, debug_run, "--episodes", 1, "--video", film)
    assert code == 0
    assert f"An episode is in {film}, at 10 steps a second" in said
    frames, rate = frames_of(film)
    assert len(frames) == 25
    assert rate == 10
    assert frames.std() > 10


def test_tasks_that_are_not_the_suites_are_filmed_by_their_own_pictures(
    discrete_run, capsys, tmp_path
):
    film = tmp_path / "film.mp4"
    arguments = ("--episodes", 1, "--video", film, "--json", tmp_path / "it.json")
    assert run_eval(capsys, discrete_run, *arguments)[0] == 0
    frames, rate = frames_of(film)
    # The film is of the first of the episodes that were measured; its reward is 1 a step.
    assert [len(frames)] == json.loads((tmp_path / "it.json").read_text())["returns"]
    assert rate == 50
    assert frames.mean() > 200  # CartPole draws on white


def test_a_teachers_scores_are_held_against_the_learned_returns_of_the_same_clips():
    rng, lengths, clip_steps = np.random.default_rng(0), (10, 7, 2), 3
    kept = [rng.normal(size=(length, 4)) for length in lengths]
    learned = np.zeros((10, 3))
    for env, seen in enumerate(kept):
        learned[: len(seen), env] = 5 * seen[:, 0] + 1
    alive = np.arange(10)[:, None] < np.array(lengths)
    episodes = Episodes(np.zeros((10, 3)), learned, alive, kept)

    def score(clips):
        assert clips.shape[1:] == (clip_steps, 4)
        return clips[..., 0].sum(axis=1)

    assert taught_correlation(episodes, score, clip_steps) == pytest.approx(1.0)
    learned[9, 0] += 100  # belongs to no whole clip
    assert taught_correlation(episodes, score, clip_steps) == pytest.approx(1.0)
    learned[8, 0] += 100
    assert taught_correlation(episodes, score, clip_steps) < 0.9
    assert taught_correlation(replace(episodes, learned_rewards=None), score, clip_steps) is None


def test_wrong_input_is_a_sentence_and_code_2(debug_run, capsys, tmp_path):
    empty = Run(shutil.copytree(debug_run, tmp_path / "run"))
    shutil.rmtree(empty.checkpoints)
    for arguments, sentence in (
        ([tmp_path / "none"], "is not a run"),
        ([empty.path], "has no checkpoint yet"),
        ([debug_run, "--video", "film.gif"], "ends in .mp4"),
    ):
        code, said, complaint = run_eval(capsys, *arguments)
        assert (code, said) == (2, "")
        assert complaint.startswith("pbrl: ")
        assert sentence in complaint


def test_a_store_that_is_not_there_is_said_and_not_made(debug_run, capsys, tmp_path):
    run = Run(shutil.copytree(debug_run, tmp_path / "run"))
    away = tmp_path / "mounted" / "labels.db"
    run.write_config(replace(run.config(), store=str(away), store_run="run"))
    away.parent.mkdir()
    code, said, _ = run_eval(capsys, run.path, "--episodes", 2)
    assert code == 0
    assert f"{away} is not there" in said
    assert not away.exists()


def test_what_was_measured_before_stays_where_nothing_is_measured(debug_run, capsys, tmp_path):
    file = tmp_path / "it.json"
    file.write_text("measured")
    code, _, complaint = run_eval(capsys, tmp_path / "typo", "--json", file)
    assert (code, file.read_text()) == (2, "measured")
    nowhere = tmp_path / "nowhere" / "it.json"
    code, said, complaint = run_eval(capsys, debug_run, "--json", nowhere)
    assert (code, said) == (2, "")
    assert str(nowhere) in complaint


@pytest.mark.parametrize("episodes", ["0", "-1", "many"])
def test_a_wrong_number_of_episodes_is_code_2(debug_run, capsys, episodes):
    with pytest.raises(SystemExit) as stopped:
        main(["eval", str(debug_run), f"--episodes={episodes}"])
    assert stopped.value.code == 2
    assert "is not a whole number, 1 or more" in capsys.readouterr().err


def test_where_ffmpeg_fails_the_report_stands(debug_run, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    arguments = ("--episodes", 1, "--video", tmp_path / "film.mp4")
    code, said, complaint = run_eval(capsys, debug_run, *arguments)
    assert code == 2
    assert "true return" in said
    assert complaint.startswith("pbrl: ffmpeg could not write the film")
    assert not list(tmp_path.iterdir())


def test_without_offscreen_opengl_the_report_stands(debug_run, tmp_path):
    command = [sys.executable, "-W", "ignore", "-m", "pbrl.cli", "eval", str(debug_run)]
    without_display = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [*command, "--episodes", "1", "--video", str(tmp_path / "film.mp4")],
        env=without_display | {"MUJOCO_GL": "glfw"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "true return" in done.stdout
    assert "pbrl: OpenGL does not start" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
