"""The set-up: the Makefile's commands, the pins, and the files that must agree with one another."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(pin.name): pin
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
    for pin in [Requirement(line)]
}
REQUIREMENTS = [
    text
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in group
]


def make(*words, cwd):
    # These tests run under `make test` too, whose own variables (TORCH, say) are not to reach them.
    inherited = ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "TORCH", "PYTHON")
    env = {name: value for name, value in os.environ.items() if name not in inherited}
    done = subprocess.run(
        ["make", *map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def clone(tmp_path):
    """A folder with what the first steps of the set-up read."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("document", ["README.md"])
def test_each_make_command_that_is_documented_exists(document):
    targets = re.findall(r"\bmake ([a-z]+)\b", (ROOT / document).read_text())
    assert {"run", "test"} <= set(targets)
    for target in targets:
        code, _, complaint = make("-n", target, cwd=ROOT)
        assert code == 0, complaint


def test_help_lists_the_commands():
    _, listed, _ = make("help", cwd=ROOT)
    assert {"help", "run", "test", "mutants", "kills", "format", "clean"} == {
        line.split()[0] for line in listed.splitlines()
    }


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0)])
def test_an_unsupported_python_is_refused_in_a_sentence(clone, version):
    number = ".".join(map(str, version))
    python = clone / "other-python"
    pretend = (
        f"import sys; sys.version_info = {version}; sys.version = '{number} '; exec(sys.argv[1])"
    )
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$2"\n')
    python.chmod(0o755)
    code, _, complaint = make("run", f"PYTHON={python}", cwd=clone)
    assert code != 0
    assert f"Python {number} found, 3.11 to 3.13 needed" in complaint
    assert not (clone / ".venv").exists()


def test_another_torch_replaces_the_pin_and_only_a_change_renews_the_set_up(clone):
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").touch()
    effective = clone / ".venv" / "constraints.txt"

    def written(*words):
        code, _, complaint = make(".venv/constraints.txt", *words, cwd=clone)
        assert code == 0, complaint
        return effective.read_text().splitlines(), effective.stat().st_mtime_ns

    pins, first = written()
    assert sorted(pins) == sorted((clone / "constraints.txt").read_text().splitlines())
    assert written() == (pins, first)
    others, second = written("TORCH=torch==2.14.0")
    assert set(others) - set(pins) == {"torch==2.14.0"}
    assert set(pins) - set(others) == {"torch==2.13.0"}
    assert second > first


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_each_requirement_has_a_pin_that_meets_it(text):
    requirement = Requirement(text)
    (pin,) = PINS[canonicalize_name(requirement.name)].specifier
    assert pin.operator == "=="
    assert requirement.specifier.contains(pin.version)


def test_pins_are_sorted_and_torch_names_no_build():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]
    assert lines == sorted(lines, key=str.casefold)
    assert str(PINS["torch"]) == "torch==2.13.0"


def test_missing_debian_packages_are_named_in_one_line(tmp_path):
    """Without apt-get in the PATH: what is there is left alone, what is not is named."""
    for tool in ("sh", "id", "grep", "ldconfig"):
        found = shutil.which(tool, path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
        if found:
            (tmp_path / tool).symlink_to(found)
    done = subprocess.run(
        ["sh", ROOT / "scripts" / "debian_packages.sh"]
        + ["here=/bin/sh", "libc6=libc.so.6", "absent=/no/such/file", "libabsent=libabsent.so.1"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stderr == "Missing system packages; as root: apt-get install absent libabsent\n"


def test_version_and_licence_agree_everywhere():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {PROJECT['version']}\n" in citation
    assert f"\nlicense: {PROJECT['license']}\n" in citation
    assert (ROOT / "LICENSE").read_text().startswith(f"{PROJECT['license']} License")
    assert PROJECT["version"] in (ROOT / "CHANGELOG.md").read_text()
