"""Facts to and from what a line of a file holds, checked field by field."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pbrl.errors import StoreError

Fact = TypeVar("Fact")

LINE = "line"
"""The field of a fact that says where it stood; no file holds it."""


def names(cls: type) -> list[str]:
    """Returns the fields that a file holds of a fact."""
    return [field.name for field in dataclasses.fields(cls) if field.name != LINE]


def to_values(fact: Any) -> dict[str, Any]:
    """Returns a fact's fields by name, ready for JSON."""
    return {name: getattr(fact, name) for name in names(type(fact))}


def to_cells(fact: Any) -> dict[str, str]:
    """Returns a fact's fields by name, as text for a table: nothing for None."""
    return {name: _cell(value) for name, value in to_values(fact).items()}


def from_values(cls: type[Fact], values: Mapping[str, Any], line: int) -> Fact:
    """Returns a fact from the fields of a JSON object.

    Raises:
        StoreError: A field is missing, unknown, or not of its type, which names the line.
    """
    hints = typing.get_type_hints(cls)
    check_names(set(values), set(names(cls)), line)
    checked: dict[str, Any] = {}
    for name in names(cls):
        try:
            checked[name] = _checked(values[name], hints[name])
        except ValueError as error:
            raise refusal(line, f"{name} is {_short(values[name])}, expected {error}") from None
    return cls(**checked | {LINE: line})


def from_cells(cls: type[Fact], cells: Mapping[str, str], line: int) -> Fact:
    """Returns a fact from the cells of a row of a table.

    Raises:
        StoreError: A cell is not of its field's type, which names the line.
    """
    hints = typing.get_type_hints(cls)
    return from_values(cls, {n: _parsed(text, hints[n]) for n, text in cells.items()}, line)


def check_names(given: set[str], expected: set[str], line: int) -> None:
    """Raises StoreError unless the names of fields are those that are expected."""
    if given != expected:
        wrong = [f"no {n}" for n in sorted(expected - given)]
        wrong += [f"an unknown {n!r}" for n in sorted(map(str, given - expected))]
        raise refusal(line, f"it has {', '.join(wrong)}")


def refusal(line: int, reason: str) -> StoreError:
    """Returns the error that names a line and says what is wrong with it."""
    where = f"Line {line}: " if line else ""
    return StoreError(f"{where}{reason}. Nothing was imported.")


def _checked(value: Any, hint: Any) -> Any:
    """Returns a value of the type; raises ValueError, which says what is expected."""
    if isinstance(hint, types.UnionType):
        inner = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return None if value is None else _checked(value, inner)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError("a list")
        return tuple(_checked(entry, typing.get_args(hint)[0]) for entry in value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError("a finite number")
        return float(value)
    if type(value) is not hint:
        expected = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
        raise ValueError(expected[hint])
    return value


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _parsed(text: str, hint: Any) -> Any:
    """Returns what a cell holds, as JSON would give it; text where it is not of the type."""
    if isinstance(hint, types.UnionType):
        inner = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return None if text == "" else _parsed(text, inner)
    if typing.get_origin(hint) is tuple:
        return text.split()
    if hint is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            return text
    return text


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
