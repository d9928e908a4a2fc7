import pytest

from experiments.presets import PRESETS
from experiments.sweeps.cells import Cell
from pbrl.cli.options import new_settings, parse
from pbrl.config import differing_fields
from pbrl.errors import ConfigError


def test_a_run_that_was_begun_is_gone_on_with(tmp_path):
    cell = Cell("Hopper", None, 3, 1000)
    assert "--true-reward" in cell.train_arguments(tmp_path)
    begun = cell.folder(tmp_path) / "Hopper-v0-true-seed3"
    begun.mkdir(parents=True)
    (begun / "config.json").write_text("{}")
    assert cell.train_arguments(tmp_path) == ["train", "--resume", str(begun), "--episodes=0"]


def test_the_folders_are_those_of_the_tables_that_there_are(tmp_path):
    """Runs that were made before are found by these names."""
    names = [Cell("Hopper", labels, 3, 1000).folder(tmp_path) for labels in (None, 700)]
    assert names == [tmp_path / "Hopper/true-reward-1000-3", tmp_path / "Hopper/700-labels-1000-3"]


def test_a_variant_stands_in_condition_and_folder(tmp_path):
    cell = Cell("Hopper", 700, 3, 1000, "random queries", (("query.acquisition", "uniform"),))
    assert cell.condition == "700 labels, random queries"
    assert cell.folder(tmp_path).name == "700-labels-random-queries-1000-3"


def test_rectangles_are_words_in_a_row(tmp_path):
    changes = (("env.blanks", ((5, 48, 10, 80), (0, 0, 5, 5))),)
    cell = Cell("Pong", 100, 4, 50_000, "x", changes)
    made = new_settings(*parse(cell.train_arguments(tmp_path)[1:]))
    assert made.env.blanks == changes[0][1]


@pytest.mark.parametrize("task", ["HalfCheetah", "Pong", "debug"])
@pytest.mark.parametrize(
    "changes",
    [(), (("reward.hidden_sizes", (32, 16)), ("agent.lr", 1e-4), ("teacher", "mistake"))],
)
@pytest.mark.parametrize("labels", [None, 100])
def test_pbrl_train_is_given_what_is_asked_for(tmp_path, task, changes, labels):
    """The settings that `pbrl train` makes of the arguments are the cell's; lag is for people."""
    cell = Cell(task, labels, 4, 50_000, "other", changes, threads=2)
    made = new_settings(*parse(cell.train_arguments(tmp_path)[1:]))
    assert set(differing_fields(made, cell.config())) <= {"query.max_lag"}
    assert (made.seed, made.total_steps, made.threads) == (4, 50_000, 2)
    assert made.reward_source == ("true" if labels is None else "preferences")
    if changes:
        assert made.reward.hidden_sizes == (32, 16) != PRESETS[task].reward.hidden_sizes


def test_an_unknown_task_is_refused():
    with pytest.raises(ConfigError, match="no preset 'Hoper'. Did you mean Hopper"):
        Cell("Hoper", 700, 1, 1000)
