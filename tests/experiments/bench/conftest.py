"""Drivers that are made up."""

import pytest

from experiments.bench import running


@pytest.fixture
def drivers(tmp_path, monkeypatch):
    """A folder with drivers: one echoes, one fails, one waits together with a child."""
    monkeypatch.setattr(running, "DRIVERS", tmp_path)
    start = "import json, os, sys\nsettings = json.loads(sys.argv[1])\n"
    (tmp_path / "echo.py").write_text(
        f"{start}print('loading')\n"
        "threads = os.environ['OMP_NUM_THREADS']\n"
        "print(json.dumps({'value': settings['number'], 'threads': threads}))"
    )
    (tmp_path / "fails.py").write_text("raise ValueError('no such task')")
    (tmp_path / "waits.py").write_text(
        f"{start}import subprocess\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "open(settings['file'], 'w').write(f'{child.pid}\\n')\n"
        "child.wait()"
    )
    return tmp_path
