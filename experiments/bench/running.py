"""One measurement: a driver (see `drivers`) in a process of its own, and what it printed."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pbrl.errors import PbrlError

DRIVERS = Path(__file__).parent / "drivers"


class DriverError(PbrlError):
    """A measurement that did not come about."""


def run_driver(python: Path, driver: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Measures once and returns what the driver says.

    Args:
        python: The contender's interpreter.
        driver: Name of the program in `drivers`.
        settings: What it is given; native threads are held to its `threads`, and a GPU is used
            where its `device` is `cuda`.

    Raises:
        DriverError: The driver failed.
    """
    threads = str(settings.get("threads", 1))
    environment = os.environ | {
        **{f"{library}_NUM_THREADS": threads for library in ("OMP", "MKL", "OPENBLAS")},
        "NPROC": threads,  # JAX's pool
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(threads != '1').lower()}",
        "JAX_PLATFORMS": "cpu",
    }
    if settings.get("device") != "cuda":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    command = [str(python), "-P", str(DRIVERS / f"{driver}.py"), json.dumps(dict(settings))]
    with tempfile.TemporaryDirectory() as folder:  # for the logs that libraries leave behind
        status, out, err = _run_to_its_end(command, environment, folder)
    lines = out.strip().splitlines()
    if status or not lines:
        raise DriverError(err.strip().rpartition("\n")[2] or f"status {status}")
    return json.loads(lines[-1])


def _run_to_its_end(
    command: list[str], environment: dict[str, str], folder: str
) -> tuple[int, str, str]:
    """Returns exit status and output of a command; interrupted, it ends what that started too."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return process.returncode, out, err
