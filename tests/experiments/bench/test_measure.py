import sys
from pathlib import Path

from experiments.bench.measure import (
    Contender,
    Figure,
    Measurement,
    Scene,
    fastest,
    outcomes,
    ratio,
    value,
)


def measured(contender, repeat, number, scene="a run"):
    return Measurement("ppo", scene, contender, repeat, number, "steps/s", {}, {})


def scene(*figures):
    return Scene("ppo", "a run", "steps/s", (), figures)


def test_ratios_are_of_the_same_repeat_by_hand():
    """12 / 3, 10 / 5 and 9 / 3: the median is 3, where that of the medians would be 10 / 3."""
    both = [measured("ours", i, v) for i, v in enumerate((12, 10, 9))]
    both += [measured("peer", i, v) for i, v in enumerate((3, 5, 3))]
    (found,) = outcomes(scene(Figure("ours / peer", ratio("ours", "peer"), 3.5)), both)
    assert found.per_repeat == (4, 2, 3)
    assert found.median == 3
    assert found.reached is False


def test_a_repeat_that_is_not_whole_has_no_ratio():
    begun = [measured("ours", 0, 8), measured("peer", 0, 2), measured("ours", 1, 9)]
    (found,) = outcomes(scene(Figure("ours / peer", ratio("ours", "peer"))), begun)
    assert found.per_repeat == (4,)
    assert found.reached is None
    assert outcomes(scene(Figure("ours / peer", ratio("ours", "peer"))), begun[2:]) == []


def test_other_scenes_do_not_count():
    both = [measured("ours", 0, 8), measured("ours", 0, 80, scene="another run")]
    (found,) = outcomes(scene(Figure("ours", value("ours"), at_most=10)), both)
    assert found.per_repeat == (8,)
    assert found.reached is True


def test_the_fastest_variant_is_taken_and_trials_are_short(drivers):
    variants = ({"threads": 1, "number": 5}, {"threads": 2, "number": 7})
    contender = Contender("echo", "echo", {"steps": 100}, variants, {"steps": 10})
    tuned, tried = fastest(contender, Path(sys.executable))
    assert tuned.settings == {"steps": 100, "threads": 2, "number": 7}
    assert [one["value"] for one in tried] == [5, 7]
