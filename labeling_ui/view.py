"""What the labelling window needs to know to paint itself."""

from dataclasses import dataclass

from labeling_ui.keys import Keys
from labeling_ui.layout import Layout
from labeling_ui.messages import DeskStatus, Opened
from labeling_ui.pictures import Pictures
from labeling_ui.regions import Target
from labeling_ui.session import Session


@dataclass(frozen=True, slots=True)
class View:
    """One look at the window."""

    session: Session
    """What the person does."""
    status: DeskStatus
    """How the run stands."""
    opened: Opened | None
    """The run; None while it is being found."""
    pictures: Pictures
    """The clips' pictures."""
    keys: Keys
    """Which key does what."""
    annotator: str
    """Who answers."""
    layout: Layout
    """Where things stand."""
    hovered: Target | None
    """What the mouse is over."""
    moment: float
    """Seconds since the window was opened."""

    def hovers(self, target: Target) -> bool:
        """Returns whether the mouse is over a target."""
        return self.hovered is not None and self.hovered.rect == target.rect
