"""A torso's angle without its whole turns: `--env.wrap-angle True`."""

import numpy as np

from experiments.presets import PRESETS
from pbrl.cli.assembly import make_env


def test_what_runs_and_their_evaluation_act_in_observes_it():
    env = make_env(PRESETS["Hopper-backflip"].env, 1)
    env.reset(seed=0)
    env._simulation.qpos[0, 2] = 4 * np.pi - 1
    env._look()
    np.testing.assert_allclose(env.observations[0, 1], -1)
    np.testing.assert_allclose(env.render_states[0, 2], 4 * np.pi - 1, rtol=1e-6)


def test_only_where_a_torso_turns_over(refused, tmp_path):
    line = f"train Ant --env.wrap-angle True --runs {tmp_path}"
    assert "can be wrapped in pbrl/Hopper-v0, " in refused(line)
    assert not any(tmp_path.iterdir())
