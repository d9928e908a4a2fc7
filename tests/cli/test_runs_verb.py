"""`pbrl runs`: what there is, and that nothing is lost by putting it away."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from pbrl.cli import archive, run_list
from pbrl.cli.labels import main as labels_main
from pbrl.cli.runs import main
from pbrl.config import TrainConfig
from pbrl.errors import PbrlError
from pbrl.runs import Run
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

HOLD = """
import sys
from pathlib import Path
from pbrl.runs import Run, locked
with locked(Run(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""
NEEDS_ZSTD = pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")


def clip(seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(4, n)).astype(np.float32) for n in (3, 2, 0)]
    return Segment(arrays[0], arrays[1], rng.normal(size=4), arrays[2])


def answer(run: Run, numbers, name="ann"):
    with closing(LabelStore(run.labels_file)) as store:
        for number in numbers:
            store.answer(run.name, number, "first", name)


@pytest.fixture
def make_run(tmp_path):
    """Returns a function that makes a run at some step, with ten queries, four of them answered."""

    def make(name="Hopper", steps=4096, total=10_000, **settings) -> Run:
        run = Run(tmp_path / "runs" / name)
        run.path.mkdir(parents=True)
        run.write_config(TrainConfig(total_steps=total, **settings))
        lines = [{"time/total_timesteps": n, "reward/labels": 3} for n in range(2048, steps, 2048)]
        lines += [{"time/total_timesteps": steps, "reward/labels": 3}]
        run.metrics_file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        checkpoint = run.checkpoints / "step_000000002048"
        checkpoint.mkdir(parents=True)
        (checkpoint / "agent.zip").write_bytes(os.urandom(50_000))
        with closing(LabelStore(run.labels_file)) as store:
            store.open_run(name, "pbrl/HalfCheetah-v0", "comparison")
            store.post(
                name,
                [Query(n, "comparison", (clip(2 * n), clip(2 * n + 1)), n) for n in range(10)],
            )
        answer(run, range(4))
        return run

    return make


@pytest.fixture
def runs(capsys):
    """Returns a function that runs `pbrl runs` and returns what it prints, on one line."""

    def run(*arguments, code=0):
        assert main([str(argument) for argument in arguments]) == code
        return " ".join(capsys.readouterr().out.split())

    return run


def refused(*arguments):
    with pytest.raises(PbrlError) as error:
        main([str(argument) for argument in arguments])
    return str(error.value)


@contextlib.contextmanager
def held(run: Run):
    """Another process that holds a run as a trainer does."""
    command = [sys.executable, "-c", HOLD, str(run.path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.kill()
        holder.communicate()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the lock and the store, and the store's answers."""
    found = {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.startswith(("labels.db", "lock"))
    }
    with closing(sqlite3.connect(folder / "labels.db")) as store:
        rows = store.execute("SELECT * FROM answers ORDER BY id").fetchall()
    return found | {"answers": repr(rows).encode()}


# Listing


def test_runs_are_listed_with_their_state_labels_and_size(make_run, runs):
    first = make_run("Hopper")
    make_run("Ant", steps=8192)  # of 10,000 steps, whole rollouts of 2,048 fit 4 times
    folder = first.path.parent
    said = runs(folder)
    assert "Ant pbrl/HalfCheetah-v0 finished 8,192 of 10,000 4 of 700 0." in said
    assert "Hopper pbrl/HalfCheetah-v0 stopped 4,096 of 10,000 4 of 700 0." in said
    assert said.index("Ant") < said.index("Hopper")
    assert "2 runs, 0." in said
    with held(first):
        assert "Hopper pbrl/HalfCheetah-v0 running" in runs("list", folder)
    assert "Hopper pbrl/HalfCheetah-v0 stopped" in runs(folder)


def test_an_answer_counts_at_once_and_one_that_was_taken_back_does_not(make_run, runs):
    run = make_run()
    answer(run, [5, 5, 6])
    assert "6 of 700" in runs(run.path.parent)
    with closing(LabelStore(run.labels_file)) as store:
        store.answer(run.name, 8, "first", "ann", role="repeat")
        store.retract(store.answer(run.name, 7, "first", "ann"), "ann")
    assert "6 of 700" in runs(run.path.parent)


def test_looking_changes_nothing_not_even_a_store_of_an_older_version(make_run, runs):
    run = make_run()
    with closing(sqlite3.connect(run.labels_file)) as store:
        store.execute("ALTER TABLE answers DROP COLUMN role")  # as in version 1
        store.commit()
    before = run.labels_file.read_bytes()
    assert "4 of 700" in runs(run.path.parent)
    assert run.labels_file.read_bytes() == before
    assert not (run.path / "lock").exists()


def test_what_cannot_be_read_is_left_open(make_run, runs):
    run = make_run()
    run.labels_file.write_bytes(b"not a database" * 100)
    assert "3 of 700" in runs(run.path.parent)  # those of the last fit
    with run.metrics_file.open("a") as file:
        file.write('{"time/total_timesteps": 99')  # cut short by a crash
    assert "4,096 of 10,000" in runs(run.path.parent)
    run.metrics_file.unlink()
    assert "2,048 of 10,000" in runs(run.path.parent)  # by its checkpoint
    settings = json.loads(run.config_file.read_text())
    for envs in ("8", 0, None):
        settings["env"]["num_envs"] = envs
        run.config_file.write_text(json.dumps(settings))
        assert "damaged" in runs(run.path.parent)
    run.config_file.write_text("{")
    assert "damaged" in runs(run.path.parent)


def test_a_run_on_the_true_reward_has_no_labels(make_run, runs):
    run = make_run(reward_source="true")
    assert "4,096 of 10,000 - " in runs(run.path.parent)


def test_a_shared_store_is_not_asked(make_run, runs):
    run = make_run(store="postgresql+psycopg://me@nowhere.invalid/labels")
    assert "3 of 700" in runs(run.path.parent)


def test_an_empty_folder_and_none(runs, tmp_path, monkeypatch):
    assert "holds no runs" in runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "There is no folder runs." in refused()
    assert "There is no folder elsewhere." in refused("elsewhere")


# Removing


def test_a_run_is_removed_after_a_yes(make_run, runs, monkeypatch):
    run, other = make_run(), make_run("Ant")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert "Nothing was removed" in runs("remove", run.path, code=1)
    assert run.path.exists()
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert "4,096 steps, 4 labels" in runs("remove", run.path)
    assert [p.name for p in run.path.parent.iterdir()] == [other.name]


def test_without_a_terminal_it_takes_a_yes_on_the_line(make_run, runs, monkeypatch):
    run = make_run()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert "give --yes" in refused("remove", run.path)
    assert run.path.exists()
    runs("remove", "--yes", run.path)
    assert not run.path.exists()


@pytest.mark.parametrize("action", ["remove", "archive"])
def test_a_running_run_or_what_is_no_run_is_left_alone(make_run, runs, tmp_path, action):
    run, other = make_run(), make_run("Ant")
    to = ["--to", tmp_path / "runs.tar.gz", "--remove"] if action == "archive" else ["--yes"]
    with held(run):
        assert "is being trained" in refused(action, other.path, run.path, *to)
    assert "is not a run" in refused(action, other.path, tmp_path, *to)
    assert f"{other.path} is named twice" in refused(action, other.path, other.path, *to)
    assert run.path.exists()
    assert other.path.exists()
    assert not (tmp_path / "runs.tar.gz").exists()


@pytest.mark.parametrize("action", ["remove", "archive"])
def test_a_run_at_which_somebody_judges_is_left_alone(
    make_run, runs, tmp_path, action, monkeypatch
):
    run = make_run()
    to = ["--to", tmp_path / "runs.tar.gz", "--remove"] if action == "archive" else ["--yes"]
    with closing(LabelStore(run.labels_file)) as store:
        store.renew(run.name, "ann", "a viewer", seconds=60)
        assert "ann judges at a viewer of" in refused(action, run.path, *to)
        assert run.path.exists()
        assert not (tmp_path / "runs.tar.gz").exists()
        monkeypatch.setattr(run_list, "SEEN_SECONDS", 0.0)
    runs(action, run.path, *to)
    assert not run.path.exists()


def test_what_is_labelled_while_it_asks_is_not_removed(make_run, monkeypatch):
    run = make_run()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(run_list, "SEEN_SECONDS", 0.0)  # whoever labelled has gone again

    def judge(_question):
        answer(run, [6])
        return "y"

    monkeypatch.setattr("builtins.input", judge)
    assert "Somebody has labelled in" in refused("remove", run.path)
    assert run.path.exists()


def test_somebody_who_comes_while_it_asks_keeps_the_run(make_run, monkeypatch):
    run = make_run()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def come(_question):
        with closing(LabelStore(run.labels_file)) as store:
            store.renew(run.name, "ann", "a viewer", seconds=60)
        return "y"

    monkeypatch.setattr("builtins.input", come)
    assert "ann judges at a viewer of" in refused("remove", run.path)
    assert run.path.exists()


def test_runs_of_sweeps_are_listed_by_path_and_removed_though_they_share_a_name(
    make_run, runs, tmp_path
):
    made = [make_run("Hopper"), make_run("Ant")]
    moved = []
    for run, condition in zip(made, ("700-labels-1", "700-labels-no-ensemble-1"), strict=True):
        moved.append(tmp_path / "sweep" / "Hopper" / condition / "a-run")
        moved[-1].parent.mkdir(parents=True)
        run.path.rename(moved[-1])
    said = runs("list", tmp_path / "sweep")
    assert "Hopper/700-labels-1/a-run" in said and "Hopper/700-labels-no-ensemble-1/a-run" in said
    to = tmp_path / "runs.tar.gz"
    assert "Several runs are called a-run" in refused("archive", *moved, "--to", to)
    runs("remove", "--yes", *moved)
    assert not any(path.exists() for path in moved)


def test_an_archive_in_a_file_is_a_sentence(make_run, tmp_path):
    (tmp_path / "README.md").write_text("no folder")
    said = refused("archive", make_run().path, "--to", tmp_path / "README.md" / "x.tar.gz")
    assert "Not a directory" in said


def test_labels_in_a_shared_store_stay(make_run, runs):
    run = make_run(store="postgresql+psycopg://me@nowhere.invalid/labels")
    said = runs("remove", "--yes", run.path)
    assert "Its labels are in postgresql+psycopg://me@nowhere.invalid/labels and stay" in said


# Archiving


@pytest.mark.parametrize("remove", [[], ["--remove"]])
def test_an_archive_does_not_go_with_what_it_holds(make_run, remove, monkeypatch):
    run = make_run()
    before = contents(run.path)
    monkeypatch.chdir(run.path)
    for file in ("it.tar.gz", run.path / "checkpoints" / "it.tar.gz"):
        assert "lies inside" in refused("archive", ".", "--to", file, *remove)
    assert contents(run.path) == before


def test_a_damaged_store_is_a_sentence(make_run, tmp_path):
    run = make_run()
    run.labels_file.write_bytes(b"no database" * 500)
    for rest in run.path.glob("labels.db-*"):
        rest.unlink()
    to = tmp_path / "it.tar.gz"
    assert "labels.db is damaged" in refused("archive", run.path, "--to", to)
    assert not to.exists() and run.path.exists()


@pytest.mark.parametrize("ending", ["tar.gz", pytest.param("tar.zst", marks=NEEDS_ZSTD)])
def test_an_archive_holds_all_of_its_runs(make_run, runs, tmp_path, ending):
    made = [make_run("Hopper"), make_run("Ant")]
    before = {run.name: contents(run.path) for run in made}
    file = tmp_path / f"runs.{ending}"
    with closing(LabelStore(made[0].labels_file)):  # a viewer: answers may be in the log only
        said = runs("archive", made[0].path, made[1].path, "--to", file)
        assert "holds 2 runs and was compared with them" in said
    assert all(run.path.exists() for run in made)
    if ending == "tar.zst":
        subprocess.run(["zstd", "-q", "-d", file, "-o", tmp_path / "runs.tar"], check=True)
        file = tmp_path / "runs.tar"
    with tarfile.open(file) as opened:
        opened.extractall(tmp_path / "out", filter="data")
    assert {p.name: contents(p) for p in (tmp_path / "out").iterdir()} == before
    assert "4 of 700" in runs(tmp_path / "out")


def test_it_removes_the_runs_only_when_asked_and_verified(make_run, runs, tmp_path, monkeypatch):
    run = make_run()
    file = tmp_path / "runs.tar.gz"
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_reading", lambda _path: archive.gzip.open(flawed(run, tmp_path)))
        assert "does not hold what was written" in refused(
            "archive", run.path, "--to", file, "--remove"
        )
    assert run.path.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flawed.tar.gz", "runs"]
    assert "Removed 1 run." in runs("archive", run.path, "--to", file, "--remove")
    assert not run.path.exists()
    assert file.exists()


def flawed(run: Run, folder: Path) -> Path:
    """An archive of the run in which one file is another."""
    path = folder / "flawed.tar.gz"
    with tarfile.open(path, "w:gz") as opened:
        opened.add(run.config_file, f"{run.name}/metrics.jsonl")
    return path


def test_a_full_disk_leaves_no_archive_and_no_loss(make_run, tmp_path):
    run = make_run()
    before = contents(run.path)
    program = (
        "import resource, signal, sys; from pbrl.cli.runs import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)); "
        "main(sys.argv[1:])"
    )
    file = tmp_path / "runs.tar.gz"
    command = [sys.executable, "-c", program, "archive", run.path, "--to", file, "--remove"]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode != 0
    assert "Nothing was archived or removed" in outcome.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    assert contents(run.path) == before


def test_answers_that_came_while_archiving_are_not_removed(make_run, tmp_path, monkeypatch):
    run = make_run()
    verify = archive._verify

    def slow(path, written):
        answer(run, [9])
        verify(path, written)

    monkeypatch.setattr(archive, "_verify", slow)
    said = refused("archive", run.path, "--to", tmp_path / "runs.tar.gz", "--remove")
    assert "Somebody has labelled" in said
    with closing(LabelStore(run.labels_file)) as store:
        assert [a.number for a in store.answers(run.name)] == [0, 1, 2, 3, 9]


@pytest.mark.parametrize(
    ("name", "said"),
    [("runs.zip", "says no format"), ("taken.tar.gz", "is there already"),
     ("no/runs.tar.gz", "Could not write")],
)  # fmt: skip
def test_other_names_of_archives_are_refused(make_run, tmp_path, name, said):
    (tmp_path / "taken.tar.gz").touch()
    run = make_run()
    assert said in refused("archive", run.path, "--to", tmp_path / name, "--remove")
    assert run.path.exists()


def test_without_zstd_gzip_is_advised(make_run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    said = refused("archive", make_run().path, "--to", tmp_path / "runs.tar.zst")
    assert "`zstd` is not installed" in said


def test_labels_of_runs_are_merged(make_run, runs, tmp_path):
    made = [make_run("Hopper"), make_run("Ant")]
    said = runs("merge", made[0].path, made[1].path, "--into", tmp_path / "all.db")
    assert said.count("4 answers are new") == 2
    with closing(LabelStore(tmp_path / "all.db")) as store:
        assert sorted(store.runs()) == ["Ant", "Hopper"]


def test_a_trained_run_is_finished_and_its_oracle_described(debug_run, runs, capsys):
    said = runs(debug_run.parent)
    assert f"{debug_run.name} pbrl/InvertedPendulum-v0 finished" in said
    budget = Run(debug_run).config().query.label_budget
    assert f"{budget} of {budget}" in said
    labels_main(["stats", str(debug_run)])
    assert "oracle" in capsys.readouterr().out
