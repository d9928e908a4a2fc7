"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    steps: int
    """Environment steps of each training."""
    tiny: bool
    """Without peers that must be installed, and as little as possible."""

    @property
    def trial_steps(self) -> int:
        """Environment steps of each training that looks for the fastest settings."""
        return min(self.steps, 40_960)
