"""`docs/recipe.md` names code and tests that are there, and a mutant for each mistake."""

import ast
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "recipe.md").read_text()
REFERENCES = sorted(set(re.findall(r"`([\w/]+\.py(?:::[\w.]+)?)`", TEXT)))
NAMES_TESTS = re.compile(r"(`tests/[\w/]+\.py::test_\w+`(, )?)+")
MUTANTS = runpy.run_path(str(ROOT / "tests" / "mutant_list.py"))["MUTANTS"]


def rows(title):
    """Returns the rows of the table under a heading, as lists of cells."""
    section = TEXT.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def defined(tree):
    """Returns the names that a module, or a class in it, defines."""
    names = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("reference", REFERENCES)
def test_what_it_names_is_there(reference):
    file, _, name = reference.partition("::")
    node = ast.parse((ROOT / file).read_text())
    for part in name.split(".") if name else ():
        assert part in defined(node)
        node = defined(node)[part]


@pytest.mark.parametrize("row", rows("What the paper says"), ids=lambda row: row[0])
def test_each_line_names_its_section_its_code_and_its_tests(row):
    _, section, code, tests = row
    assert re.fullmatch(r"[\dAB.]+(, [\dAB.]+)*", section)
    assert code.startswith("`")
    assert NAMES_TESTS.fullmatch(tests)


@pytest.mark.parametrize("row", rows("What it says of games"), ids=lambda row: row[0])
def test_each_line_on_games_names_its_code_and_its_tests(row):
    _, code, tests = row
    assert code.startswith("`")
    assert NAMES_TESTS.fullmatch(tests)


def test_each_mistake_has_tests_and_a_mutant():
    numbers = [int(row[0]) for row in rows("Mistakes that have been made elsewhere")]
    assert numbers == list(range(1, 20))
    for number, _, tests in rows("Mistakes that have been made elsewhere"):
        assert NAMES_TESTS.fullmatch(tests)
        assert any(mutant.name.startswith(f"mistake {number}:") for mutant in MUTANTS)


def test_each_departure_says_where_and_why():
    for what, where, why in rows("Departures, and gaps filled"):
        assert what
        assert where.startswith("`")
        assert len(why) > 20
