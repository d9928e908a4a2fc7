import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.sweeps import pbrl_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processors are Linux's")


def wait_until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("It did not come about.")


def is_gone(pid):
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or ") Z" in stat.read_text()


def test_a_command_is_held_to_its_processors_and_logged(tmp_path):
    core = max(os.sched_getaffinity(0))
    log = tmp_path / "log.txt"
    with pbrl_process.start(["doctor"], log, [core]) as process:
        wait_until(lambda: "pbrl.cli" in Path(f"/proc/{process.pid}/cmdline").read_text())
        assert os.sched_getaffinity(process.pid) == {core}
    assert process.returncode == 0
    first, *rest = log.read_text().splitlines()
    assert first == "$ pbrl doctor"
    assert rest


def test_a_command_does_not_outlive_whoever_started_it(tmp_path):
    """Killed with SIGKILL, so that nobody can pass anything on."""
    program = (
        "import pathlib, sys, time; from experiments.sweeps import pbrl_process; "
        "log = sys.argv[1]; "
        "settings = ['--total-steps', '100000000', '--runs', log + '-runs']; "
        "p = pbrl_process.start(['train', 'debug', *settings], pathlib.Path(log)); "
        "print(p.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        wait_until(lambda: "pbrl.cli" in Path(f"/proc/{child}/cmdline").read_text())
        parent.kill()
    try:
        wait_until(lambda: is_gone(child))
    finally:
        if not is_gone(child):
            os.kill(child, signal.SIGKILL)
