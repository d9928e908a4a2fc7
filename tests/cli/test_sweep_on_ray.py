"""`pbrl sweep` on a real Ray of this machine, its worker or machine killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.sweeps.outcomes import read_outcomes

ENDLESS = "debug --labels 40 --set checkpoint_steps=4096 --episodes 5 --steps 40960000"
SETTINGS = ENDLESS.removesuffix("000")


def test_a_cluster_without_a_shared_folder_is_refused(refused):
    assert "--ray needs --shared DIR" in refused("sweep debug --ray auto")
    assert "--shared is for a Ray cluster" in refused("sweep debug --shared x")
    assert "--gpus is for a Ray cluster" in refused("sweep debug --gpus 1")


def trainer_of(shared):
    """Returns the process that trains for a sweep, and the worker that started it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
            environment = (folder / "environ").read_text()
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has ended
            continue
        if "pbrl.cli" in words and "train" in words and f"TMPDIR={shared}-own\0" in environment:
            return int(folder.name), int(parent)
    return None


def wait_until(holds):
    for _ in range(1200):
        if found := holds():
            return found
        time.sleep(0.1)
    pytest.fail("It did not come about.")


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """The shared folder of a cluster whose machine has a disk of its own."""
    pytest.importorskip("ray")
    own = tmp_path / "shared-own"
    own.mkdir()
    monkeypatch.setenv("TMPDIR", str(own))
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")  # its sockets need short names
    return tmp_path / "shared"


@pytest.mark.slow
@pytest.mark.parametrize("options", ["--gpus 1", "--threads 4096"])
def test_what_no_machine_could_take_is_refused(refused, shared, options):
    sentence = refused(f"sweep debug --ray local --shared {shared} {options}")
    assert "which no machine of the cluster has" in sentence
    assert not list(shared.rglob("*"))


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_comes_to_the_same_end(start, pbrl, shared, tmp_path):
    process = start(f"sweep {SETTINGS} --ray local --jobs 1 --shared {shared}")
    wait_until(lambda: list(shared.rglob("checkpoints/step_*")) or process.poll() is not None)
    trainer, worker = wait_until(lambda: trainer_of(shared))
    os.kill(worker, signal.SIGKILL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "1 run: 1 finished" in out
    (log,) = shared.rglob("log.txt")
    resumed = [line for line in log.read_text().splitlines() if line.startswith("Going on with")]
    assert len(resumed) == 1 and " from step " in resumed[0]
    assert not Path(f"/proc/{trainer}").exists()
    (row,) = read_outcomes(shared / "outcomes.csv")
    assert (row.steps, row.episodes) == (40_960, 5)

    assert pbrl(f"sweep {SETTINGS} --runs {tmp_path / 'alone'}").code == 0
    returns = [
        json.loads(next(folder.rglob("evaluation.json")).read_text())["returns"]
        for folder in (shared, tmp_path / "alone")
    ]
    assert returns[0] == returns[1]


TWO_MACHINES = """
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
machines = [cluster.add_node(num_cpus=1) for _ in range(2)]
print(cluster.address, flush=True)
dies = int(input())
for machine in machines:
    if any(one.process.pid == dies for one in machine.all_processes["raylet"]):
        cluster.remove_node(machine, allow_graceful=False)
        print("removed", flush=True)
input()
cluster.shutdown()
"""


@pytest.mark.slow
def test_a_run_whose_machine_dies_goes_on_at_another(start, shared):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", TWO_MACHINES]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as cluster:
        address = cluster.stdout.readline().strip()
        process = start(f"sweep {SETTINGS} --ray {address} --jobs 1 --shared {shared}")
        wait_until(lambda: list(shared.rglob("checkpoints/step_*")) or process.poll() is not None)
        _, worker = wait_until(lambda: trainer_of(shared))
        machine = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1]
        cluster.stdin.write(f"{machine}\n")
        cluster.stdin.flush()
        assert cluster.stdout.readline() == "removed\n"
        _, err = process.communicate(timeout=200)
        cluster.communicate("\n", timeout=60)
    assert process.returncode == 0, err
    (log,) = shared.rglob("log.txt")
    assert log.read_text().count("Going on with") == 1
    assert [row.steps for row in read_outcomes(shared / "outcomes.csv")] == [40_960]


@pytest.mark.slow
def test_ctrl_c_stops_runs_of_a_cluster_with_what_they_have_done(start, shared):
    process = start(f"sweep {ENDLESS} --ray local --jobs 1 --shared {shared}")
    wait_until(lambda: list(shared.rglob("checkpoints/step_*")) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    assert "1 run: 1 stopped" in out
    (log,) = shared.rglob("log.txt")
    stopped = next(ln for ln in log.read_text().splitlines() if ln.startswith("Stopped at step"))
    steps = int(stopped.removeprefix("Stopped at step ").partition(".")[0].replace(",", ""))
    assert list(shared.rglob(f"step_{steps:012d}"))
    assert trainer_of(shared) is None
