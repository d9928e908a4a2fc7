"""What the documents say: their commands and examples run, their names and links are real."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import envs
from pbrl.agents import PreferencePPO
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli import VERBS, main
from pbrl.cli.options import new_settings, parse, resumed_settings
from pbrl.metrics import read_metrics
from pbrl.runs import Run

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
"""What they say is done in test_guides.py."""
RUN = "runs/HalfCheetah-v0-700labels-seed1"
"""The run that the documents speak of; a run of the preset `debug` takes its place here."""


def split(command):
    _, verb, *arguments = shlex.split(command)
    return verb, arguments


COMMANDS = sorted(
    {
        command
        for document in DOCUMENTS
        for command in re.findall(r"^pbrl .*$|(?<=`)pbrl [^`]*(?=`)", document.read_text(), re.M)
        if not re.search(
            r"\b[A-Z]{3,}\b|^pbrl (train|eval|bench|label|watch|sweep|reproduce)$", command
        )  # a form, or a name
    }
)
TRAINING = [
    split(command)
    for command in COMMANDS
    if command.startswith("pbrl train ") and not command.endswith(("--settings", "--help"))
]
OF_PEOPLE = [
    command
    for command in COMMANDS
    if split(command)[0] in ("label", "watch") or "--annotator human" in command
]
"""These need a person; what they do at a real window is tested with the viewer."""
OF_MANY_RUNS = [command for command in COMMANDS if split(command)[0] in ("sweep", "reproduce")]
"""These take days; what they do is tested in little with the verbs."""
TINY = (
    "--total-steps 1024 --query.initial-steps 512 --query.label-budget 32 "
    "--agent.rollout-steps 64 --reward.initial-updates 5 --reward.updates 5"
)
"""Put after a command that trains: it overrules what the command says of these settings."""


EXAMPLES = [
    pytest.param(code, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", document.read_text(), re.S))
]


@pytest.fixture
def here(debug_run, tmp_path, monkeypatch):
    """A folder of its own, with a run where the documents have theirs."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(debug_run, tmp_path / RUN)
    return tmp_path


def test_there_are_commands_and_examples_to_look_at():
    assert {shlex.split(command)[1] for command in COMMANDS} == set(VERBS)
    assert len(EXAMPLES) >= 4


def call(*arguments):
    try:
        return main(arguments)
    except SystemExit as stopped:  # --help and --settings end so
        return stopped.code or 0


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([v, "--help"] for v in VERBS)])
def test_help_is_there(arguments, capsys):
    assert call(*arguments) == 0
    assert "pbrl" in capsys.readouterr().out


# The bench takes a minute and is run by its own tests, in tests/experiments/bench.
@pytest.mark.parametrize(
    "command",
    [
        c
        for c in COMMANDS
        if split(c) not in TRAINING
        and c not in (*OF_PEOPLE, *OF_MANY_RUNS)
        and split(c)[0] != "bench"
    ],
)
def test_each_command_runs(command, here, capsys):
    verb, arguments = split(command)
    assert call(verb, *arguments) == 0
    assert capsys.readouterr().out
    for name in re.findall(r"\S+\.(?:mp4|json)\b", command):
        assert (here / name).stat().st_size > 100


@pytest.mark.parametrize("command", OF_MANY_RUNS)
def test_each_command_of_many_runs_is_understood(command, here, capsys):
    """Its runs are listed and their settings checked; none is made, so none is finished."""
    verb, arguments = split(command)
    assert call(verb, *arguments, "--collect") == 2
    assert re.search(r"None of the \d+ runs in .* is finished", capsys.readouterr().err)


@pytest.mark.parametrize("command", OF_PEOPLE)
def test_each_command_of_people_is_understood(command, here, capsys, monkeypatch):
    """Settings are read and checked; a window is refused where there is no display."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    verb, arguments = split(command)
    if verb == "train":
        assert new_settings(*parse(arguments)).annotator == "human"
    else:
        assert call(verb, *arguments) == 2
        assert "needs a display" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if split(c) in TRAINING and c not in OF_PEOPLE]
)
def test_each_command_that_trains_is_understood_and_runs_in_little(command, here, capsys):
    """Its settings are read and checked as they stand; the run is tiny, most often of `debug`."""
    verb, arguments = split(command)
    preset, options, rest = parse(arguments)
    if options.resume is not None:
        resumed_settings(preset, options, rest)
        arguments += ["--total-steps", "20992"]  # one rollout more than the run has
    else:
        new_settings(preset, options, rest)
        named = 2 if options.env else 1
        instead = preset if "--reward-source" in arguments else "debug"  # it needs its teacher
        arguments = [instead, *arguments[named:], *shlex.split(TINY)]
    assert call(verb, *arguments) == 0
    measured = "of the behaviour" if "--reward-source" in arguments else "true return"
    assert measured in capsys.readouterr().out


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_example_runs(code, here):
    exec(compile(code, "example", "exec"), {})  # in this process: importing torch takes seconds


def test_the_agent_of_a_run_opens_in_plain_sb3_where_pbrl_is_not_installed(here):
    (example,) = EXAMPLES[0].values
    program = f"""
import sys
sys.modules["pbrl"] = sys.modules["envs"] = None  # importing them fails
{example}
import json, numpy as np
assert type(agent) is PPO
observations = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
print(json.dumps(agent.predict(observations, deterministic=True)[0].tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=here, timeout=120
    )
    assert done.returncode == 0, done.stderr
    agent = PreferencePPO.load(latest_checkpoint(Run(here / RUN), print).agent, device="cpu")
    observations = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    expected, _ = agent.predict(observations, deterministic=True)
    np.testing.assert_array_equal(np.float32(json.loads(done.stdout)), expected)


def test_the_metrics_that_are_logged_are_those_that_are_explained(debug_run, true_reward_run):
    explained = re.findall(r"^\| `(\w+/\w+)` \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    logged = {name for line in read_metrics(Run(debug_run)) for name in line}
    of_a_teachers_score = "rollout/ep_score_mean"  # see tests/cli/test_teacher_score.py
    assert sorted(explained) == sorted({*logged, of_a_teachers_score})
    of_true_reward = {name for line in read_metrics(Run(true_reward_run)) for name in line}
    assert of_true_reward < logged


def test_the_files_of_a_run_are_those_that_are_listed(debug_run):
    section = DOCUMENTS[0].read_text().split("## A run")[1].split("## ")[0]
    listed = re.findall(r"`([\w.]+)/?`", "".join(re.findall(r"^\| (`.*?) \|", section, re.M)))
    there = {path.name for path in debug_run.iterdir()}
    assert set(listed) == there - {"lock"}


def test_the_tasks_are_those_that_are_listed():
    rows = re.findall(
        r"^\| `(pbrl/\S+)` \|.*\| (\d+) \| (\d+)(?: steps)? at (\d+)",
        DOCUMENTS[0].read_text(),
        re.M,
    )
    for env_id, steps, clip, fps in rows:
        task = envs.describe(env_id)
        assert (task.episode_steps, task.clip_fps) == (int(steps), int(fps))
        assert int(clip) == 1.5 * task.clip_fps
    assert [row[0] for row in rows] == list(envs.TASKS)


@pytest.mark.parametrize("document", [*DOCUMENTS, *GUIDES], ids=lambda document: document.name)
def test_links_and_folders_lead_somewhere(document):
    text = document.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    for folder in re.findall(r"`((?:envs|pbrl|tests|experiments|labeling_ui|docs)/[\w/.]*)`", text):
        if not folder.endswith("-v0"):
            assert (ROOT / folder).exists(), folder
