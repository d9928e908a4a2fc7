"""The viewer that `pbrl train` opens: a process of its own, which may be closed and opened again.

It is in a session of its own, so that Ctrl-C in the terminal reaches the trainer alone, and it is
left open when training ends: it learns from the label store how the run stands.
"""

import getpass
import os
import subprocess
import sys
from typing import IO

from pbrl.cli.stores import STORE_VARIABLE, address, name_in_store, opened
from pbrl.config import TrainConfig
from pbrl.runs import Run, disk_errors
from pbrl.status import Display, Status

LOG = "viewer.log"
"""File in the run's folder that takes what a viewer prints."""


def how_to_label(run: Run, config: TrainConfig) -> str:
    """Returns what to type to judge clips of a run."""
    here = f"pbrl label {run.path}"
    return f"{here} (elsewhere: pbrl label {config.store})" if config.store else here


def has_display() -> bool:
    """Returns whether a window can be opened here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_open_already(run: Run, config: TrainConfig, given: str) -> bool:
    """Returns whether this account has a viewer open on a run, as after Ctrl-C and `--resume`.

    Args:
        run: The run's folder.
        config: Its settings.
        given: The label store as the user named it.
    """
    try:
        account = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, whose viewer says so
        return False
    with opened(address(run, config, given)) as store:
        viewers = store.viewers(name_in_store(run, config, store))
    return any(viewer.annotator == account for viewer in viewers)


class ViewerDisplay:
    """A display that also keeps an eye on a viewer, and says when it was closed.

    Args:
        display: Shows the run.
        run: The run's folder.
    """

    def __init__(self, display: Display, run: Run) -> None:
        self._display, self._run, self._how = display, run, ""
        self._process: subprocess.Popen[bytes] | None = None

    def open_viewer(self, config: TrainConfig, given: str) -> None:
        """Starts the viewer.

        Args:
            config: The run's settings.
            given: The label store as the user named it, which the viewer finds in its environment.
        """
        command = [sys.executable, "-m", "pbrl.cli", "label", str(self._run.path)]
        environment, self._how = dict(os.environ), how_to_label(self._run, config)
        if config.store:
            environment[STORE_VARIABLE] = address(self._run, config, given)
        with disk_errors(self._run.path), (self._run.path / LOG).open("wb") as log:
            self._process = _started(command, environment, log)

    def show(self, status: Status) -> None:
        """Shows where the run stands, and looks whether the viewer is still there."""
        self._display.show(status)
        if self._process is not None and self._process.poll() is not None:
            self.say(self._closed(self._process.returncode))
            self._process = None

    def say(self, sentence: str) -> None:
        """Shows a sentence that stays."""
        self._display.say(sentence)

    def _closed(self, code: int) -> str:
        again = (
            "Training goes on as long as it need not wait for answers. Open it again with: "
            f"{self._how}"
        )
        if code == 0:
            return f"The viewer was closed. {again}"
        lines = (self._run.path / LOG).read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")
        return f"The viewer ended: {last} {again}"


def _started(
    command: list[str], environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
