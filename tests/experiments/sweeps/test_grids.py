import pytest

from experiments.presets import GAMES
from experiments.sweeps.grids import FIGURES, MUJOCO, figure
from pbrl.annotators import TEACHERS
from pbrl.cli.assembly import describe_task
from pbrl.cli.checks import clip_steps
from pbrl.cli.many_runs import check_cells
from pbrl.errors import ConfigError


def conditions(name):
    return [cell.condition for cell in FIGURES[name].cells(FIGURES[name].tasks[:1], [1])]


def test_figure_2_is_the_papers():
    cells = FIGURES["fig2"].cells()
    assert len(cells) == len(set(cells)) == 8 * 4 * 5
    assert {cell.task for cell in cells} == set(MUJOCO)
    assert conditions("fig2") == ["true reward", "350 labels", "700 labels", "1400 labels"]
    assert {cell.steps for cell in cells} == {1_000_000}


def test_the_games_figures_have_the_seven_games():
    for name in ("fig3", "fig6"):
        assert {cell.task for cell in FIGURES[name].cells()} == set(GAMES)
    assert conditions("fig3") == ["true reward", "3300 labels", "5500 labels", "10000 labels"]


def test_the_ablations_are_the_papers():
    of_both = ["random queries", "no ensemble", "no online queries", "no regularisation", "target"]
    for name, labels, own in (("fig5", 700, ["no segments"]), ("fig6", 5500, [])):
        variants = [f"{labels} labels, {variant}" for variant in of_both + own]
        assert conditions(name) == ["true reward", f"{labels} labels", *variants]


def test_each_ablation_changes_what_it_says():
    cells = FIGURES["fig5"].cells(["Walker2d"], [1])
    configs = {cell.variant: cell.config() for cell in cells}
    assert configs[""].query.acquisition == "disagreement"
    assert configs["random queries"].query.acquisition == "uniform"
    assert configs["no ensemble"].query.acquisition == "uniform"
    assert configs["no ensemble"].reward.ensemble_size == 1
    assert configs["no online queries"].query.initial_fraction == 1
    assert configs["no regularisation"].reward.l2_initial == 0
    assert configs["target"].feedback == "return"
    assert configs["no regularisation"].feedback == "comparison"


@pytest.mark.parametrize("task", MUJOCO)
def test_without_segments_a_clip_is_one_step(task):
    (cell,) = (c for c in FIGURES["fig5"].cells([task], [1]) if c.variant == "no segments")
    assert clip_steps(cell.config(), describe_task(cell.config().env.env_id)) == 1


def test_all_teachers_answer_700_labels_of_four_tasks():
    cells = FIGURES["teachers"].cells()
    with_labels = [cell for cell in cells if cell.labels is not None]
    assert {cell.config().teacher for cell in with_labels} == set(TEACHERS)
    assert len(with_labels) == 6 * 4 * 3


@pytest.mark.parametrize("name", FIGURES)
def test_every_run_can_be_trained(name):
    check_cells(FIGURES[name].cells(seeds=[1]))


def test_a_part_of_a_figure():
    cells = FIGURES["fig2"].cells(["Ant", "Hopper"], [7], 2000)
    assert [(c.task, c.seed, c.steps) for c in cells[::4]] == [
        ("Ant", 7, 2000),
        ("Hopper", 7, 2000),
    ]


def test_unknown_tasks_and_figures_are_refused():
    with pytest.raises(ConfigError, match="no figure 'fig22'. Did you mean fig2"):
        figure("fig22")
    with pytest.raises(ConfigError, match="no task 'Pong' in this figure"):
        FIGURES["fig2"].cells(["Pong"])
