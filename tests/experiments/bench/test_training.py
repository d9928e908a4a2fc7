"""What is to be trained can be trained, in the short trials for the best settings too."""

import pytest

from experiments.bench.drivers.pbrl_preferences import configured
from experiments.bench.extent import LEAST_STEPS, Extent
from experiments.bench.training import preferences
from pbrl.cli.assembly import describe_task
from pbrl.cli.checks import check_config


@pytest.mark.parametrize("steps", [LEAST_STEPS, 1_000_000])
def test_runs_with_labels_and_their_trials_have_settings_that_work(steps: int):
    (scene,) = preferences(Extent(steps, tiny=False))
    ours = next(one for one in scene.contenders if one.name == "pbrl")
    trials = [{**ours.settings, **variant, **ours.trial} for variant in ours.variants]
    assert len(trials) == 2
    for settings in (ours.settings, *trials):
        config = configured(dict(settings))
        check_config(config, describe_task(config.env.env_id))
    assert {settings["steps"] for settings in trials} == {LEAST_STEPS}
