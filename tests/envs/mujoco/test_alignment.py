"""Physics, observations and resets against Gymnasium's v5 tasks: equal to the last bit."""

import gymnasium
import numpy as np
import pytest

from envs import TASKS, make_task

REFERENCES = {
    "pbrl/Hopper-v0": ("Hopper-v5", {}),
    "pbrl/Walker2d-v0": ("Walker2d-v5", {}),
    "pbrl/Swimmer-v0": ("Swimmer-v5", {}),
    "pbrl/HalfCheetah-v0": ("HalfCheetah-v5", {}),
    "pbrl/Ant-v0": ("Ant-v5", {"include_cfrc_ext_in_observation": False}),
    "pbrl/Reacher-v0": ("Reacher-v5", {}),
    "pbrl/InvertedPendulum-v0": ("InvertedPendulum-v5", {}),
    "pbrl/InvertedDoublePendulum-v0": ("InvertedDoublePendulum-v5", {}),
    "pbrl/Humanoid-v0": ("Humanoid-v5", {"include_cfrc_ext_in_observation": False}),
}


def true_reward(env_id, env, info):
    """The table of true rewards, from the state and the info of Gymnasium's own task."""
    velocity, height = info.get("x_velocity"), env.data.qpos[min(2, env.model.nq - 1)]
    match env_id.removeprefix("pbrl/").removesuffix("-v0"):
        case "Hopper":
            return velocity + env.data.qpos[1]
        case "Walker2d":
            return velocity + env.data.qpos[1] - 1
        case "Swimmer" | "HalfCheetah":
            return velocity
        case "Ant":
            return velocity + height - 1.2
        case "Reacher":
            return info["reward_dist"]
        case "InvertedPendulum":
            return 1 - env.data.qpos[1] ** 2
        case "InvertedDoublePendulum":
            tip = env.data.site_xpos[0, 2]
            return 10 + info["distance_penalty"] + info["velocity_penalty"] + 10 * (tip - 1)
        case "Humanoid":
            return 1.25 * velocity + 5 * (height - 1)


@pytest.mark.filterwarnings("ignore:compiler attribute 'settotalmass'")
@pytest.mark.parametrize("env_id", TASKS)
def test_equals_gymnasium_v5(env_id):
    name, options = REFERENCES[env_id]
    theirs = gymnasium.make(name, **options).unwrapped
    ours = make_task(env_id, 2)
    assert ours.single_observation_space == theirs.observation_space
    assert ours.single_action_space == theirs.action_space

    first, _ = theirs.reset(seed=8)
    observations, _ = ours.reset(seed=7)
    np.testing.assert_array_equal(observations[1], first)
    space = theirs.action_space
    space.seed(0)
    for _ in range(min(TASKS[env_id].episode_steps - 1, 60)):
        action = 1.3 * space.sample()  # MuJoCo clips to the range
        observation, _, _, _, info = theirs.step(action)
        observations, rewards, *_ = ours.step(np.stack([0.5 * action, action]))
        np.testing.assert_array_equal(observations[1], observation)
        np.testing.assert_array_equal(ours.render_states[1], theirs.data.qpos.astype(np.float32))
        assert rewards[1] == pytest.approx(true_reward(env_id, theirs, info), rel=1e-12, abs=1e-12)
    theirs.close()
