import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from experiments.bench.running import DriverError, run_driver


def test_the_last_line_counts_and_threads_are_held(drivers):
    python = Path(sys.executable)
    assert run_driver(python, "echo", {"number": 3, "threads": 2}) == {"value": 3, "threads": "2"}


@pytest.mark.parametrize(("device", "seen"), [("cuda", "7"), ("cpu", ""), (None, "")])
def test_a_driver_sees_a_gpu_if_it_is_to_use_one(drivers, monkeypatch, device, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    (drivers / "sees.py").write_text(
        "import json, os\nprint(json.dumps(os.environ.get('CUDA_VISIBLE_DEVICES')))"
    )
    settings = {} if device is None else {"device": device}
    assert run_driver(Path(sys.executable), "sees", settings) == seen


def test_a_driver_that_fails_says_why(drivers):
    with pytest.raises(DriverError, match="no such task"):
        run_driver(Path(sys.executable), "fails", {})


def test_an_interruption_ends_what_the_driver_started_too(drivers, tmp_path):
    file = tmp_path / "child"

    def interrupt():
        while not (file.exists() and file.read_text().endswith("\n")):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_driver(Path(sys.executable), "waits", {"file": str(file)})
    status = Path("/proc") / file.read_text().strip() / "stat"
    for _ in range(200):  # until it is gone, or a zombie that nobody has buried yet
        if not status.exists() or ") Z" in status.read_text():
            return
        time.sleep(0.02)
    pytest.fail("The driver's child lives on.")
