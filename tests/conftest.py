"""What every test runs under, and small runs that many of them look at."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# One thread: the networks are small, and several would fight over the cores of a shared machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def debug_run(tmp_path_factory) -> Path:
    """The folder of a run of `pbrl train debug`, whole and as it is. Copy it to change it."""
    return _trained(tmp_path_factory, "debug")


@pytest.fixture(scope="session")
def discrete_run(tmp_path_factory) -> Path:
    """A tiny run of a task that is not the suite's, with discrete actions and early ends."""
    settings = "--total-steps 2048 --query.initial-steps 1024 --query.label-budget 32"
    return _trained(
        tmp_path_factory,
        *("--env", "CartPole-v1", "--allow-termination", "--query.segment-seconds", "0.1"),
        *("--agent.rollout-steps", "64", "--reward.initial-updates", "20", *settings.split()),
    )


@pytest.fixture(scope="session")
def true_reward_run(tmp_path_factory) -> Path:
    """A tiny run that trained on the true reward."""
    return _trained(tmp_path_factory, "debug", "--true-reward", "--total-steps", "1024")


@pytest.fixture(scope="session")
def fingerprint() -> Callable[[Path], dict[str, str]]:
    """What a run has come to, as hashes by its parts: see tests/fingerprint.py."""
    return runpy.run_path(str(Path(__file__).with_name("fingerprint.py")))["fingerprint"]


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL server for the session: see tests/postgresql_server.py."""
    server_file = runpy.run_path(str(Path(__file__).with_name("postgresql_server.py")))
    if server_file["programs"]() is None:
        pytest.skip("PostgreSQL is not installed (Debian's package is postgresql)")
    pytest.importorskip("psycopg")
    server = server_file["PostgresqlServer"]()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgresql_url(postgresql_server) -> Iterator[str]:
    """The URL, with password, of an empty PostgreSQL database."""
    with postgresql_server.new_database() as url:
        yield url


def _trained(tmp_path_factory, *arguments: str) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "pbrl.cli", "train", *arguments, "--runs", str(runs)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return next(runs.iterdir())
