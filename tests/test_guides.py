"""The guides: what they say is done from top to bottom, in a folder of its own."""

import contextlib
import io
import json
import os
import re
import runpy
import shlex
import shutil
import sys
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import pbrl
from labeling_ui.place import Place, open_place
from pbrl.cli import main
from pbrl.cli.options import new_settings, parse
from pbrl.feedback import KINDS
from pbrl.query.acquisition import ACQUISITIONS

GUIDES = Path(__file__).resolve().parent.parent / "docs/guides"
RUN = "runs/HalfCheetah-v0-700labels-seed1"
"""The run that the guides begin with; a run of the preset `debug` takes its place here."""
TINY = (
    "--total-steps 2048 --query.initial-steps 1024 --agent.rollout-steps 64 "
    "--reward.initial-updates 20 --reward.updates 5"
)
"""Put after a command that trains: it overrules what the command says of these settings."""


@pytest.fixture
def here(debug_run, tmp_path, monkeypatch):
    """A folder of its own with a run; what a guide adds to lists and modules goes with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    shutil.copytree(debug_run, tmp_path / RUN)
    tables = [gymnasium.registry, KINDS, ACQUISITIONS, sys.modules]
    before = [dict(table) for table in tables]
    yield tmp_path
    for table, entries in zip(tables, before, strict=True):
        for added in table.keys() - entries.keys():
            if table is not sys.modules or Path(f"{added}.py").exists():
                del table[added]


def do(guide: str) -> None:
    """Does what a guide says: saves its files, runs its commands and its other blocks."""
    text = (GUIDES / guide).read_text()
    for language, block in re.findall(r"```(python|sh)\n(.*?)```", text, re.S):
        if named := re.match(r"# (\w+\.py)\n", block):
            Path(named[1]).write_text(block)
        elif language == "python":
            exec(compile(block, guide, "exec"), {})
        else:
            for command in block.splitlines():
                do_command(shlex.split(command))


def do_command(words: list[str]) -> None:
    """Runs one command in this process: starting another one takes seconds."""
    program, *arguments = words
    if program == "export":
        name, _, value = arguments[0].partition("=")
        assert name == "PYTHONPATH"
        sys.path.insert(0, os.path.abspath(value))
    elif program == "python":
        run_program(*in_little(arguments))
    else:
        assert program == "pbrl"
        run_pbrl(in_little(arguments))


def in_little(arguments: list[str]) -> list[str]:
    """Returns a command line, if it trains that of a tiny run; of a preset that of `debug`."""
    if "train" not in arguments or "human" in arguments:
        return arguments
    preset = arguments.index("train") + 1
    if not arguments[preset].startswith("-"):
        arguments = [*arguments[:preset], "debug", *arguments[preset + 1 :]]
    return [*arguments, *TINY.split()]


def run_program(file: str, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [file, *arguments])
        patch.syspath_prepend(Path.cwd())  # the folder of the program, as Python does
        try:
            runpy.run_path(file, run_name="__main__")
        except SystemExit as stopped:
            assert not stopped.code


def run_pbrl(arguments: list[str]) -> None:
    """Runs the command; one that needs a person is read and checked, or refused for a display."""
    if arguments[0] == "label":
        with contextlib.redirect_stderr(io.StringIO()) as said:
            assert main(arguments) == 2
        assert "needs a display" in said.getvalue()
    elif arguments[0] == "train" and "human" in arguments:
        assert new_settings(*parse(arguments[1:])).annotator == "human"
    else:
        assert main(arguments) == 0


def test_each_guide_has_a_test():
    tested = set(re.findall(r'^    do\("(.*?)"\)$', Path(__file__).read_text(), re.M))
    assert tested == {path.name for path in GUIDES.glob("*.md")}


def test_a_task_of_ones_own(here, capsys):
    do("your-own-task.md")
    assert "held-out answers" in capsys.readouterr().out
    assert (here / "hover.mp4").stat().st_size > 100
    (run,) = here.glob("runs/Hover-v0-*")
    place = Place(run / "labels.db", folder=run.name)
    store, opened = open_place(place, "anna", "viewer", lambda news: None, threading.Event())
    with contextlib.closing(store):
        assert (opened.news.task, opened.news.fps) == ("Hover", 20.0)
        assert "white line" in opened.news.look_for


def test_an_acquisition_function_of_ones_own(here, capsys):
    do("your-own-acquisition-function.md")
    assert re.search(r"^even: return .* held out even/Inv", capsys.readouterr().out, re.M)
    (run,) = here.glob("even/*")
    assert '"acquisition": "even"' in (run / "config.json").read_text()
    assert main(["train", "--resume", str(run), "--total-steps", "2560"]) == 0


def test_a_kind_of_feedback_of_ones_own(here, capsys):
    do("your-own-kind-of-feedback.md")
    printed = capsys.readouterr().out
    assert "60 ratings" in printed
    assert float(re.search(r"unseen clips: (-?\d\.\d\d)", printed)[1]) > 0.5

    kind = KINDS["stars"]
    returns = np.linspace(-40, 40, 9)[:, None]  # (9, 1): the same clip under nine predictors
    every = kind.targets([1, 2, 3, 4, 5])
    logs = np.stack([kind.log_likelihood(returns, one, 0.1) for one in every])
    np.testing.assert_allclose(np.exp(logs).sum(0), 1, rtol=1e-6)
    by_hand = kind.log_likelihood(np.array([[0.0]]), kind.targets([3]), 0.1)  # 1/(1+1/e) - 1/(1+e)
    np.testing.assert_allclose(np.exp(by_hand), 0.9 * np.tanh(0.5) + 0.1 / 5, rtol=1e-6)
    assert kind.correct(np.array([[9.0], [0.0]]), kind.targets([5, 5])).tolist() == [1.0, 0.5]


def test_a_label_study(here, capsys):
    do("a-label-study.md")
    assert "Krippendorff's alpha among all" in capsys.readouterr().out
    found = json.loads((here / "study.json").read_text())
    people = {one["annotator"]: one for one in found["annotators"]}
    assert set(people) == {"anna", "ben", "carla"}
    assert all(one["gold"]["of"] == 6 and one["with_self"]["of"] == 10 for one in people.values())
    assert people["anna"]["with_others"] > people["carla"]["with_others"]
    assert found["shared_pairs"] == people["anna"]["labels"]
    (frozen,) = here.glob("runs/*-frozen-*")
    assert pbrl.load_reward(frozen).env_id == "pbrl/InvertedPendulum-v0"
