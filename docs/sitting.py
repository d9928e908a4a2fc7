"""Makes the README's recording: a sitting at the viewer, and what was learnt from it.

    python docs/sitting.py record :99 frames/
    python docs/sitting.py join frames/ runs/HalfCheetah-v0-200labels-human-seed1

The first keeps pictures of an X display for a while, on which somebody labels; the second puts them
beside the best of the last clips that the run asked about, in `docs/sitting.gif`.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from Xlib import X
from Xlib.display import Display

import envs
from pbrl.runs import Run
from pbrl.store import LabelStore

SECONDS, FPS = 12, 10
WINDOW = (640, 360)
CLIP = (270, 360)
LAST_QUESTIONS = 20
COLOURS = 128


def record(display: str, folder: Path) -> None:
    """Keeps pictures of an X display."""
    folder.mkdir(parents=True, exist_ok=True)
    screen = Display(display).screen().root
    size = screen.get_geometry()
    for number in range(SECONDS * FPS):
        begun = time.monotonic()
        image = screen.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF)
        pixels = np.frombuffer(image.data, np.uint8).reshape(size.height, size.width, 4)
        small = cv2.resize(pixels[..., :3], WINDOW, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{number:04d}.png"), small)
        time.sleep(max(0.0, 1 / FPS - (time.monotonic() - begun)))


def learnt(run: Run, count: int) -> np.ndarray:
    """Returns pictures (T, H, W, 3) of the best of the last clips that a run asked about."""
    task = envs.describe(run.config().env.env_id)
    store = LabelStore(run.labels_file)
    name = store.runs()[0]
    numbers = sorted({answer.number for answer in store.answers(name)})[-LAST_QUESTIONS:]
    clips = [clip for pair in store.segments(name, numbers).values() for clip in pair]
    clips.sort(key=lambda clip: clip.true_return, reverse=True)
    drawn: list[np.ndarray] = []
    for clip in clips:
        states = clip.render_states[:: max(round(task.clip_fps / FPS), 1)]
        wide, tall = 2 * CLIP[0], 2 * CLIP[1]
        pictures = envs.draw(task.env_id, states, wide, tall, smooth=True)
        drawn += [cv2.resize(picture, CLIP, interpolation=cv2.INTER_AREA) for picture in pictures]
        if len(drawn) >= count:
            break
    return np.array(drawn[:count])


def join(folder: Path, run: Run) -> None:
    """Writes `docs/sitting.gif`."""
    sitting = [cv2.imread(str(path))[..., ::-1] for path in sorted(folder.glob("*.png"))]
    behaviour = learnt(run, len(sitting))
    frames = [np.hstack(pair) for pair in zip(sitting, behaviour, strict=False)]
    images = [Image.fromarray(frame) for frame in frames]
    palette = images[len(images) // 2].quantize(COLOURS)
    coloured = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    coloured[0].save(
        Path(__file__).with_name("sitting.gif"),
        save_all=True,
        append_images=coloured[1:],
        duration=1000 // FPS,
        loop=0,
        optimize=True,
    )


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(sys.argv[2], Path(sys.argv[3]))
    else:
        join(Path(sys.argv[2]), Run(Path(sys.argv[3]).resolve()))
