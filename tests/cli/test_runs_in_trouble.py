"""Runs whose files are damaged, held, newer or gone: a sentence, and nothing lost."""

import json
import shutil

import pytest
from sqlalchemy import create_engine, text

from pbrl.runs import Run, locked
from pbrl.store import LabelStore


def test_a_damaged_checkpoint_gives_way_to_the_one_before(pbrl, finished_run):
    (max((finished_run / "checkpoints").iterdir()) / "state.pt").write_bytes(b"")
    outcome = pbrl(f"train --resume {finished_run}")
    assert outcome.code == 0
    assert "Checkpoint step_000000020480 is damaged or half-written" in outcome.out
    assert "from step 16,384" in outcome.out


def test_without_a_whole_checkpoint_it_is_refused(refused, finished_run):
    for file in finished_run.glob("checkpoints/*/manifest.json"):
        file.unlink()
    assert "All 2 checkpoints" in refused(f"train --resume {finished_run}")
    assert (finished_run / "labels.db").exists()


def test_damaged_settings_are_refused(refused, finished_run):
    config = finished_run / "config.json"
    config.write_text(config.read_text()[:100])
    assert "config.json is damaged" in refused(f"train --resume {finished_run}")


def test_settings_of_another_version_are_refused(refused, finished_run):
    config = finished_run / "config.json"
    config.write_text(config.read_text().replace('"seed"', '"colour"'))
    says = refused(f"train --resume {finished_run}")
    assert "colour" in says and "seed" in says


def test_settings_of_an_earlier_version_are_completed(pbrl, finished_run):
    config = finished_run / "config.json"
    settings = json.loads(config.read_text())
    del settings["agent"]["picture_format"], settings["learner_threads"]
    config.write_text(json.dumps(settings))
    assert "is finished" in pbrl(f"train --resume {finished_run}").out
    assert json.loads(config.read_text())["agent"]["picture_format"] == "auto"


def test_a_store_of_a_newer_schema_is_refused(refused, finished_run):
    engine = create_engine(f"sqlite:///{finished_run / 'labels.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 999"))
    engine.dispose()
    says = refused(f"train --resume {finished_run}")
    assert "newer pbrl: its schema is version 999" in says


def test_a_store_that_is_something_else_is_refused(refused, finished_run):
    (finished_run / "labels.db").write_bytes(b"not a database, but long enough to be one" * 100)
    assert "labels.db failed: file is not a database" in refused(f"train --resume {finished_run}")


def test_a_store_that_lacks_what_was_asked_is_refused(refused, finished_run):
    (finished_run / "labels.db").unlink()
    LabelStore(finished_run / "labels.db").close()  # another one in its place
    assert "has no query 39" in refused(f"train --resume {finished_run}")


def test_a_clip_that_is_damaged_is_named(refused, finished_run):
    engine = create_engine(f"sqlite:///{finished_run / 'labels.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE segments SET payload = zeroblob(100)"))
    engine.dispose()
    assert "The clip " in refused(f"train --resume {finished_run}")


def test_a_second_trainer_is_refused(refused, finished_run, fingerprint):
    before = fingerprint(finished_run)
    with locked(Run(finished_run)):
        says = refused(f"train --resume {finished_run}")
    assert f"Another process is training in {finished_run}" in says
    assert fingerprint(finished_run) == before


def test_a_folder_without_its_metrics_goes_on(pbrl, finished_run):
    (finished_run / "metrics.jsonl").unlink()
    shutil.rmtree(finished_run / "tensorboard")
    assert pbrl(f"train --resume {finished_run}").code == 0


def test_a_run_whose_answers_are_gone_says_so_and_makes_no_empty_store(finished_run, pbrl, refused):
    (finished_run / "labels.db").unlink()
    gone = f"label store {finished_run / 'labels.db'} is not there"
    assert gone in refused(f"train --resume {finished_run} --total-steps 40960")
    assert not (finished_run / "labels.db").exists()
    assert gone in pbrl(f"eval {finished_run} --episodes 2").out


def test_a_run_goes_on_with_other_threads(finished_run, pbrl):
    steps = Run(finished_run).config().total_steps
    outcome = pbrl(f"train --resume {finished_run} --threads 2 --total-steps {steps + 512}")
    assert outcome.code == 0, outcome.err
    assert Run(finished_run).config().threads == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("null", "config.json holds null where settings are expected"),
        ('{"seed": 1, "env": 3}', "missing"),
        ('{"seed": 1, "env": 3, "agent": {}, "reward": {}, "query": {}}', "holds 3 where settings"),
    ],
)
def test_settings_of_another_shape_are_a_sentence(finished_run, refused, settings, said):
    (finished_run / "config.json").write_text(settings)
    message = refused(f"eval {finished_run}")
    assert said in message and str(finished_run) in message


@pytest.mark.parametrize(
    ("part", "name", "value", "said"),
    [
        ("", "total_steps", "abc", 'holds "abc" as total_steps'),
        ("", "total_steps", True, "holds true as total_steps"),
        ("", "seed", 1.5, "holds 1.5 as seed"),
        ("", "annotator", "somebody", 'holds "somebody" as annotator'),
        ("", "teacher", None, "holds null as teacher"),
        ("env", "true_reward", 1, "part 'env', holds 1 as true_reward"),
        ("env", "blanks", [[1, 2, 3]], "part 'env', holds [[1, 2, 3]] as blanks"),
        ("agent", "lr", "3e-4", "part 'agent', holds \"3e-4\" as lr"),
        ("agent", "hidden_sizes", 64, "part 'agent', holds 64 as hidden_sizes"),
        ("agent", "hidden_sizes", [64, 0], "holds 0 as agent.hidden_sizes, but it must be at"),
        ("agent", "gamma", 1.5, "holds 1.5 as agent.gamma, but it must be above 0 and at most 1"),
        ("", "learner_threads", -1, "holds -1 as learner_threads, but it must be at least 0"),
    ],
)
def test_a_setting_that_has_a_value_it_cannot_have_is_a_sentence(
    finished_run, refused, part, name, value, said
):
    settings = json.loads((finished_run / "config.json").read_text())
    (settings[part] if part else settings)[name] = value
    (finished_run / "config.json").write_text(json.dumps(settings))
    message = refused(f"train --resume {finished_run} --total-steps 40960")
    assert said in message and str(finished_run) in message


def test_as_many_threads_as_the_simulator_has_are_a_number(pbrl, finished_run):
    settings = json.loads((finished_run / "config.json").read_text())
    (finished_run / "config.json").write_text(json.dumps(settings | {"learner_threads": 0}))
    assert pbrl(f"eval {finished_run} --episodes 1").code == 0
