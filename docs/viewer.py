"""Takes the README's pictures of the viewer, at a real sitting: a run that begins and goes on.

    python docs/viewer.py Hopper 80

trains the task beside a scripted person at a window on a virtual screen, who sees each pair for two
thirds of a second and errs in one answer of ten, and keeps `docs/viewer-practice.png` and, after so
many answers, `docs/viewer.png`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from Xlib import X
from Xlib.display import Display

from experiments.scripted_person import PBRL, Manner, Person, virtual_screen
from pbrl.store import LabelStore

HERE = Path(__file__).parent
MANNER = Manner(error_rate=0.1, seconds=0.65)
SETTINGS = (
    "--total-steps 300000 --query.label-budget 200 --query.initial-steps 8192 --threads 1 "
    "--no-viewer --max-lag 50"
)
OPENING = 60.0
"""Seconds until the window is open."""


def take(display: str, file: Path) -> None:
    """Writes what an X display shows."""
    screen = Display(display).screen().root
    size = screen.get_geometry()
    image = screen.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF)
    pixels = np.frombuffer(image.data, np.uint8).reshape(size.height, size.width, 4)
    cv2.imwrite(str(file), pixels[..., :3])


def practise(person: Person, display: str, told: Path) -> None:
    """Answers the practice pairs, and takes a picture of the first one's explanation."""
    begun = time.monotonic()
    while not told.exists() or '"practice"' not in told.read_text():
        if time.monotonic() - begun > OPENING:
            raise RuntimeError("No practice pair came.")
        time.sleep(0.1)
    time.sleep(3.0)  # all of its pictures are drawn
    person.press("Left")
    time.sleep(1.0)
    take(display, HERE / "viewer-practice.png")
    while '"label"' not in told.read_text():
        person.press("Return")
        time.sleep(1.0)
        person.press("Right")
        time.sleep(1.0)


def judge(person: Person, display: str, told: Path, answers: int) -> None:
    """Answers, and takes a picture of the last pair before it is answered."""
    given, done = 0, 0
    while given < answers:
        lines = [json.loads(line) for line in told.read_text().splitlines()]
        shown = [one for one in lines if one["what"] == "shown" and one["role"] != "practice"]
        if len(shown) > done:
            done = len(shown)
            person.answer(shown[-1]["number"], shown[-1]["left"])
            given += 1
        time.sleep(0.02)
    time.sleep(3.0)
    take(display, HERE / "viewer.png")


def main(task: str, answers: int) -> None:
    """Takes both pictures."""
    with tempfile.TemporaryDirectory() as runs, virtual_screen() as display:
        environment = os.environ | {"DISPLAY": display}
        train = [*PBRL, "train", task, "--annotator", "human", "--runs", runs, *SETTINGS.split()]
        with subprocess.Popen(train, env=environment) as trainer:
            while not (found := list(Path(runs).glob("*/labels.db"))):
                time.sleep(0.1)
            told = Path(runs) / "told.jsonl"
            label = [*PBRL, "label", str(found[0].parent), "--as", "ann", "--tell", str(told)]
            with (
                subprocess.Popen(label, env=environment) as viewer,
                closing(LabelStore(found[0])) as store,
            ):
                while not (names := store.runs()):
                    time.sleep(0.1)
                person = Person(display, store, names[0], MANNER, np.random.default_rng(1))
                practise(person, display, told)
                judge(person, display, told, answers)
                person.close()
                viewer.terminate()
            trainer.terminate()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
