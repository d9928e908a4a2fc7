"""Heights and contacts by hand, and beside MuJoCo's own on states of real rollouts."""

import mujoco
import numpy as np
import pytest

import envs
from envs.mujoco.simulation import compile_model, load_spec
from pbrl.behaviours.half_cheetah_body import HALF_CHEETAH_BODY
from pbrl.behaviours.hopper_body import HOPPER_BODY
from pbrl.behaviours.planar_body import Capsule, Limb, PlanarBody

ARM = PlanarBody(
    height=1.0,
    margin=0.0,
    limbs=(
        Limb(-1, (0.0, 0.0), 1.0, (Capsule("torso", ((0.0, 0.0), (0.0, 0.5)), 0.1),)),
        Limb(0, (0.0, 0.5), -1.0, (Capsule("arm", ((0.0, 0.0), (2.0, 0.0)), 0.2),)),
    ),
)
"""An upright torso, and an arm that points forward from its upper end."""
BODIES = {"pbrl/Hopper-v0": HOPPER_BODY, "pbrl/HalfCheetah-v0": HALF_CHEETAH_BODY}


@pytest.mark.parametrize(
    ("state", "lowest"),
    [
        ([5, 0, 0, 0], [0.9, 1.3]),  # the torso's lower end at 1 - .1, the arm at 1.5 - .2
        ([5, -0.5, 0, 0], [0.4, 0.8]),
        ([5, 0, np.pi / 2, 0], [0.9, -1.2]),  # on its face: the arm hangs 2 below 1, less .2
        ([5, 0, np.pi / 2, np.pi / 2], [0.9, 0.8]),  # and turned back up: it goes on forward
        ([5, 0, -np.pi / 2, 0], [0.9, 0.8]),  # on its back: the arm points up
    ],
)
def test_by_hand(state, lowest):
    np.testing.assert_allclose(ARM.lowest(np.array(state, float)), lowest, atol=1e-12)
    np.testing.assert_array_equal(ARM.touches(np.array(state, float)), np.array(lowest) < 0)


def test_batches_of_any_shape():
    states = np.random.default_rng(0).normal(size=(3, 5, 4))
    heights = ARM.lowest(states)
    assert heights.shape == (3, 5, 2)
    np.testing.assert_allclose(heights[2, 4], ARM.lowest(states[2, 4]))


@pytest.fixture(scope="module", params=BODIES)
def rollout(request):
    """States of random play, and the model that they are of."""
    env = envs.make_task(request.param, 4)
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    states = []
    for _ in range(150):
        env.step(rng.uniform(-1, 1, env.action_space.shape))
        states.append(env.render_states.copy())
    env.close()
    model = compile_model(load_spec(envs.TASKS[request.param]))
    return BODIES[request.param], np.concatenate(states), model


def test_heights_and_contacts_are_mujocos(rollout):
    body, states, model = rollout
    data = mujoco.MjData(model)
    contacts = 0
    for state, heights, touches in zip(
        states, body.lowest(states), body.touches(states), strict=True
    ):
        data.qpos[:] = state
        mujoco.mj_fwdPosition(model, data)
        for name, height in zip(body.names, heights, strict=True):
            geom = model.geom(name)
            upright = data.geom_xmat[geom.id].reshape(3, 3)[2, 2]
            radius, half = model.geom_size[geom.id][:2]
            lowest = data.geom_xpos[geom.id][2] - abs(upright) * half - radius
            assert height == pytest.approx(lowest, abs=1e-9)
        found = on_the_floor(model, data)
        assert {name for name, touch in zip(body.names, touches, strict=True) if touch} == found
        contacts += len(found)
    assert contacts > 100


def test_every_shape_of_the_model_is_there(rollout):
    body, _, model = rollout
    geoms = {model.geom(i).name for i in range(model.ngeom)}
    assert set(body.names) == geoms - {"floor"}


def on_the_floor(model, data):
    """The names of the shapes for which MuJoCo has a contact with the floor."""
    pairs = [{model.geom(g).name for g in contact.geom} for contact in data.contact]
    return {name for pair in pairs if "floor" in pair for name in pair - {"floor"}}
