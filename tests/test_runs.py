import json
import resource
import signal
import subprocess
import sys

import pytest

from pbrl import runs
from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError, ConfigError, PbrlError
from pbrl.runs import Run, locked, new_run, write_whole

HOLD = """
import sys
from pathlib import Path
from pbrl.runs import Run, locked
with locked(Run(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_new_run_never_takes_a_folder_that_exists(tmp_path):
    names = [new_run(tmp_path / "runs", "Hopper").name for _ in range(3)]
    assert names == ["Hopper", "Hopper-2", "Hopper-3"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PbrlError, match="Could not write .*file/Hopper: Not a directory|exists"):
        new_run(file, "Hopper")


def test_settings_and_versions_are_written_and_read(tmp_path):
    run = new_run(tmp_path, "run")
    config = TrainConfig(seed=7)
    run.write_config(config)
    assert run.config() == config
    versions = json.loads((run.path / "versions.json").read_text())
    assert {"python", "pbrl", "torch", "mujoco"} <= set(versions)


def test_versions_that_a_run_began_with_are_kept(tmp_path, monkeypatch):
    run = new_run(tmp_path, "run")
    for version in ("1", "1", "2"):
        monkeypatch.setattr(runs, "installed_versions", lambda v=version: {"torch": v})
        run.write_config(TrainConfig())
    versions = json.loads((run.path / "versions.json").read_text())
    assert versions == {"torch": "2", "earlier": [{"torch": "1"}]}


def test_two_processes_cannot_hold_a_run_and_a_dead_one_lets_go(tmp_path):
    run = new_run(tmp_path, "run")
    command = [sys.executable, "-c", HOLD, str(run.path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match="Another process is training"), locked(run):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(run):
        pass


def test_a_folder_that_is_no_run_is_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="is not a run"):
        Run(tmp_path).config()


def test_damaged_settings_are_a_sentence(tmp_path):
    (tmp_path / "config.json").write_text('{"seed": 1')
    with pytest.raises(CheckpointError, match="damaged"):
        Run(tmp_path).config()
    (tmp_path / "config.json").write_text('{"seed": 1, "colour": "red"}')
    with pytest.raises(ConfigError, match=r"unknown colour and missing .*env, query"):
        Run(tmp_path).config()


def test_a_file_is_written_whole(tmp_path):
    file = tmp_path / "file"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_a_sentence_and_keeps_what_was_there(tmp_path):
    file = tmp_path / "file"
    write_whole(file, b"old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # a disk with 1000 bytes left
    try:
        with pytest.raises(PbrlError, match="Could not write .* What was saved before is intact"):
            write_whole(file, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_bytes() == b"old"
