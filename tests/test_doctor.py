"""The doctor, on this machine and on one where everything is broken."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from pbrl import doctor

DUMP = """
import dataclasses, json, sys
if "--without-torch" in sys.argv:
    sys.modules["torch"] = None
from pbrl import doctor
assert sys.modules.get("torch") is None, "importing the doctor imports torch"
print(json.dumps([dataclasses.asdict(finding) for finding in doctor.examine()]))
print(doctor.report(), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def examined():
    return doctor.examine()


@pytest.fixture(scope="module")
def findings(examined):
    return {finding.what: finding for finding in examined}


def test_each_thing_is_looked_at_once_and_what_is_broken_has_a_remedy(examined, findings):
    assert len(findings) == len(examined)
    assert all(finding.detail for finding in examined)
    assert all(finding.ok or finding.remedy for finding in examined)


def test_this_machine_can_do_what_the_other_tests_need(findings):
    for what in ("Python", "tasks", "torch", "ffmpeg", "pygame", "opencv-python"):
        assert findings[what].ok, findings[what]


def test_a_frame_is_drawn(findings):
    assert findings["drawing"].ok, findings["drawing"]
    assert findings["drawing"].detail.startswith("offscreen under ")


def test_the_report_says_all_that_was_found(examined):
    console = Console(file=io.StringIO(), width=250)
    code = doctor.report(console)
    text = console.file.getvalue()
    assert code == (0 if all(finding.ok for finding in examined) else 1)
    for finding in examined:
        assert finding.what in text
        assert finding.remedy in text


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What is found where another `envs`, pygame-ce and no compiler, torch or screen are."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "envs.py").write_text("")
    for name in ("pygame_ce-2.5.6", "opencv_python_headless-4.13.0"):
        information = folder / f"{name}.dist-info"
        information.mkdir()
        distribution, version = name.split("-")
        (information / "METADATA").write_text(f"Name: {distribution}\nVersion: {version}\n")
    done = subprocess.run(
        [sys.executable, "-c", DUMP, "--without-torch"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "1", "a broken machine is exit code 1"
    found = json.loads(done.stdout.splitlines()[0])
    return {finding["what"]: finding for finding in found}


def test_another_package_named_envs_is_noticed(broken):
    assert not broken["tasks"]["ok"]
    assert "envs.py, which is not pbrl's" in broken["tasks"]["detail"]


def test_a_failed_frame_says_why_for_each_backend(broken):
    assert not broken["drawing"]["ok"]
    assert "egl: AttributeError" in broken["drawing"]["detail"]
    assert "osmesa: AttributeError" in broken["drawing"]["detail"]
    assert "libegl1" in broken["drawing"]["remedy"]


@pytest.mark.parametrize(
    ("ours", "other"),
    [("pygame", "pygame-ce"), ("opencv-python", "opencv-python-headless")],
)
def test_two_packages_that_write_the_same_files_are_noticed(broken, ours, other):
    assert not broken[ours]["ok"]
    assert broken[ours]["detail"] == f"installed: {ours}, {other}"
    assert broken[ours]["remedy"] == f"pip uninstall {ours} {other}, then pip install {ours}"


def test_what_only_some_of_the_work_needs_is_no_fault(broken):
    for what in ("torch", "compiler", "display"):
        assert broken[what]["ok"], broken[what]
        assert broken[what]["remedy"], broken[what]


def test_a_backend_that_the_user_names_is_the_only_one_tried(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "disable")
    drawing = {finding.what: finding for finding in doctor.examine()}["drawing"]
    assert not drawing.ok
    assert drawing.detail.startswith("disable: ")
    assert "egl:" not in drawing.detail


def test_a_display_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")
    found = {finding.what: finding for finding in doctor.examine()}["display"]
    assert found.ok and found.detail.startswith(":4711 does not answer")
    assert "ssh -X" in found.remedy
