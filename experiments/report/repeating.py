"""Everything needed to do it again: commands, settings, versions."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from experiments.presets import PRESETS, settings_for
from experiments.report.conditions import Condition, setting
from experiments.report.markup import Markup, element, joined, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import Recorded
from experiments.sweeps.cells import words_of
from pbrl.config import TrainConfig, differing_fields

WITHOUT_OPTION = {"env.env_id", "store_run", "annotator", "teacher"}
"""Settings that the preset, the store or another option chooses."""
OWN_OPTION = {
    "store": "--store",
    "look_for": "--look-for",
    "labels_from": "--labels",
    "query.max_lag": "--max-lag",
    "query.overlap": "--overlap",
}
"""Settings that `pbrl train` takes under a name of their own."""


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section."""
    runs = [run for one in conditions for run in one.runs]
    parts = [
        paragraphs(
            "These commands train the runs anew. On a processor, with the same versions, those of "
            "synthetic annotators come to the same numbers; labels of people do not come again."
        ),
        element("pre", "\n".join(dict.fromkeys(command(run.config) for run in runs))),
        element("h3", "Versions"),
        *_versions(runs),
        element("h3", "Settings"),
        *(_settings(run) for run in runs),
    ]
    return Section("again", "To do it again", joined(parts))


def command(config: TrainConfig) -> str:
    """Returns the command that trains with these settings."""
    name, base = _nearest(config)
    words = ["pbrl", "train", *([name] if name in PRESETS else ["--env", name])]
    asker = config.teacher if config.annotator == "teacher" else config.annotator
    if (config.annotator, config.teacher) != (base.annotator, base.teacher):
        words += ["--annotator", asker]
    for field in differing_fields(base, config):
        if field not in WITHOUT_OPTION:
            words += _option(field, setting(config, field))
    return shlex.join(words)


def _nearest(config: TrainConfig) -> tuple[str, TrainConfig]:
    """Returns the preset of the task that differs least, or the task's id, and its settings."""
    env_id = config.env.env_id
    named = {name: one for name, one in PRESETS.items() if one.env.env_id == env_id}
    if named:
        name = min(named, key=lambda one: len(differing_fields(named[one], config)))
        return name, named[name]
    base = settings_for(env_id)
    return env_id, replace(base, env=replace(base.env, env_id=env_id))


def _option(field: str, value: Any) -> Iterator[str]:
    """Yields a setting as words of the command line."""
    if (field, value) == ("reward_source", "true"):
        yield "--true-reward"
        return
    yield OWN_OPTION.get(field, "--" + field.replace("_", "-"))
    yield from words_of(value)


def _versions(runs: Sequence[Recorded]) -> Iterator[Markup]:
    """Yields a table for each set of versions, and the runs that it is of."""
    by_versions: dict[str, list[Recorded]] = {}
    for run in runs:
        by_versions.setdefault(json.dumps(run.versions), []).append(run)
    for text, of_versions in by_versions.items():
        if len(by_versions) > 1:
            yield element("p", ", ".join(run.run.name for run in of_versions), class_="small")
        versions = json.loads(text)
        if not versions:
            yield element("p", "The runs have no versions.json.", class_="note")
            continue
        rows = [(name, _words(version)) for name, version in versions.items()]
        yield table(("package", "version"), rows, words=2)


def _words(version: Any) -> str:
    """Returns a version; `earlier` ones, of a run that went on, are listed as they were saved."""
    return version if isinstance(version, str) else json.dumps(version)


def _settings(run: Recorded) -> Markup:
    summary = element("summary", f"config.json of {run.run.name}")
    return element("details", summary, element("pre", run.config.to_json()))
