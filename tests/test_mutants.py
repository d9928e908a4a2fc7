"""The list of mutants fits the source as it is; `make mutants` runs them."""

import ast
import runpy
from pathlib import Path

import pytest

import envs
import experiments
import pbrl

ROOT = Path(__file__).resolve().parents[1]
MUTANTS = runpy.run_path(str(ROOT / "tests" / "mutant_list.py"))["MUTANTS"]


def test_the_code_under_test_lies_beside_its_tests():
    """In a copy of the repository too: a mutant must not be judged by the installed code."""
    for package in (pbrl, envs, experiments):
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
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in functions if name else any(name.startswith("test_") for name in functions)


def test_every_one_has_a_name_of_its_own():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 40
