"""A `pbrl label` of its own, for tests that look at its window."""

import os
import subprocess
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.2
"""After how long a pair that is on the screen is answered; at once, it cannot be."""
RUN_VERB = """
import sys
for name in ("torch", "stable_baselines3"):
    sys.modules[name] = None  # importing them fails, as at a desk that is made for labelling
from pbrl.cli.label import main
sys.exit(main(sys.argv[1:]))
"""


class Viewer:
    """A `pbrl label` of its own, and what it tells."""

    def __init__(self, desktop, stores, run: Path | str, tell: Path, *options: str) -> None:
        self.desktop, self._told, self._tell = desktop, stores.told, tell
        command = [sys.executable, "-c", RUN_VERB, str(run), "--as", "anna", "--tell", str(tell)]
        self.process = subprocess.Popen(
            [*command, "--practice", "0", "--repeats", "0", *options],
            env={**os.environ, "DISPLAY": desktop.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._seen = len(self.shown)

    @property
    def shown(self) -> list[dict]:
        return self._told(self._tell, "shown")

    def next(self) -> dict:
        """Waits until the next pair is on the screen and can be answered."""
        deadline = time.monotonic() + 60
        while len(self.shown) <= self._seen:
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate())
            assert time.monotonic() < deadline, "No pair came."
            time.sleep(0.01)
        self._seen += 1
        time.sleep(LOOK_SECONDS)
        return self.shown[self._seen - 1]

    def close(self) -> tuple[int, str, str]:
        """Quits by key and returns the exit code and what was printed."""
        self.desktop.key("q")
        time.sleep(0.5)
        if self.process.poll() is None:
            self.desktop.key("q")
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err
