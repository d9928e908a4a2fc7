"""Windows that repaint only what has changed: 60 looks a second cost little, also over a network.

A window is a list of regions. Each says by its signature what it would show, and is painted and
sent to the screen only when that differs from what is there.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import pygame

from labeling_ui import theme
from labeling_ui.actions import Action

Rect = pygame.Rect


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a window."""

    name: str
    """Its identity from one look to the next."""
    rect: Rect
    """Where it is."""
    signature: Hashable
    """What it shows."""
    paint: Callable[[pygame.Surface], None]
    """Paints it, on ground that was wiped."""
    ground: theme.Colour = theme.GROUND
    """The colour that it is wiped with."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place that does something when it is clicked."""

    rect: Rect
    """Where it is."""
    action: Action | None
    """What it does; None: it is scrubbed."""


class Painter:
    """Paints regions onto a window and remembers what they showed."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[tuple[int, ...], Hashable]] = {}
        self._set: tuple[object, ...] = ()

    def forget(self) -> None:
        """Paints everything at the next look."""
        self._set = ()

    def paint(self, surface: pygame.Surface, regions: Sequence[Region]) -> list[Rect]:
        """Paints what has changed and returns where that was."""
        places = tuple((region.name, *region.rect) for region in regions)
        if places != self._set:
            surface.fill(theme.GROUND)
            self._shown, self._set = {}, places
            changed = [surface.get_rect()]
        else:
            changed = []
        for region in regions:
            if self._shown.get(region.name) == (tuple(region.rect), region.signature):
                continue
            surface.set_clip(region.rect)
            surface.fill(region.ground, region.rect)
            region.paint(surface)
            surface.set_clip(None)
            self._shown[region.name] = tuple(region.rect), region.signature
            changed.append(region.rect)
        return changed


def target_at(targets: Sequence[Target], place: tuple[int, int]) -> Target | None:
    """Returns what a place would do, or None."""
    return next((target for target in targets if target.rect.collidepoint(place)), None)
