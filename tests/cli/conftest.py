"""The command line, run in this process or as a process of its own."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pbrl.agents import preference_ppo
from pbrl.cli import main
from pbrl.reward import ensemble

TINY = (
    "--total-steps 1024 --agent.rollout-steps 32 --query.initial-steps 512 "
    "--query.label-budget 32 --reward.initial-updates 20"
)


@dataclass(frozen=True)
class Outcome:
    """What a command line came to."""

    code: int
    out: str
    """Standard output, lines joined: the console breaks long sentences."""
    err: str
    """The same of standard error."""


@pytest.fixture
def pbrl(capsys):
    """Returns a function that runs a command line here and returns its outcome."""

    def run(line: str) -> Outcome:
        try:
            code = main(line.split())
        except SystemExit as stopped:  # argparse and tyro leave this way
            code = stopped.code
        printed = capsys.readouterr()
        return Outcome(code, *(" ".join(text.split()) for text in printed))

    return run


@pytest.fixture
def refused(pbrl):
    """Returns a function that runs a command line that must be refused, and what it says."""

    def run(line: str) -> str:
        outcome = pbrl(line)
        assert outcome.code == 2
        assert outcome.err.startswith("pbrl: ")
        assert outcome.err.endswith(".") or outcome.err.endswith("?")
        return outcome.err

    return run


@pytest.fixture
def tiny() -> str:
    """Settings of a run of a few rollouts, to follow a preset or a task."""
    return TINY


@pytest.fixture
def start():
    """Returns a function that starts `pbrl` as a process, which is killed if it still runs."""
    processes = []

    def begin(line: str) -> subprocess.Popen:
        command = [sys.executable, "-u", "-m", "pbrl.cli", *line.split()]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def finished_run(debug_run, tmp_path) -> Path:
    """A copy of the run of `pbrl train debug`, to do with as one likes."""
    return Path(shutil.copytree(debug_run, tmp_path / "finished"))


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """Runs agent and predictors as they are written where a test runs them in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (preference_ppo, ensemble):
            patch.setattr(module, "compile_function", lambda function: function)
        yield
