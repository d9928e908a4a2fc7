"""A run's settings, read back from its `config.json`."""

import dataclasses
import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.errors import ConfigError
from pbrl.ranges import out_of_range

_PARTS = {"env": EnvConfig, "agent": AgentConfig, "reward": RewardConfig, "query": QueryConfig}
_ALWAYS = {TrainConfig: {*_PARTS, "seed"}, EnvConfig: {"env_id"}}
"""Fields that every version writes."""


def read_settings(text: str, where: str = "config.json") -> TrainConfig:
    """Reads what `TrainConfig.to_json` wrote, in this version or an earlier one.

    A field that is missing was not there yet, and has its default: a new setting's default is what
    was done before there was a choice.

    Args:
        text: JSON.
        where: What the messages call it.

    Raises:
        json.JSONDecodeError: It is no JSON.
        ConfigError: A field is unknown or has a value that it cannot have, or a whole part is
            missing; the message names it.
    """
    config = _build(TrainConfig, json.loads(text), where)
    for name, value, allowed in out_of_range(config):
        raise ConfigError(f"{where} holds {value} as {name}, but it must be {allowed}.")
    return config


def _tuples(value: Any) -> Any:
    """Returns lists of any depth as tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _build(cls: type, values: dict[str, Any], where: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{where} holds {json.dumps(values)} where settings are expected.")
    names = {f.name for f in dataclasses.fields(cls)}
    unknown, missing = set(values) - names, _ALWAYS.get(cls, set()) - set(values)
    differing = {"unknown": unknown, "missing": missing}
    named = [f"{how} {', '.join(sorted(ones))}" for how, ones in differing.items() if ones]
    if named:
        raise ConfigError(
            f"{where} was written by another version: {' and '.join(named)}. Use the version named "
            "in the run's versions.json, or start a new run."
        )
    parts: dict[str, Any] = {name: _tuples(value) for name, value in values.items()}
    for name in set(parts) & set(_PARTS) if cls is TrainConfig else ():
        parts[name] = _build(_PARTS[name], parts[name], f"{where}, part {name!r},")
    hints = get_type_hints(cls)
    for name, value in parts.items():
        if not _is_of(hints[name], value):
            raise ConfigError(
                f"{where} holds {json.dumps(value)} as {name}, which is no value of that setting. "
                "`pbrl train debug --settings` lists the settings with their types."
            )
    return cls(**parts)


def _is_of(hint: Any, value: Any) -> bool:
    """Returns whether a setting of this type can have this value."""
    if isinstance(hint, type) and not get_args(hint):
        types = (int, float) if hint is float else hint
        return isinstance(value, types) and isinstance(value, bool) == (hint is bool)
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is not tuple:  # one of several
        return any(_is_of(one, value) for one in get_args(hint))
    inner = get_args(hint)
    if not isinstance(value, tuple):
        return False
    if inner[-1] is Ellipsis:
        inner = inner[:1] * len(value)
    return len(inner) == len(value) and all(map(_is_of, inner, value))
