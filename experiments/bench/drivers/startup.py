"""Says how many seconds it takes from a command to its help, or to the first environment step."""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

FIRST_STEP = Path(__file__).with_name("first_step.py")


def seconds_until(sentence: str, command: list[str], environment: dict[str, str]) -> float:
    """Returns the seconds until the command prints the sentence, or ends where it is empty."""
    begun = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        printed = process.stdout or []
        found = any(sentence and sentence in line for line in printed)
        if not found:
            process.wait()
        seconds = time.perf_counter() - begun
    if process.returncode or found != bool(sentence):
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}.")
    return seconds


def first_step(folder: str, *, cold: bool) -> float:
    """Returns the seconds from `pbrl train HalfCheetah` to its first step.

    Args:
        folder: An empty folder, for the run.
        cold: With nothing compiled, neither Python's modules nor the graphs.
    """
    command = [sys.executable, "-P", str(FIRST_STEP), "train", "HalfCheetah", "--runs", folder]
    empty = {
        "TORCHINDUCTOR_CACHE_DIR": f"{folder}/inductor",
        "XDG_CACHE_HOME": f"{folder}/cache",
        "PYTHONPYCACHEPREFIX": f"{folder}/bytecode",
    }
    return seconds_until("first step", command, empty if cold else {})


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a start.

    Args:
        settings: `what`: "help", "warm" (a first start, which fills the caches, does not count)
            or "cold".
    """
    with tempfile.TemporaryDirectory() as folder:
        if settings["what"] == "help":
            command = [sys.executable, "-m", "pbrl.cli", "--help"]
            seconds_until("", command, {})
            seconds = seconds_until("", command, {})
        else:
            cold = settings["what"] == "cold"
            if not cold:
                first_step(folder, cold=False)
            seconds = first_step(folder, cold=cold)
    return {"value": seconds, "versions": {"pbrl": metadata.version("pbrl")}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
