from dataclasses import replace

import pytest

from experiments.sweeps.collecting import collect
from experiments.sweeps.outcomes import read_outcomes
from pbrl.errors import PbrlError


def test_finished_runs_are_written_and_others_left_out(finish, cell, tmp_path):
    other = replace(cell, seed=2)
    finish(cell, tmp_path)
    path = tmp_path / "results/out.csv"
    outcomes = collect([cell, other], tmp_path, path)
    assert [one.seed for one in outcomes] == [1]
    assert read_outcomes(path) == outcomes


def test_what_the_file_held_of_other_runs_stays(finish, cell, tmp_path):
    other = replace(cell, seed=2)
    finish(cell, tmp_path / "here")
    finish(other, tmp_path / "there")
    finish(cell, tmp_path / "anew", returns=[5.0])
    path = tmp_path / "out.csv"
    for one, folder in ((cell, "here"), (other, "there"), (cell, "anew")):
        collect([one], tmp_path / folder, path)
    assert [(one.seed, one.mean_return) for one in read_outcomes(path)] == [(1, 5.0), (2, 2.0)]


def test_no_finished_run_is_a_sentence(cell, tmp_path):
    with pytest.raises(PbrlError, match="None of the 1 runs in .* is finished"):
        collect([cell], tmp_path, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_runs_of_other_lengths_are_not_put_beside(finish, cell, tmp_path):
    longer = replace(cell, steps=40_960)
    finish(cell, tmp_path)
    finish(longer, tmp_path)
    path = tmp_path / "out.csv"
    collect([cell], tmp_path, path)
    before = path.read_text()
    with pytest.raises(PbrlError, match="debug of 20,480 steps, and these are to have 40,960"):
        collect([longer], tmp_path, path)
    assert path.read_text() == before


@pytest.mark.parametrize("content", ["task,seed\nHopper,1\n", "\x00\n1\n"])
def test_results_of_another_version_are_refused(finish, cell, tmp_path, content):
    finish(cell, tmp_path)
    path = tmp_path / "out.csv"
    path.write_text(content)
    with pytest.raises(PbrlError, match="not written by this version of pbrl, or is damaged"):
        collect([cell], tmp_path, path)
    assert path.read_text() == content


def test_a_file_that_was_cut_is_refused(finish, cell, tmp_path):
    finish(cell, tmp_path)
    path = tmp_path / "out.csv"
    collect([cell], tmp_path, path)
    heading, line = path.read_text().splitlines()
    path.write_text(f"{heading}\n{line[:15]}")
    with pytest.raises(PbrlError, match="or is damaged"):
        collect([cell], tmp_path, path)


def test_files_that_are_no_sweep_s_are_not_written_over(finish, cell, tmp_path):
    finish(cell, tmp_path)
    notes = tmp_path / "notes.csv"
    notes.write_text("my own notes\n")
    with pytest.raises(PbrlError, match="its first line is 'my own notes'"):
        collect([cell], tmp_path, notes)
    assert notes.read_text() == "my own notes\n"
    (tmp_path / "other.md").write_text("mine")
    with pytest.raises(PbrlError, match="is not a sweep's"):
        collect([cell], tmp_path, tmp_path / "other.csv")
