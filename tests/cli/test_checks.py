"""Settings that cannot work are refused, each with its name, what it is, and what it may be."""

import dataclasses
import math
from operator import attrgetter

import pytest
import torch

import envs
from experiments.presets import PRESETS
from pbrl.cli.checks import check_config, clip_steps
from pbrl.config import TrainConfig
from pbrl.errors import ConfigError
from pbrl.ranges import RANGES


def changed(config, **fields):
    """Returns settings changed; `query__label_budget=4` reaches into a part."""
    for name, value in fields.items():
        part, _, inner = name.partition("__")
        if inner:
            value = dataclasses.replace(getattr(config, part), **{inner: value})
        config = dataclasses.replace(config, **{part: value})
    return config


def check(config):
    check_config(config, envs.describe(config.env.env_id))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_passes(preset):
    check(PRESETS[preset])


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, "many"])
def test_a_number_out_of_its_range_is_named(name, wrong):
    value = attrgetter(name)(TrainConfig())
    given = (64, wrong) if isinstance(value, tuple) else wrong
    config = changed(TrainConfig(), **{name.replace(".", "__"): given})
    option = "--" + name.replace("_", "-")
    with pytest.raises(ConfigError, match=f"{option} is {wrong}, but must be"):
        check(config)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"query__label_budget": 31, "query__initial_fraction": 0.2}, "31 labels leaves 6 for the"),
        ({"query__segment_seconds": 1000.0}, "20000 steps, but an episode of .* has 1000"),
        ({"query__segment_seconds": 0.001}, "between 0.05 and 50"),
        ({"total_steps": 2000}, "A rollout has 2048 steps .* the whole run 2000"),
        ({"total_steps": 16_384}, "no rollout would be left to learn from"),
        ({"query__buffer_steps": 16_000}, "must hold the 16384 steps of the first clips"),
        ({"query__segment_seconds": 50.0}, "hold 16 clips of 1000 steps, too few for 175"),
        ({"env__num_envs": 1024, "agent__rollout_steps": 16}, "hold 0 clips of 30 steps"),
        ({"env__num_envs": 1, "agent__rollout_steps": 1}, "a rollout needs at least 2"),
        ({"reward__l2_ratio_low": 2.1}, "l2-ratio-low is 2.1, but must be below .* 2.0"),
        ({"env__true_reward": False}, "can only be judged by people"),
        ({"env__true_reward": False, "reward_source": "true"}, "can only be judged by people"),
    ],
)
def test_settings_that_cannot_work_together(fields, says):
    with pytest.raises(ConfigError, match=says):
        check(changed(PRESETS["HalfCheetah"], **fields))


def test_the_budget_that_is_asked_for_is_enough():
    config = changed(PRESETS["HalfCheetah"], query__label_budget=29)
    with pytest.raises(ConfigError, match="to 32 or more"):
        check(config)
    check(changed(config, query__label_budget=32))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device here")
def test_a_device_that_is_not_there(refused):
    assert "torch finds no such device" in refused("train debug --device cuda")


def test_clips_are_cut_at_the_rate_at_which_they_are_shown():
    for preset, steps in (("Hopper", 60), ("Walker2d", 45), ("HalfCheetah", 30), ("Reacher", 15)):
        assert clip_steps(PRESETS[preset], envs.describe(f"pbrl/{preset}-v0")) == steps
