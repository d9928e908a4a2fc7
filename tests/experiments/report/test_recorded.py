"""What is read of a run, and what is said of a folder that cannot be reported on."""

import json

import numpy as np
import pytest

from experiments.report.recorded import CORRELATION, LABELS, TRUE_RETURN, read_run
from pbrl.errors import PbrlError


def refused(folder):
    with pytest.raises(PbrlError) as error:
        read_run(folder)
    return str(error.value)


def test_a_run_is_read(debug_run):
    found = read_run(debug_run)
    assert found.steps[-1] == 20_480
    assert found.metric(LABELS)[-1] == found.last(LABELS) == 40
    assert np.isnan(found.metric(CORRELATION)[0])
    assert found.last(TRUE_RETURN) > 0
    assert (found.finished, found.standing, found.asks) == (True, "finished", True)
    assert "torch" in found.versions
    assert np.isnan(found.last("no/such"))


def test_an_unfinished_run_says_how_far_it_came(changed):
    found = read_run(changed(lines=10))
    assert not found.finished
    assert found.standing == "unfinished: 5,120 of 20,480 steps"


def test_versions_may_be_missing(changed):
    folder = changed()
    (folder / "versions.json").unlink()
    assert read_run(folder).versions == {}


def test_no_run(tmp_path):
    assert "is not a run" in refused(tmp_path)
    assert "is not a run" in refused(tmp_path / "nowhere")


def test_no_metrics_yet(changed):
    assert "no metrics yet" in refused(changed(lines=0))


def test_damaged_metrics(changed):
    folder = changed()
    (folder / "metrics.jsonl").write_text('{"time/total_timesteps": 1\n{}\n')
    assert "is damaged" in refused(folder)
    (folder / "metrics.jsonl").write_text("{}\n")
    assert "is damaged" in refused(folder)


def test_another_version(changed):
    folder = changed()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"unheard_of": 1}))
    assert "another version" in refused(folder)
