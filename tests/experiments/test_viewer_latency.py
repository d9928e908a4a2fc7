"""Waiting at the viewer is measured at a real window."""

import numpy as np
import pytest

import envs
from experiments import viewer_latency
from experiments.viewer_latency import Waits, document, main, real_clips


@pytest.mark.parametrize(
    ("env_id", "steps", "seen"),
    [("pbrl/Hopper-v0", 60, (60, 11)), ("pbrl/Pong-v0", 22, (25, 84, 84))],
)
def test_clips_are_of_random_play_and_last_a_second_and_a_half(env_id, steps, seen):
    clips = real_clips(env_id, 10)
    assert len(clips) == 10
    assert all(clip.observations.shape == seen for clip in clips)
    assert all(len(clip.actions) == len(clip.true_rewards) == steps for clip in clips)
    assert len({clip.observations.tobytes() for clip in clips}) == 10
    drawn_from_states = envs.describe(env_id).draws_from_states
    assert all(len(clip.frames) == (0 if drawn_from_states else steps) for clip in clips)


def test_the_table_is_in_milliseconds():
    waits = Waits("Hopper", 1.54, np.array([0.016, 0.018, 0.030]), 0.0092)
    (row,) = [line for line in document("made so", [waits], 1.5).splitlines() if "Hopper" in line]
    assert row == "| Hopper | 1.5 | 3 | 18 | 28 | 30 | 9.2 |"


def test_a_person_at_a_real_window_is_waited_for(tmp_path, capsys):
    out = tmp_path / "viewer.md"
    assert main(["Hopper", "--answers", "2", "--seconds", "0.4", "--out", str(out)]) == 0
    (row,) = [line for line in out.read_text().splitlines() if line.startswith("| Hopper")]
    assert row in capsys.readouterr().out
    first, count, *waited, look = map(float, row.strip("| ").split(" | ")[1:])
    assert count == 2
    assert 0 < first < viewer_latency.OPENING
    assert sorted(waited) == waited
    assert 0 < look < 1000
