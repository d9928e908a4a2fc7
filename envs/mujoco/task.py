"""The form of a MuJoCo task: a model and four functions of arrays over the simulations.

The bodies, the physics, the observations and the noise at reset are those of Gymnasium's v5
tasks. Two things differ, so that an episode's end tells nothing: no episode ends early, and the
true reward has no term for torque (Christiano et al. 2017, appendix A).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Physics:
    """Live views of N simulations of one model, in MuJoCo's names and units (m, rad, s, N).

    As after `mj_step`, all but qpos and qvel are those of the last substep's start.
    """

    qpos: np.ndarray  # (N, nq) joint positions
    qvel: np.ndarray  # (N, nv) joint velocities
    xpos: np.ndarray  # (N, nbody, 3) origins of the bodies
    xipos: np.ndarray  # (N, nbody, 3) centres of mass of the bodies
    site_xpos: np.ndarray  # (N, nsite, 3)
    cinert: np.ndarray  # (N, nbody, 10) inertias about the whole's centre of mass
    cvel: np.ndarray  # (N, nbody, 6) velocities about the whole's centre of mass
    qfrc_actuator: np.ndarray  # (N, nv) forces of the actuators
    qfrc_constraint: np.ndarray  # (N, nv) forces of contacts and limits
    body_mass: np.ndarray  # (nbody,)


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a task is looked at from, in the angles and metres of MuJoCo's free camera."""

    distance: float
    lookat: tuple[float, float, float] = (0.0, 0.0, 0.0)
    track_body: str | None = None  # the body that `lookat` follows, or none
    azimuth: float = 90.0
    elevation: float = -20.0


def root_x(physics: Physics) -> np.ndarray:
    """Returns the first joint's position (N,), which is x for the bodies that run."""
    return physics.qpos[:, 0]


@dataclass(frozen=True, slots=True)
class MujocoTask:
    """A task; the functions are of all N simulations at once, `start` of one."""

    xml: str  # the model's file among Gymnasium's assets
    frame_skip: int  # simulation steps per action
    episode_steps: int
    clip_fps: float  # frames a second at which a person is shown clips
    look_for: str
    camera: Camera
    start: Callable[[np.random.Generator, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    # (generator, model's qpos (nq,), model's qvel (nv,)) -> an episode's first qpos and qvel
    observe: Callable[[Physics], np.ndarray]  # -> (N, O)
    reward: Callable[[Physics, np.ndarray], np.ndarray]
    # (physics, forward velocity (N,) in m/s) -> true reward (N,)
    forward: Callable[[Physics], np.ndarray] = root_x  # -> (N,), the way whose rate is velocity
    torso_angle: int | None = None  # its place in an observation, of bodies that turn in the plane


def without_turns(angles: np.ndarray) -> np.ndarray:
    """Returns angles in [-pi, pi), rad."""
    return (angles + np.pi) % (2 * np.pi) - np.pi


def within_a_turn(task: MujocoTask) -> MujocoTask:
    """Returns a task whose observations have the torso's angle in [-pi, pi), whole turns left out.

    MuJoCo counts them: after a somersault nothing but that angle would tell a body from one that
    stands as at the start, and no policy has learnt what to do there.

    Raises:
        ValueError: The task's observations have no such angle.
    """
    place, observe = task.torso_angle, task.observe
    if place is None:
        raise ValueError("Observations of this task have no angle of a torso that turns over.")

    def wrapped(physics: Physics) -> np.ndarray:
        observations = observe(physics)
        observations[:, place] = without_turns(observations[:, place])
        return observations

    return replace(task, observe=wrapped)


def uniform(rng: np.random.Generator, mean: np.ndarray, scale: float) -> np.ndarray:
    """Returns `mean` with noise drawn evenly from [-scale, scale)."""
    return mean + rng.uniform(-scale, scale, size=mean.shape)


def normal(rng: np.random.Generator, mean: np.ndarray, scale: float) -> np.ndarray:
    """Returns `mean` with normal noise of standard deviation `scale`."""
    return mean + scale * rng.standard_normal(mean.shape)
