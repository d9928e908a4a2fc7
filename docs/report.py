"""Makes docs/report.png: the top of a report and its clips, in a real Chromium.

    python docs/report.py runs/HalfCheetah-v0-*

shows a report of these runs. The films' controls, which fade while a film plays, are taken out.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from experiments.report.command import report
from experiments.report.recorded import read_run

WIDTH, HEIGHT = 1280, 1560
CONTENTS = 262
"""Columns of the table of contents, which the right half leaves out."""
CLIPS_ALONE = "nav, header, section:not(#clips) { display: none } main { grid-column: 2 }"
SCALE = 0.62
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


def main(runs: list[str]) -> None:
    """Writes the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = report([read_run(Path(run)) for run in runs])
        page = page.replace(" controls ", " ")
        left = shot(folder, page)
        alone = page.replace("</style>", f"{CLIPS_ALONE}</style>")
        right = shot(folder, alone).crop((CONTENTS, 0, WIDTH, HEIGHT))
    whole = Image.new("RGB", (left.width + right.width, HEIGHT))
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width, 0))
    size = round(whole.width * SCALE), round(whole.height * SCALE)
    small = whole.resize(size, Image.Resampling.LANCZOS)
    fewer = small.quantize(256, kmeans=1, dither=Image.Dither.NONE)
    fewer.save(Path(__file__).with_suffix(".png"), optimize=True)


def shot(folder: Path, page: str) -> Image.Image:
    """Returns what Chromium shows of a page."""
    path = folder / "report.html"
    path.write_text(page)
    command = ["chromium", *OPTIONS, f"--user-data-dir={folder / 'profile'}"]
    command += [f"--screenshot={folder / 'shot.png'}", f"--window-size={WIDTH},{HEIGHT}"]
    subprocess.run([*command, path.as_uri()], check=True, capture_output=True, timeout=120)
    with Image.open(folder / "shot.png") as picture:
        return picture.convert("RGB")


if __name__ == "__main__":
    main(sys.argv[1:])
