"""A few SIGKILLs of `pbrl train`, at random times and within parts of the work."""

import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "kill_harness.py"


@pytest.mark.slow
def test_killed_runs_come_to_the_same_end(tmp_path):
    command = [sys.executable, HARNESS, "--kills", "1", "--aimed", "2", "--folder", tmp_path]
    outcome = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=280)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    lines = outcome.stdout.splitlines()
    assert ["in", "all", "3"] in [line.split() for line in lines]
    runs = int(lines[-1].split()[0])
    assert lines[-1] == f"{runs} runs finished after kills, {runs} equal to the run left alone."
