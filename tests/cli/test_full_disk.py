"""A disk that fills up: a small file system of its own, made larger afterwards."""

import os
import re
import shutil
import subprocess
import sys

import pytest

SCRIPT = """
set -e
mount -t tmpfs -o size=$2k tmpfs "$1"
pbrl() { "$PYTHON" -m pbrl.cli "$@"; }
set +e
pbrl train debug --runs "$1" $3 2>"$4/full.txt" >&2
echo $? >"$4/code"
mount -o remount,size=64m "$1"
if [ -e "$1"/*/config.json ]; then pbrl train --resume "$1"/* $3 >"$4/resumed.txt" 2>&1; fi
echo $? >"$4/resumed"
cp -r "$1" "$4/runs"
"""
"""Fills a disk of $2 kB at $1, makes room, goes on, and copies all to $4."""
UNSHARE = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])


def can_mount(folder):
    mount = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return shutil.which("unshare") and not subprocess.run(mount, capture_output=True).returncode


@pytest.mark.parametrize(
    ("kilobytes", "what"),
    [
        (40, "The label store .*labels.db failed: database or disk is full"),
        pytest.param(300, "The label store .*labels.db failed: .* full", marks=pytest.mark.slow),
        (600, "Could not write .*/checkpoints/.*: No space left on device"),
    ],
)
def test_a_full_disk_is_a_sentence_and_nothing_is_lost(kilobytes, what, tiny, tmp_path):
    """Full when the run is opened, while it asks, and when it writes a checkpoint."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    if not can_mount(disk):
        pytest.skip("file systems cannot be mounted here")
    command = [*UNSHARE, "bash", "-c", SCRIPT, "bash", disk, str(kilobytes), tiny, out]
    environment = os.environ | {"PYTHON": sys.executable}
    subprocess.run([str(part) for part in command], check=True, env=environment)
    said = (out / "full.txt").read_text()
    assert (out / "code").read_text() == "2\n", said
    assert re.search(f"^pbrl: {what}", said, re.MULTILINE), said
    assert "Traceback" not in said
    assert (out / "resumed").read_text() == "0\n"
    if kilobytes > 40:  # there was a run to go on with
        assert list(out.glob("runs/*/checkpoints/step_000000001024"))
