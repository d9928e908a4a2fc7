"""Freed memory stays with a process that asks for it, seen from outside."""

import platform
import subprocess
import sys

import pytest

MEGABYTES = """
import resource, sys
import numpy as np
from pbrl.heap import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "keep":
    assert keep_freed_memory()
np.ones(64 * 2**20, np.uint8)
before = faults()
for _ in range(5):
    np.ones(64 * 2**20, np.uint8)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has mallopt")
def test_pages_are_not_taken_anew():
    def taken(how):
        command = [sys.executable, "-c", MEGABYTES, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert taken("keep") < taken("give back") / 10
