"""`pbrl labels`: from a run's folder, a path or a URL to words, files and other stores."""

import json
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from pbrl.cli.labels import main
from pbrl.config import TrainConfig
from pbrl.errors import PbrlError
from pbrl.labels.opening import open_labels
from pbrl.runs import Run
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query


def clip(seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(4, n)).astype(np.float32) for n in (3, 2, 0)]
    return Segment(arrays[0], arrays[1], rng.normal(size=4), arrays[2])


def fill(path, run="run", count=40, first=0):
    with closing(LabelStore(path)) as store:
        store.open_run(run, "pbrl/Hopper-v0", "comparison")
        queries = [
            Query(n, "comparison", (clip(first + 2 * n), clip(first + 2 * n + 1)), n)
            for n in range(count)
        ]
        store.post(run, queries)
        for number in range(count):
            store.answer(run, number, "first", "ann", left=0, reaction_seconds=3.0)
    return path


@pytest.fixture
def store(tmp_path):
    """A store of 40 answers by one person who always takes the left clip."""
    return fill(tmp_path / "labels.db")


@pytest.fixture
def labels(capsys):
    """Returns a function that runs `pbrl labels` and returns what it prints, on one line."""

    def run(*arguments):
        assert main([str(argument) for argument in arguments]) == 0
        return " ".join(capsys.readouterr().out.split())

    return run


def refused(*arguments):
    with pytest.raises(PbrlError) as error:
        main([str(argument) for argument in arguments])
    return str(error.value)


def test_stats_are_a_table_with_warnings_and_json(store, labels, tmp_path):
    said = labels("stats", store, "--json", tmp_path / "stats.json")
    assert "ann labels 40" in said
    assert "chose the left clip 100% (91% to 100%, n = 40)" in said
    assert "! ann favours the left side" in said
    found = json.loads((tmp_path / "stats.json").read_text())
    assert found["annotators"][0]["left"] == {"count": 40.0, "of": 40}
    assert found["runs"] == ["run"]
    assert found["warnings"] == [w.strip() for w in said.split("! ")[1:]]


def test_names_are_no_markup_and_many_people_get_tables_below_one_another(store, labels):
    with closing(LabelStore(store)) as opened:
        for name in ("[red]", "bob", "cy", "dora", "emil"):
            opened.answer("run", 0, "first", name)
    said = labels("stats", store)
    for name in ("[red]", "bob", "cy", "dora", "emil"):
        assert f"! {name} has given 1 answers" in said
    assert said.count("agrees with self") > 1


def test_a_runs_folder_means_its_own_run_where_the_store_has_others_too(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with closing(LabelStore(folder / "labels.db")) as store:
        for name in ("another", "own"):
            store.open_run(name, "pbrl/Hopper-v0", "comparison")
    with open_labels(str(folder)) as labels:
        assert labels.runs == ("own",)
    with open_labels(str(folder / "labels.db")) as labels:
        assert labels.runs == ("another", "own")
    with open_labels(str(folder.rename(tmp_path / "renamed"))) as labels:
        assert labels.runs == ("another", "own")


def test_a_runs_folder_a_path_and_a_url_name_the_same(store, labels, tmp_path):
    run = Run(tmp_path / "Hopper")
    run.path.mkdir()
    run.write_config(TrainConfig())
    fill(run.labels_file, run="named-before")
    assert "ann labels 40" in labels("stats", run.path)
    assert "ann labels 40" in labels("stats", f"sqlite:///{run.labels_file}")
    settings = json.loads(run.config_file.read_text()) | {"store": str(store), "store_run": "run"}
    run.config_file.write_text(json.dumps(settings))
    assert "labels.db: run " in labels("stats", run.path)
    settings["store_run"] = "other"
    run.config_file.write_text(json.dumps(settings))
    assert "has no run 'other'. There is: run." in refused("stats", run.path)


def test_one_run_of_several(store, labels):
    fill(store, "second", count=3, first=500)
    assert "ann labels 43" in labels("stats", store)
    assert "ann labels 3 " in labels("stats", store, "--run", "second")
    assert "no run 'secnd'. Did you mean second?" in refused("stats", store, "--run", "secnd")
    assert "say which one with --run" in refused("gold", store, "1=first")


def test_a_number_too_large_for_the_store_is_a_sentence(store):
    assert "failed: " in refused("gold", store, f"{10**20}=first")


def test_export_and_import(store, labels, tmp_path):
    file = tmp_path / "labels.jsonl"
    said = labels("export", store, file, "--clips")
    assert said.endswith("has 40 answers to 40 queries of 1 run, 80 clips.")
    header = json.loads(file.read_text().splitlines()[0])
    assert {"pbrl", "numpy", "python"} <= set(header["versions"])
    expected = "40 answers are new (0 taken back), 0 were there already"
    assert expected in labels("import", tmp_path / "other.db", file)
    assert "0 answers are new" in labels("import", tmp_path / "other.db", file)
    assert "Could not read" in refused("import", tmp_path / "new.db", tmp_path / "no.csv")
    content = file.read_text().splitlines()
    file.write_text("\n".join(content[:-1] + [content[-1].replace('"first"', '"third"')]))
    assert "does not answer a comparison" in refused("import", tmp_path / "new.db", file)
    assert "does not answer" in refused("import", tmp_path / "other.db", file)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.db", "labels.jsonl", "other.db"]


def test_an_export_of_a_run_says_what_wrote_the_run(labels, tmp_path):
    run = Run(tmp_path / "Hopper")
    run.path.mkdir()
    run.write_config(TrainConfig())
    (run.path / "versions.json").write_text('{"torch": "1.0", "earlier": [{"torch": "0.9"}]}')
    fill(run.labels_file, count=1)
    labels("export", run.path, tmp_path / "labels.csv")
    assert "run torch 1.0" in (tmp_path / "labels.csv").read_text()


def test_forget(store, labels):
    said = labels("forget", store, "ann")
    assert "'ann' is gone" in said
    assert "40 answers stay" in said
    assert "ann " not in labels("stats", store)
    assert "no annotator 'ann'" in refused("forget", store, "ann")


def test_gold_pairs_are_marked_all_or_none_and_listed(store, labels):
    assert "Marked 2 pairs of run 'run'." in labels("gold", store, "3=first", "7=tie")
    assert labels("gold", store) == "run: 3=first run: 7=tie"
    assert "right on gold pairs 50% (n = 2)" in labels("stats", store)
    assert "expected NUMBER=ANSWER" in refused("gold", store, "3:first")
    assert "'third' does not answer" in refused("gold", store, "4=first", "5=third")
    assert "no query 99" in refused("gold", store, "4=first", "99=first")
    assert labels("gold", store) == "run: 3=first run: 7=tie"


def test_a_table_holds_no_clips(store, tmp_path):
    assert "no room for clips" in refused("export", store, tmp_path / "x.csv", "--clips")
    assert not (tmp_path / "x.csv").exists()


def test_a_run_in_a_shared_store_is_merged_alone(store, labels, tmp_path):
    """The others' names and answers are not its own."""
    fill(store, "theirs", count=3, first=500)
    run = Run(tmp_path / "Hopper")
    run.path.mkdir()
    run.write_config(TrainConfig(store=str(store), store_run="run"))
    assert "1 runs are new" in labels("merge", run.path, "--into", tmp_path / "mine.db")
    with closing(LabelStore(tmp_path / "mine.db")) as mine:
        assert mine.runs() == ["run"]


def test_answers_that_are_all_alike_say_nothing_of_agreement(store, labels):
    with closing(LabelStore(store)) as opened:
        opened.answer("run", 0, "first", "bob")
        opened.answer("run", 1, "first", "bob")
    assert "All answers to the 2 pairs that two or more judged are the same" in labels(
        "stats", store
    )


def test_merge(store, labels, tmp_path):
    second = fill(tmp_path / "second.db", "second", count=2, first=500)
    said = labels("merge", store, second, "--into", tmp_path / "all.db")
    assert "40 answers are new" in said
    assert "2 answers are new" in said
    assert "ann labels 42" in labels("stats", tmp_path / "all.db")
    clash = fill(tmp_path / "clash.db", count=1, first=900)
    assert "With --rename" in refused("merge", clash, "--into", tmp_path / "all.db")
    said = labels("merge", clash, "--into", tmp_path / "all.db", "--rename")
    assert "Run 'run' is now 'run-2'" in said


@pytest.mark.parametrize("action", ["stats", "export", "forget", "gold"])
def test_what_is_no_store_is_a_sentence_and_is_not_made(action, tmp_path):
    rest = {"export": ["x.csv"], "forget": ["ann"]}.get(action, [])
    assert "There is no label store" in refused(action, tmp_path / "no.db", *rest)
    assert not (tmp_path / "no.db").exists()
    assert "is not a run: it holds no config.json" in refused(action, tmp_path, *rest)
    (tmp_path / "config.json").write_text("{")
    assert "config.json is damaged" in refused(action, tmp_path, *rest)


def test_passwords_are_not_repeated(tmp_path):
    url = "mysql://me:secret@host/labels"
    said = refused("stats", url)
    assert "secret" not in said
    assert "SQLite file or a PostgreSQL database" in said


@pytest.mark.parametrize("line", ["", "frobnicate x", "stats", "merge a.db"])
def test_wrong_words_are_explained(line, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(line.split())
    assert stopped.value.code == 2
    assert "usage: pbrl labels" in capsys.readouterr().err


def test_it_needs_no_torch(store):
    program = (
        "import sys; from pbrl.cli.labels import main; from pbrl.cli import runs; "
        f"main(['stats', {str(store)!r}]); "
        "print([m for m in ('torch', 'scipy', 'stable_baselines3') if m in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == "[]"
