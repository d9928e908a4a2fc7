"""Starts several of our runs at once, and says how many steps a second they make together."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

RUN = Path(__file__).with_name("pbrl_preferences.py")


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures the runs.

    Args:
        settings: `runs`, how many, and what `pbrl_preferences` takes; each has a seed of its own.
    """
    processes = []
    for number in range(settings["runs"]):
        own = json.dumps({**settings, "seed": settings["seed"] + number})
        command = [sys.executable, "-P", str(RUN), own]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("One of the runs failed.")
    outcomes = [json.loads(lines.splitlines()[-1]) for lines in printed]
    return {
        "value": sum(outcome["value"] for outcome in outcomes),
        "each": [outcome["value"] for outcome in outcomes],
        "steps": sum(outcome["steps"] for outcome in outcomes),
        "versions": outcomes[0]["versions"],
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
