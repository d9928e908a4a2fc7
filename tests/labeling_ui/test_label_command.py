"""`pbrl label`: what it refuses, in sentences, and that it needs neither torch nor a learner."""

import os
import shutil
import subprocess
import sys
from contextlib import closing

import pytest
from sqlalchemy import URL

from pbrl.cli.label import _place, main
from pbrl.config import EnvConfig, TrainConfig
from pbrl.errors import CheckpointError, ConfigError, PbrlError, StoreError, TaskError
from pbrl.runs import Run
from pbrl.store import LabelStore
from pbrl.store.urls import masked, named, parse_url


@pytest.fixture(autouse=True)
def unseen(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def refused(kind: type[PbrlError], *arguments: object) -> str:
    with pytest.raises(kind) as caught:
        main([str(argument) for argument in arguments])
    return str(caught.value)


def test_without_a_display_it_says_so_at_once(hopper_run):
    code = (
        "import sys\n"
        "from pbrl.cli.label import main\n"
        "from pbrl.errors import PbrlError\n"
        "try:\n    main(sys.argv[1:])\n"
        "except PbrlError as error:\n    print(error)\n"
        "print(sorted({'pygame', 'sqlalchemy', 'mujoco', 'cv2', 'torch'} & set(sys.modules)))"
    )
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "-c", code, str(hopper_run)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    sentence, loaded = done.stdout.splitlines()
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in sentence
    assert loaded == "[]"


def test_what_is_not_there_is_said(tmp_path):
    assert "There is nothing at" in refused(StoreError, tmp_path / "none")
    assert "There is nothing at" in refused(StoreError, f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_sqlite_url_is_watched_like_any_other(tmp_path):
    """An answer must not go into a file that was removed while the window was open."""
    LabelStore(tmp_path / "team.db").close()
    assert _place(f"sqlite:///{tmp_path}/team.db", None, "").store == tmp_path / "team.db"
    postgresql = "postgresql+psycopg://ann@host/labels"
    assert _place(postgresql, None, "").store == postgresql


def test_what_may_hold_a_password_is_not_repeated():
    assert "secret" not in refused(PbrlError, "postgresql:/anna:secret@host/labels")
    assert "secret" not in refused(PbrlError, "postgresql://anna:secret@localhost:1/labels")


def test_a_file_to_tell_that_cannot_be_written_is_said(hopper_run, tmp_path):
    file = tmp_path / "nowhere" / "told.jsonl"
    assert f"--tell cannot write to {file}: No such" in refused(
        ConfigError, hopper_run, "--tell", file
    )


def test_a_folder_that_is_no_run_is_said(tmp_path):
    assert "is not a run" in refused(CheckpointError, tmp_path)


@pytest.mark.parametrize(
    ("source", "words"),
    [("true", "the true reward"), ("teacher", "what 'oracle' thinks of each step")],
)
def test_a_run_that_learns_no_reward_asks_nobody(tmp_path, source, words):
    Run(tmp_path).write_config(TrainConfig(reward_source=source))
    assert f"is trained on {words} and asks nobody" in refused(CheckpointError, tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "its answers are from the synthetic teacher 'oracle'"),
        ({"annotator": "none", "labels_from": "a-run"}, "its answers are from a-run"),
    ],
)
def test_a_run_whose_answers_are_not_peoples_asks_nobody(tmp_path, settings, words):
    Run(tmp_path).write_config(TrainConfig(**settings))
    sentence = refused(CheckpointError, tmp_path)
    assert "asks nobody" in sentence and words in sentence and "--annotator human" in sentence


def test_a_file_that_is_no_store_is_said(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at" * 50)
    assert "notes.txt" in refused(StoreError, path)


def test_a_store_of_another_task_is_said(hopper_run, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    Run(other).write_config(TrainConfig(env=EnvConfig(env_id="pbrl/Ant-v0"), annotator="human"))
    shutil.copy(hopper_run / "labels.db", other)
    assert "speaks of pbrl/Ant-v0" in refused(StoreError, other)


def test_a_task_that_is_not_installed_is_said(tmp_path):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "elsewhere/Juggler-v3", "comparison")
    assert "not installed here" in refused(TaskError, path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a file that nobody may write to")
def test_a_store_that_cannot_be_written_to_is_said(hopper_run):
    (hopper_run / "labels.db").chmod(0o444)
    hopper_run.chmod(0o555)
    try:
        assert "writable" in refused(StoreError, hopper_run)
    finally:
        hopper_run.chmod(0o755)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--repeats", "1.5"], "1.5 is not a share"),
        (["--repeats", "often"], "often is not a share"),
        (["--practice", "-1"], "-1 is not a whole number"),
    ],
)
def test_options_that_cannot_be_are_said(hopper_run, capsys, arguments, words):
    with pytest.raises(SystemExit):
        main([str(hopper_run), *arguments])
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb"])
def test_a_name_that_is_none_is_said(hopper_run, name):
    assert "--as" in refused(ConfigError, hopper_run, "--as", name)


def test_a_file_of_keys_with_a_mistake_is_said(hopper_run, tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text('[keys]\nlfet = "a"')
    assert "Did you mean left" in refused(ConfigError, hopper_run, "--keys", keys)


def test_the_viewer_loads_no_learner():
    code = (
        "import sys\n"
        "import labeling_ui.app, labeling_ui.drawing, labeling_ui.practice, pbrl.cli.label\n"
        "import pbrl.cli.stores\n"
        "print(sorted({'torch', 'stable_baselines3', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_it_greets_nobody_but_its_user():
    code = "import labeling_ui.app"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""


@pytest.mark.parametrize(
    "given",
    [
        "host=127.0.0.1 user=bob password=SECRET",
        "host=127.0.0.1 password = 'SECRET SECRET\\' SECRET' user=bob",
        "PASSWORD=SECRET host=h",
        "host=h\nsslpassword=SECRET",
        "?user=bob&password=SECRET&host=h",
    ],
)
def test_a_password_in_libpqs_form_is_not_repeated(given: str):
    assert "SECRET" not in masked(given)
    assert "***" in masked(given)
    assert "SECRET" not in named(URL.create("sqlite", database=given))
    with pytest.raises(StoreError) as caught:
        parse_url(given)
    assert "SECRET" not in str(caught.value)
