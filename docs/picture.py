"""Draws the README's picture from a run's label store.

    python docs/picture.py runs/HalfCheetah-v0-300labels-seed1 60

Above, the two clips of question 60, the chosen one framed; below, the best clip of the run's last
questions, which shows what the agent has learnt.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

import envs
from pbrl.feedback import COMPARISON
from pbrl.runs import Run
from pbrl.segments import Segment
from pbrl.store import LabelStore

SIZE = (260, 174)
"""Width and height of one frame in pixels."""
QUESTION_FRAMES, CLIP_FRAMES = 2, 4
GAP = 8
CHOSEN = (77, 175, 74)
LAST_QUESTIONS = 20


def strip(env_id: str, clip: Segment, frames: int) -> np.ndarray:
    """Returns evenly spaced frames of a clip side by side, `(H, W, 3)` uint8."""
    moments = np.linspace(0, len(clip) - 1, frames).round().astype(int)
    width, height = SIZE
    drawn = envs.draw(env_id, clip.render_states[moments], 2 * width, 2 * height, smooth=True)
    return np.hstack([cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in drawn])


def framed(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Returns an image with a frame of `GAP` pixels."""
    return cv2.copyMakeBorder(image, *[GAP] * 4, cv2.BORDER_CONSTANT, value=colour)


def main(folder: str, number: int) -> None:
    """Writes `docs/picture.png`."""
    run = Run(Path(folder).resolve())
    env_id = run.config().env.env_id
    store = LabelStore(run.labels_file)
    answers = {answer.number: answer.text for answer in store.answers(run.name)}
    recent = store.segments(run.name, sorted(answers)[-LAST_QUESTIONS:])
    best = max((clip for pair in recent.values() for clip in pair), key=lambda c: c.true_return)
    chosen = COMPARISON.targets([COMPARISON.decode(answers[number])])[0]
    white = (255, 255, 255)
    question = [
        framed(strip(env_id, clip, QUESTION_FRAMES), CHOSEN if share == 1 else white)
        for clip, share in zip(store.segments(run.name, [number])[number], chosen, strict=True)
    ]
    above = np.hstack(question)
    below = framed(strip(env_id, best, CLIP_FRAMES), white)
    below = cv2.resize(below, (above.shape[1], below.shape[0]), interpolation=cv2.INTER_AREA)
    picture = np.vstack([above, below])[..., ::-1]
    cv2.imwrite(str(Path(__file__).with_name("picture.png")), picture)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
