"""The wheel: what is in it, and that it works outside the repository.

The wheel is installed into two environments of its own. At the "desk" there is nothing but the
wheel and what the core requires, so that a missing requirement shows. The "workshop" adds
everything that this test's own environment has, as `pbrl[train]` would.
"""

import os
import re
import subprocess
import sys
import time
import tomllib
import venv
import zipfile
from contextlib import closing
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from experiments.scripted_person import Manner, Person, virtual_screen
from experiments.viewer_latency import next_shown, real_clips
from pbrl.config import EnvConfig, TrainConfig
from pbrl.runs import Run
from pbrl.store import LabelStore, Query

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("envs", "experiments", "labeling_ui", "pbrl")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def run(*command, cwd, status=0):
    """What a command prints that must exit so, without the Python settings of this environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT),
        cwd=folder,
    )
    (built,) = folder.glob("*.whl")
    return built


def environment_with(wheel, folder):
    """A new virtual environment with the wheel alone; returns its site-packages."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "-q"),
        *("--no-index", "--no-deps", wheel),
        cwd=folder,
    )
    (site,) = folder.glob("lib/python*/site-packages")
    return site


def closure(requirements):
    """Names of the distributions that meet these requirements and, in turn, their own."""
    seen = set()
    pending = [(Requirement(text), "") for text in requirements]
    while pending:
        requirement, extra = pending.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *requirement.extras}:
            node = (canonicalize_name(requirement.name), wanted)
            if node not in seen:
                seen.add(node)
                below = metadata.requires(requirement.name) or []
                pending += [(Requirement(text), wanted) for text in below]
    return {name for name, _ in seen}


@pytest.fixture(scope="module")
def desk(wheel, tmp_path_factory):
    """An environment with the wheel and the core's requirements, linked in one by one."""
    folder = tmp_path_factory.mktemp("desk") / "venv"
    site = environment_with(wheel, folder)
    for name in closure(PROJECT["dependencies"]):
        distribution = metadata.distribution(name)
        for entry in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (site / entry).exists():
                (site / entry).symlink_to(distribution.locate_file(entry))
    return folder


def until_answered(store, name, count, viewer):
    """Waits until a store has so many answers."""
    deadline = time.monotonic() + 60
    while len(store.answers(name)) < count:
        assert viewer.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def workshop(wheel, tmp_path_factory):
    """An environment with the wheel, then everything that is installed for this test."""
    folder = tmp_path_factory.mktemp("workshop") / "venv"
    site = environment_with(wheel, folder)
    (site / "everything.pth").write_text(str(metadata.distribution("torch").locate_file("")))
    return folder


def test_the_wheel_holds_the_four_packages_and_no_other(wheel):
    in_tree = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    in_wheel = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert in_wheel == in_tree
    assert {f"{package}/py.typed" for package in PACKAGES} <= in_wheel


def test_the_wheel_says_what_it_is(desk):
    (site,) = desk.glob("lib/python*/site-packages")
    (distribution,) = metadata.distributions(name="pbrl", path=[str(site)])
    assert distribution.version == PROJECT["version"]
    assert distribution.metadata["License-Expression"] == "MIT"
    (script,) = distribution.entry_points.select(group="console_scripts")
    assert (script.name, script.value) == ("pbrl", "pbrl.cli:main")
    assert "MIT License" in (distribution.read_text("licenses/LICENSE") or "")


def test_the_core_brings_neither_a_learner_nor_a_clash():
    core = closure(PROJECT["dependencies"])
    assert not core & {"torch", "stable-baselines3", "tensorboard", "scipy"}
    everything = closure(PROJECT["dependencies"] + EXTRAS["train"] + EXTRAS["dev"])
    assert {"torch", "stable-baselines3", "pytest"} <= everything
    assert not everything & {"pygame-ce", "opencv-python-headless", "opencv-contrib-python"}


@pytest.mark.parametrize(
    "module",
    ["pbrl.store", "pbrl.feedback", "pbrl.annotators", "pbrl.doctor", "envs", "labeling_ui"],
)
def test_a_desk_imports_from_the_wheel_what_it_needs(desk, tmp_path, module):
    code = (
        "import importlib, importlib.util, sys\n"
        "assert not importlib.util.find_spec('torch')\n"
        "assert not importlib.util.find_spec('stable_baselines3')\n"
        "print(importlib.import_module(sys.argv[1]).__file__)"
    )
    found = run(desk / "bin" / "python", "-c", code, module, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(desk)


def test_a_desk_steps_and_draws_a_task(desk, tmp_path):
    code = (
        "import envs, gymnasium\n"
        "task = gymnasium.make('pbrl/Hopper-v0', render_mode='rgb_array')\n"
        "task.reset(seed=0)\n"
        "observation, *_ = task.step(task.action_space.sample())\n"
        "print(observation.shape, task.render().ndim)"
    )
    assert run(desk / "bin" / "python", "-c", code, cwd=tmp_path) == "(11,) 3\n"


def test_a_desk_labels(desk, tmp_path):
    """A real window, keys through the X server, and neither torch nor Stable-Baselines3."""
    told, run_folder = tmp_path / "told.jsonl", Run(tmp_path / "run")
    run_folder.path.mkdir()
    run_folder.write_config(TrainConfig(env=EnvConfig(env_id="pbrl/Hopper-v0"), annotator="human"))
    clips = real_clips("pbrl/Hopper-v0", 6)
    with closing(LabelStore(run_folder.labels_file)) as store, virtual_screen() as display:
        store.open_run("run", "pbrl/Hopper-v0", "comparison")
        pairs = zip(clips[::2], clips[1::2], strict=True)
        store.post("run", [Query(n, "comparison", pair, 0, None) for n, pair in enumerate(pairs)])
        command = [desk / "bin" / "pbrl", "label", run_folder.path, "--as", "ann"]
        command += ["--practice", "0", "--repeats", "0", "--tell", told]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with subprocess.Popen(
            list(map(str, command)), env={**kept, "DISPLAY": display}, cwd=tmp_path
        ) as viewer:
            person = Person(display, store, "run", Manner(0.0, 0.3), np.random.default_rng(0))
            for count in range(3):
                shown = next_shown(told, count, viewer)
                person.answer(shown["number"], shown["left"])
            until_answered(store, "run", 3, viewer)
            person.close()
            viewer.terminate()
        returns = [
            [clip.true_return for clip in pair]
            for pair in zip(clips[::2], clips[1::2], strict=True)
        ]
        better = {n: ("first", "second")[int(np.argmax(pair))] for n, pair in enumerate(returns)}
        assert {one.number: one.text for one in store.answers("run")} == better
        assert {one.annotator for one in store.answer_records("run")} == {"ann"}


def test_a_desk_runs_the_command(desk, tmp_path):
    assert "usage: pbrl" in run(desk / "bin" / "pbrl", "--help", cwd=tmp_path)


def test_a_desk_says_in_a_sentence_what_training_needs(desk, tmp_path):
    complaint = run(desk / "bin" / "pbrl", "train", "debug", cwd=tmp_path, status=2)
    assert "pip install 'pbrl[train]'" in complaint
    assert "Traceback" not in complaint


def test_every_verb_has_its_help(workshop, tmp_path):
    verbs = run(
        *(workshop / "bin" / "python", "-c", "from pbrl.cli import VERBS; print(*VERBS)"),
        cwd=tmp_path,
    ).split()
    assert {"train", "eval", "doctor"} <= set(verbs)
    summary = run(workshop / "bin" / "pbrl", "--help", cwd=tmp_path)
    for verb in verbs:
        assert re.search(rf"^ +{verb} ", summary, re.MULTILINE)
        assert f"usage: pbrl {verb}" in run(workshop / "bin" / "pbrl", verb, "--help", cwd=tmp_path)
