"""Episodes of another length while an agent is trained: `--env.episode-steps`."""

import imageio_ffmpeg

from pbrl.metrics import read_metrics
from pbrl.runs import Run

RETURN = "rollout/ep_rew_mean"


def test_episodes_of_training_are_shorter_and_fresh_ones_are_not(pbrl, tiny, tmp_path):
    """A step upright is worth at most 1."""
    train = f"train debug {tiny} --query.segment-seconds 0.5 --env.episode-steps 6"
    outcome = pbrl(f"{train} --runs {tmp_path / 'runs'}")
    assert outcome.code == 0, outcome.err
    (run,) = (tmp_path / "runs").iterdir()
    returns = [line[RETURN] for line in read_metrics(Run(run)) if RETURN in line]
    assert 5 < max(returns) <= 6
    film = tmp_path / "film.mp4"
    assert pbrl(f"eval {run} --episodes 2 --video {film}").code == 0
    assert imageio_ffmpeg.count_frames_and_secs(str(film))[0] == 25


def test_clips_must_fit_into_them(refused, tmp_path):
    line = f"train debug --env.episode-steps 10 --runs {tmp_path}"
    assert "have 15 steps, but an episode of pbrl/InvertedPendulum-v0 has 10" in refused(line)


def test_only_the_suites_mujoco_tasks_have_them(refused, tmp_path):
    line = f"train Pong --env.episode-steps 100 --runs {tmp_path}"
    assert "The length of pbrl/Pong-v0's episodes is its own" in refused(line)
    assert not any(tmp_path.iterdir())
