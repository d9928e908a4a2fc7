"""How two clips run beside one another: looping in step, paused, slower, frame by frame."""

from dataclasses import dataclass

SPEEDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Times the task's own rate."""
HOLD_SECONDS = 0.35
"""How long the last frame stands before the clips begin again, so that the end is seen."""


@dataclass(slots=True)
class Playback:
    """Where the clips stand; time enters by `tick` alone."""

    frames: int
    """Frames of the longer clip, at least 1."""
    fps: float
    """Frames a second at speed 1."""
    speed: float = 1.0
    """Times the task's own rate, one of `SPEEDS`."""
    playing: bool = True
    """Whether the clips run."""
    position: float = 0.0
    """Frames since the beginning; beyond the last while that one is held."""

    @property
    def index(self) -> int:
        """Returns the frame to show, 0 to `frames` - 1."""
        return min(int(self.position), self.frames - 1)

    @property
    def fraction(self) -> float:
        """Returns how far the clips have run, 0 to 1."""
        return self.index / max(self.frames - 1, 1)

    def tick(self, seconds: float) -> None:
        """Lets time pass."""
        if self.playing and self.frames > 1:
            self.position += seconds * self.fps * self.speed
            if self.position >= self.frames + HOLD_SECONDS * self.fps * self.speed:
                self.position = 0.0

    def begin(self, frames: int, fps: float) -> None:
        """Starts other clips from their beginning, running, at the speed chosen before."""
        self.frames, self.fps = max(frames, 1), fps
        self.position, self.playing = 0.0, True

    def restart(self) -> None:
        """Runs from the beginning."""
        self.position, self.playing = 0.0, True

    def toggle(self) -> None:
        """Pauses, or goes on."""
        self.playing = not self.playing

    def step(self, frames: int) -> None:
        """Pauses and moves by some frames, around the end where need be."""
        self.playing = False
        self.position = float((self.index + frames) % self.frames)

    def scrub(self, fraction: float) -> None:
        """Pauses at a place between 0, the beginning, and 1, the end."""
        self.playing = False
        self.position = float(round(min(max(fraction, 0.0), 1.0) * (self.frames - 1)))

    def change_speed(self, steps: int) -> None:
        """Takes the next faster (+1) or slower (-1) speed, if there is one."""
        at = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
