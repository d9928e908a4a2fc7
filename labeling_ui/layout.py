"""Where things stand in the labelling window, for any size of it."""

from dataclasses import dataclass

import pygame

from labeling_ui.theme import Scale

Rect = pygame.Rect

SIDEBAR = 284
MARGIN = 24
GAP = 16
WIDEST = 4 / 3
"""Width over height of a clip, at most."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The window's parts, in pixels."""

    scale: Scale
    """Of the window."""
    window: Rect
    """All of it."""
    main: Rect
    """All but the sidebar."""
    header: Rect
    """The task and what to look for."""
    clips: tuple[Rect, Rect]
    """The left clip and the right one."""
    stage: Rect
    """Where the clips stand, with what lies between and beside them."""
    player: Rect
    """Play, scrub, speed."""
    answers: Rect
    """The answers' buttons."""
    legend: Rect
    """The other keys."""
    sidebar: Rect
    """How the run stands."""


def lay_out(width: int, height: int) -> Layout:
    """Returns the parts of a window of `width` by `height` pixels."""
    scale = Scale.of_window(width, height)
    margin, gap = scale(MARGIN), scale(GAP)
    main = Rect(0, 0, width - scale(SIDEBAR), height)
    inside = Rect(margin, 0, main.width - 2 * margin, height)
    header = Rect(inside.left, scale(20), inside.width, scale(76))
    legend = Rect(inside.left, height - scale(48), inside.width, scale(36))
    answers = Rect(inside.left, legend.top - scale(64), inside.width, scale(52))
    player = Rect(inside.left, answers.top - scale(42), inside.width, scale(30))
    top = header.bottom + scale(8)
    stage = Rect(inside.left, top, inside.width, player.top - scale(12) - top)
    wide = max(1, min((stage.width - gap) // 2, round(stage.height * WIDEST)))
    tall = max(1, min(stage.height, round(wide * 1.1)))
    y = stage.top + (stage.height - tall) // 2
    middle = stage.centerx
    clips = (
        Rect(middle - gap // 2 - wide, y, wide, tall),
        Rect(middle + gap - gap // 2, y, wide, tall),
    )
    return Layout(
        scale=scale,
        window=Rect(0, 0, width, height),
        main=main,
        header=header,
        clips=clips,
        stage=stage,
        player=player,
        answers=answers,
        legend=legend,
        sidebar=Rect(main.right, 0, width - main.right, height),
    )
