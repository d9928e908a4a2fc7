"""The list of mutants fits the source as it is; `make mutants` runs them."""

import ast
import importlib
from pathlib import Path

import pytest

import envs
import experiments
import labeling_ui
import pbrl

ROOT = Path(__file__).resolve().parents[1]
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(ROOT / "tests")
    mutants = importlib.import_module("mutants")
MUTANTS, Mutant = mutants.MUTANTS, mutants.Mutant


def test_the_code_under_test_lies_beside_its_tests():
    """In a copy of the repository too: a mutant must not be judged by the installed code."""
    for package in (pbrl, envs, experiments, labeling_ui):
        assert Path(package.__file__).resolve().parents[1] == ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place_and_stays_python(mutant):
    source = (ROOT / mutant.file).read_text()
    assert source.count(mutant.old) == 1
    broken = source.replace(mutant.old, mutant.new)
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("test", sorted({t for m in MUTANTS for t in m.tests.split()}))
def test_its_tests_exist(test):
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_one_has_a_name_of_its_own():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 40


@pytest.mark.parametrize(
    ("old", "new", "killed", "how"),
    [
        ("return 1", "return 2", True, "killed by test_it.py::test_one"),
        ("return 1", "return 1.0", False, "SURVIVED"),
        ("return 1", "return (", False, "BROKEN"),
        ("return 3", "return 4", False, "OUTDATED"),
    ],
)
def test_what_becomes_of_a_mutant(tmp_path, old, new, killed, how):
    (tmp_path / "one.py").write_text("def one():\n    return 1\n")
    (tmp_path / "test_it.py").write_text(
        "import one\n\n\ndef test_one():\n    assert one.one() == 1\n"
    )
    outcome = mutants.judged(Mutant("name", "one.py", old, new, "test_it.py"), tmp_path)
    assert (outcome.killed, outcome.how[: len(how)]) == (killed, how)
    assert (tmp_path / "one.py").read_text() == "def one():\n    return 1\n"
