"""Pictures of what an agent did: of an episode, or of a clip that was judged."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

import envs
from pbrl.errors import TaskError
from pbrl.evaluation import Step
from pbrl.segments import Segment

DRAWN_AT_ONCE = 100
"""Pictures held in memory while they are drawn."""
SMALL = 120
"""Rows of an agent's own pictures below which they are shown twice as large."""

Size = tuple[int, int]
"""Width and height in pixels."""


def episode_pictures(
    task: envs.TaskInfo, steps: Iterable[Step], size: Size
) -> Iterator[np.ndarray]:
    """Yields pictures `(H, W, 3)` of steps, drawn at a size or as they were recorded.

    Raises:
        TaskError: They cannot be drawn here.
    """
    if task.draws_from_states:
        states = np.concatenate([step.render_states for step in steps])
        yield from drawn(task.env_id, states, size)
    else:
        yield from (step.frame for step in steps if step.frame is not None)


def clip_pictures(task: envs.TaskInfo, clip: Segment, size: Size) -> np.ndarray | None:
    """Returns pictures `(T, H, W, 3)` of a clip; None where it holds nothing to be seen.

    A game's clip has colours where people were asked; others show what the agent saw, in grey.

    Raises:
        TaskError: They cannot be drawn here.
    """
    if task.draws_from_states:
        return np.stack(list(drawn(task.env_id, clip.render_states, size)))
    if clip.frames:
        coded = (np.frombuffer(frame, np.uint8) for frame in clip.frames)
        blue_first = (np.asarray(cv2.imdecode(frame, cv2.IMREAD_COLOR)) for frame in coded)
        return np.stack([frame[:, :, ::-1] for frame in blue_first])
    if clip.sees_pictures:
        newest = np.repeat(clip.observations[-len(clip) :, :, :, None], 3, axis=-1)
        return newest.repeat(2, axis=1).repeat(2, axis=2) if newest.shape[1] < SMALL else newest
    return None


def drawn(env_id: str, states: np.ndarray, size: Size) -> Iterator[np.ndarray]:
    """Draws states `(T, S)`, a part at a time.

    Raises:
        TaskError: They cannot be drawn here.
    """
    try:
        for start in range(0, len(states), DRAWN_AT_ONCE):
            part = states[start : start + DRAWN_AT_ONCE]
            yield from envs.draw(env_id, part, *size, smooth=True)
    except envs.TaskError as error:
        raise TaskError(str(error)) from error
