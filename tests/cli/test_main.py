import os
import subprocess
import sys
import types


def test_without_a_verb_it_explains_itself(pbrl):
    outcome = pbrl("")
    assert outcome.code == 2
    for word in ("train", "eval", "doctor"):
        assert word in outcome.out


def test_a_wrong_verb_is_refused(pbrl):
    outcome = pbrl("trian debug")
    assert outcome.code == 2
    assert "trian" in outcome.err and "train" in outcome.err


def test_it_knows_its_version(pbrl):
    assert pbrl("--version").out.startswith("pbrl 0.")


def test_another_package_of_the_name_envs_is_refused(refused, monkeypatch):
    other = types.ModuleType("envs")
    other.__file__ = "/site-packages/envs/__init__.py"
    monkeypatch.setitem(sys.modules, "envs", other)
    assert "/site-packages/envs/__init__.py is not the one of pbrl" in refused("train debug")


def test_a_drawing_backend_that_mujoco_does_not_know_is_a_sentence():
    """In a process of its own: MuJoCo reads the variable when it is imported."""
    command = [sys.executable, "-m", "pbrl.cli", "doctor"]
    environment = {**os.environ, "MUJOCO_GL": "nonsense"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("pbrl: MuJoCo does not know the value of MUJOCO_GL, 'nonsense'")
    assert done.stderr.count("\n") == 1


def test_a_reader_who_has_gone_is_no_error():
    """As in `pbrl runs | head`, with a pipe whose other end is closed before it says anything."""
    command = [sys.executable, "-m", "pbrl.cli", "--version"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_seed_below_0_is_refused(pbrl):
    assert "-1 is not a whole number, 0 or more" in pbrl("watch somewhere --seed=-1").err
