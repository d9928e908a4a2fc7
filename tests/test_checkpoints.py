import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from pbrl.checkpoints import latest_checkpoint, save_checkpoint, to_arrays, to_tensors
from pbrl.errors import CheckpointError, PbrlError
from pbrl.runs import Run


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def save(run, steps, value=0.0):
    def save_agent(file):
        file.write(b"agent %d" % steps)

    return save_checkpoint(run, steps, save_agent, {"value": torch.tensor(value)})


def silent(_):
    raise AssertionError("no checkpoint is damaged")


def test_the_newest_is_found_and_reads_back(run):
    assert latest_checkpoint(run, silent) is None
    save(run, 900, 1.0)
    save(run, 1000, 2.0)
    found = latest_checkpoint(run, silent)
    assert found.steps == 1000
    assert found.state()["value"] == 2.0
    assert found.agent.read_bytes() == b"agent 1000"


def test_only_the_newest_are_kept(run):
    for steps in (1, 2, 3, 10):
        save(run, steps)
    assert sorted(p.name for p in run.checkpoints.iterdir()) == [
        "step_000000000003",
        "step_000000000010",
    ]


@pytest.mark.parametrize("name", ["agent.zip", "state.pt", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "missing"])
def test_a_damaged_one_gives_way_to_the_one_before_and_it_says_so(run, name, damage):
    save(run, 1)
    newest = save(run, 2)
    file = newest.path / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(content[:-1] if damage == "cut" else bytes([content[0] ^ 1]) + content[1:])
    said = []
    assert latest_checkpoint(run, said.append).steps == 1
    assert "step_000000000002 is damaged" in said[0]


def test_when_all_are_damaged_it_says_so(run):
    (save(run, 1).path / "state.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="All 1 checkpoints"):
        latest_checkpoint(run, lambda _: None)


def test_one_that_was_being_written_when_the_process_died_is_no_checkpoint(run):
    save(run, 1)
    half = run.checkpoints / ".draft_000000000002"
    half.mkdir()
    (half / "agent.zip").write_bytes(b"half")
    assert latest_checkpoint(run, silent).steps == 1
    save(run, 3)
    assert not half.exists()


def test_a_full_disk_is_a_sentence_and_leaves_the_earlier_one(run):
    save(run, 1)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # a disk with 1000 bytes left
    try:
        with pytest.raises(PbrlError, match="step_000000000002: File too large"):
            save(run, 2, value=np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert latest_checkpoint(run, silent).steps == 1
    assert not list(run.checkpoints.glob(".draft_*"))


def test_one_of_the_same_step_takes_the_place_of_the_older_one(run):
    save(run, 1, 1.0)
    save(run, 1, 2.0)
    assert latest_checkpoint(run, silent).state()["value"] == 2.0
    assert [p.name for p in run.checkpoints.iterdir()] == ["step_000000000001"]


def test_when_the_process_dies_between_two_of_the_same_step_the_older_one_is_there(
    run, monkeypatch
):
    save(run, 1, 1.0)
    save(run, 2, 2.0)
    replace = Path.replace

    def dies(path, target):
        if path.name.startswith(".draft"):
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", dies)
        save(run, 2, 3.0)
    found = latest_checkpoint(run, silent)
    assert (found.steps, float(found.state()["value"])) == (2, 2.0)
    save(run, 2, 4.0)
    assert float(latest_checkpoint(run, silent).state()["value"]) == 4.0
    assert sorted(p.name[-1] for p in run.checkpoints.iterdir()) == ["1", "2"]


def test_damaged_ones_do_not_push_out_those_that_are_whole(run):
    for steps in (1, 5):
        save(run, steps)
    (run.checkpoints / "step_000000000005" / "state.pt").write_bytes(b"")
    assert latest_checkpoint(run, lambda _: None).steps == 1
    save(run, 2)
    assert latest_checkpoint(run, silent).steps == 2
    assert sorted(p.name[-1] for p in run.checkpoints.iterdir()) == ["1", "2"]


def test_arrays_travel_as_tensors():
    tree = {"a": {"b": np.arange(3)[::-1], "c": 1}, "d": "text", "e": np.array(5)}
    tensors = to_tensors(tree)
    assert torch.is_tensor(tensors["a"]["b"])
    back = to_arrays(tensors)
    np.testing.assert_array_equal(back["a"]["b"], [2, 1, 0])
    assert (back["a"]["c"], back["d"], int(back["e"])) == (1, "text", 5)
