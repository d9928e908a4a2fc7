"""Some kills of viewer, trainer and database while a person judges; `make kills` does hundreds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("where", [[], ["--sqlite"]])
def test_no_answer_is_lost_or_doubled(where, request):
    if not where:
        request.getfixturevalue("postgresql_server")  # skips where there is none
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed (Debian's package is xvfb)")
    done = subprocess.run(
        [sys.executable, "tests/people_kill_harness.py", "--kills", "6", *where],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills: {" in done.stdout
