"""Finished runs in little, to be looked at: copies of the run of `pbrl train debug`."""

import json
import shutil
from pathlib import Path

import pytest

from experiments.sweeps.cells import Cell

EVALUATION = {"returns": [1.0, 3.0], "fresh_pairs": 0.8, "clip_correlation": 0.9}


@pytest.fixture
def cell() -> Cell:
    """The cell that the debug run is of."""
    return Cell("debug", 40, 1, 20_480)


@pytest.fixture
def finish(debug_run):
    """Returns a function that puts a finished run of a cell into a folder of runs."""

    def put(cell: Cell, root: Path, **evaluation: object) -> Path:
        run = cell.folder(root) / f"run-seed{cell.seed}"
        shutil.copytree(debug_run, run)
        (run / "config.json").write_text(cell.config().to_json())
        content = json.dumps(EVALUATION | evaluation)
        (cell.folder(root) / "evaluation.json").write_text(content)
        return run

    return put
