import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import envs
from envs import TASKS, TaskError, make_task
from envs.mujoco import opengl

DRAW_ELSEWHERE = """
import sys, numpy as np, envs
states = np.load(sys.argv[1])
np.save(sys.argv[2], envs.draw("pbrl/HalfCheetah-v0", states, 120, 80))
"""


def states_of(env_id, steps):
    env = make_task(env_id, 1)
    env.reset(seed=0)
    states = [env.render_states[0].copy()]
    action = env.action_space.high
    for _ in range(steps):
        env.step(action)
        states.append(env.render_states[0].copy())
    return np.array(states)


@pytest.mark.parametrize("env_id", TASKS)
def test_draws_every_task_and_its_motion(env_id):
    frames = envs.draw(env_id, states_of(env_id, 12)[::6], 120, 80)
    assert (frames.shape, frames.dtype) == ((3, 80, 120, 3), np.uint8)
    assert frames.std() > 8  # something is to be seen
    assert not np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[1], frames[2])


def test_camera_and_floor_go_along_under_a_sky():
    task_id = "pbrl/HalfCheetah-v0"
    states = states_of(task_id, 1)[[0, 0, 0]]
    states[:, 0] = 0.0, 300.0, 0.5  # far away, and a quarter of a period on
    near, far, moved = envs.draw(task_id, states, 120, 80).astype(int)
    assert np.abs(near - far).mean() < 1
    assert np.abs(near - moved).mean() > 4
    assert near[0].mean(axis=0)[2] > near[0].mean(axis=0)[0] + 20  # blue on top
    assert near[:20].mean() > near[60:].mean()


def test_the_floor_never_jumps():
    states = np.repeat(states_of("pbrl/HalfCheetah-v0", 0), 101, axis=0)
    states[:, 0] = np.linspace(0, 4, 101)
    frames = envs.draw("pbrl/HalfCheetah-v0", states, 60, 40).astype(int)
    changes = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert changes.max() < 3 * changes.mean()


def test_another_process_draws_the_same(tmp_path):
    states = states_of("pbrl/HalfCheetah-v0", 3)
    np.save(tmp_path / "states.npy", states)
    environment = os.environ | {"PYTHONPATH": str(Path(envs.__file__).parents[1])}
    command = [sys.executable, "-c", DRAW_ELSEWHERE, "states.npy", "frames.npy"]
    subprocess.run(command, cwd=tmp_path, check=True, env=environment)
    here = envs.draw("pbrl/HalfCheetah-v0", states, 120, 80)
    np.testing.assert_array_equal(np.load(tmp_path / "frames.npy"), here)


def test_smooth_edges_are_an_option():
    states = states_of("pbrl/Hopper-v0", 0)
    plain = envs.draw("pbrl/Hopper-v0", states, 64, 64)
    smooth = envs.draw("pbrl/Hopper-v0", states, 64, 64, smooth=True)
    assert not np.array_equal(plain, smooth)
    assert np.abs(plain.astype(int) - smooth).mean() < 12


@pytest.mark.parametrize(
    ("env_id", "shape", "size", "message"),
    [
        ("pbrl/Hopper-v0", (2, 5), (64, 64), r"shape \(T, 6\)"),
        ("pbrl/Hopper-v0", (6,), (64, 64), r"shape \(T, 6\)"),
        ("pbrl/Hopper-v0", (2, 6), (0, 64), "1 to 4096 pixels"),
        ("Pendulum-v1", (2, 0), (64, 64), "frames are recorded while the agent acts"),
    ],
)
def test_refuses_what_cannot_be_drawn(env_id, shape, size, message):
    with pytest.raises(TaskError, match=message):
        envs.draw(env_id, np.zeros(shape), *size)


def test_names_the_package_where_opengl_is_missing(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(opengl, "_LIBRARIES", {"egl": "libNoSuchThing.so.1"})
    with pytest.raises(TaskError, match=r"apt-get install libegl1 \(or libosmesa6\)"):
        opengl.choose_backend()
    monkeypatch.setenv("MUJOCO_GL", "OSMesa")
    assert opengl.choose_backend() == "osmesa"


def test_a_backend_that_does_not_start_is_a_sentence():
    program = "import envs, numpy; envs.draw('pbrl/Hopper-v0', numpy.zeros((1, 6)), 64, 48)"
    without_display = {name: v for name, v in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=without_display | {"MUJOCO_GL": "glfw"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "envs.errors.TaskError: OpenGL does not start with the backend 'glfw'" in done.stderr
