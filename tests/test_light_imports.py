"""What a labeller's machine loads: store, feedback and annotators need no learner."""

import subprocess
import sys

LIGHT = (
    "pbrl.segments",
    "pbrl.buffer",
    "pbrl.likelihood",
    "pbrl.feedback",
    "pbrl.store",
    "pbrl.annotators",
)
HEAVY = ("torch", "stable_baselines3", "gymnasium", "mujoco")


def test_they_load_without_torch_stable_baselines3_or_a_simulator():
    program = (
        f"import sys, {', '.join(LIGHT)}\nprint([name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
