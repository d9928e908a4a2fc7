"""How the work of a run is counted, by hand."""

from dataclasses import replace

import pytest

from experiments.bench.drivers.limits import parameters, products, work_of
from experiments.presets import PRESETS


def test_a_network_by_hand():
    assert products([3, 4, 2]) == 2 * (12 + 8)
    assert parameters([3, 4, 2]) == 16 + 10


@pytest.fixture
def config():
    """HalfCheetah (17 observed, 6 actions, pairs of 60 steps), one rollout for clips, two more."""
    preset = PRESETS["HalfCheetah"]
    return replace(
        preset,
        agent=replace(preset.agent, hidden_sizes=(2,), epochs=3),
        reward=replace(preset.reward, hidden_sizes=(2,), updates=50, initial_updates=100),
        query=replace(preset.query, initial_steps=2048, every_steps=2048, label_budget=40),
        total_steps=6144,
    )


def test_the_work_of_a_run_by_hand(config):
    work = work_of(config)
    forward = 2 * (17 * 2 + 2 * 6) + 2 * (17 * 2 + 2 * 1)
    assert work["acting"]["flops"] == 6144 * 2 * forward
    assert work["learning"]["flops"] == 2 * 2048 * 3 * 3 * forward
    weights = (18 * 2 + 3 * 6) + (18 * 2 + 3 * 1)
    assert work["learning"]["bytes"] == 2 * 3 * 32 * 28 * weights


def test_the_work_of_fitting_by_hand(config):
    """A first fit of 100 updates on 10 labels, then two of 50, on 25 and on 40."""
    row = 3 * 2 * (23 * 2 + 2 * 1)
    seen = 10 * (2 + 2) + 25 * (1 + 2) + 40 * (1 + 2)
    fitting = work_of(config)["fitting"]
    assert fitting["flops"] == (200 * 16 * 3 + seen) * 60 * row
    assert fitting["bytes"] == 200 * 28 * 3 * (24 * 2 + 3 * 1)
