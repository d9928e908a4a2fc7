"""What every test runs under."""

import os

# One thread: the networks are small, and several would fight over the cores of a shared machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
