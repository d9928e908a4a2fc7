"""The peers, each in a virtual environment of its own that is made once and kept.

They lie in the user's cache, `pbrl/peers/NAME`, with a stamp that says what was installed. torch
is held to the very build that runs here, so that pip never fetches another one (on PyPI it is a
CUDA build of gigabytes).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pbrl.errors import PbrlError


class PeerError(PbrlError):
    """A peer that cannot be installed here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A package to compare with, and what it needs."""

    package: str
    """Its name on PyPI."""
    requirements: tuple[str, ...]
    """What pip is asked for."""
    needs_torch: bool = True
    """Whether torch is among what that brings."""


PEERS: dict[str, Peer] = {
    "envpool": Peer("envpool", ("envpool==1.2.5", "gymnasium==1.4.0"), needs_torch=False),
    "sbx": Peer("sbx-rl", ("sbx-rl==0.28.0", "gymnasium[mujoco]==1.4.0", "mujoco==4.0.0")),
    # Of the last Gymnasium that imitation works with, and setuptools while it has pkg_resources.
    "imitation": Peer(
        "imitation",
        (
            *("imitation==1.0.1", "gymnasium==0.29.1", "mujoco==4.0.0", "imageio"),
            "setuptools<80",
        ),
    ),
}

Run = Callable[[list[str]], None]
"""Runs a command and raises PeerError with the reason where it fails."""


def peers_folder() -> Path:
    """Returns the folder of the environments, in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "pbrl" / "peers"


def run_command(command: list[str]) -> None:
    """Runs a command.

    Raises:
        PeerError: It failed; the message is its last line.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise PeerError(str(error)) from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        raise PeerError(errors[-1] if errors else f"status {done.returncode}")


def peer_python(name: str, folder: Path, run: Run = run_command) -> Path:
    """Returns a peer's interpreter, and sets its environment up unless that was done.

    Args:
        name: One of `PEERS`.
        folder: Of the environments.
        run: What runs the commands.

    Raises:
        PeerError: It cannot be set up; the message says which peer and why.
    """
    place, wanted = folder / name, stamp(PEERS[name])
    python, stamp_file = place / "bin" / "python", place / "installed.txt"
    if stamp_file.is_file() and stamp_file.read_text() == wanted and python.exists():
        return python
    try:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        constraints = place / "constraints.txt"
        constraints.write_text("".join(f"{pin}\n" for pin in pins(PEERS[name])))
        run([sys.executable, "-m", "venv", str(place)])
        quiet = ["--quiet", "--disable-pip-version-check", "--constraint", str(constraints)]
        run([str(python), "-m", "pip", "install", *quiet, *PEERS[name].requirements])
        stamp_file.write_text(wanted)
    except (PeerError, OSError) as error:
        raise PeerError(f"{PEERS[name].package} could not be installed: {error}") from error
    return python


def pins(peer: Peer) -> list[str]:
    """Returns the versions that pip is held to."""
    return [f"torch=={metadata.version('torch')}"] if peer.needs_torch else []


def stamp(peer: Peer) -> str:
    """Returns what an environment is made from: another text, and it is made again."""
    return "\n".join([sys.version, *peer.requirements, *pins(peer)]) + "\n"
