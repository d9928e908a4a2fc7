"""How much is measured."""

from dataclasses import dataclass

from pbrl.errors import ConfigError

LEAST_STEPS, LEAST_TINY_STEPS = 40_960, 8192
"""Below these a run with labels has hardly learnt before it ends."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    steps: int
    """Environment steps of each training."""
    tiny: bool
    """Without peers that must be installed, and as little as possible."""

    def __post_init__(self) -> None:
        """Checks the steps."""
        least = LEAST_TINY_STEPS if self.tiny else LEAST_STEPS
        if self.steps < least:
            raise ConfigError(f"--steps is {self.steps:,}, but must be at least {least:,}.")

    @property
    def trial_steps(self) -> int:
        """Environment steps of each training that looks for the fastest settings."""
        return LEAST_STEPS
