"""The values that a number among the settings may have."""

import dataclasses

from pbrl.config import TrainConfig
from pbrl.ranges import RANGES, Range, out_of_range


def numbers(settings, prefix=""):
    """Returns the dotted names of all numbers among settings."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from numbers(value, f"{field.name}.")
        elif isinstance(value, int | float | tuple) and not isinstance(value, bool):
            yield prefix + field.name


def test_every_number_has_a_range():
    rectangles = {"env.blanks"}  # which are checked with the picture they lie in
    assert set(numbers(TrainConfig())) - rectangles == set(RANGES)


def test_ranges_by_hand():
    assert Range(0).holds(0) and not Range(0, above=True).holds(0)
    assert Range(0, 1).holds(1) and not Range(0, 1).holds(1.5)
    assert str(Range(2)) == "at least 2"
    assert not Range(0, 1, below=True).holds(1)
    assert str(Range(0, 1, above=True)) == "above 0 and at most 1"


def test_what_is_out_of_its_range_is_found_wherever_it_stands():
    good = TrainConfig()
    bad = dataclasses.replace(
        good, seed=-1, agent=dataclasses.replace(good.agent, hidden_sizes=(64, 0, 64))
    )
    assert not list(out_of_range(good))
    assert list(out_of_range(bad)) == [
        ("agent.hidden_sizes", 0, RANGES["agent.hidden_sizes"]),
        ("seed", -1, RANGES["seed"]),
    ]
