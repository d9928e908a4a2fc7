"""The window's parts fit into it, at any size, and its words into them at 1280 by 720."""

import pygame
import pytest

from labeling_ui import controls, lettering, widgets
from labeling_ui.layout import lay_out
from labeling_ui.theme import Scale
from labeling_ui.window import first_size

SIZES = [(1280, 720), (1024, 600), (1920, 1080), (3840, 2160), (900, 1200), (2560, 800), (640, 360)]


@pytest.fixture(autouse=True)
def fonts():
    pygame.font.init()


@pytest.mark.parametrize("size", SIZES)
def test_the_parts_lie_in_the_window_and_apart(size):
    layout = lay_out(*size)
    stacked = [layout.header, layout.stage, layout.player, layout.answers, layout.legend]
    for part in [*stacked, *layout.clips, layout.sidebar]:
        assert layout.window.contains(part)
    for upper, lower in zip(stacked, stacked[1:], strict=False):
        assert upper.bottom <= lower.top
    left, right = layout.clips
    assert left.size == right.size
    assert left.right < right.left
    assert layout.stage.contains(left) and layout.stage.contains(right)
    assert not layout.sidebar.colliderect(right)


@pytest.mark.parametrize("size", [(500, 100), (140, 400), (1, 1)])
def test_clips_have_a_size_however_small_the_window(size):
    assert all(min(clip.size) >= 1 for clip in lay_out(*size).clips)


@pytest.mark.parametrize("size", [size for size in SIZES if size[0] > size[1]])
def test_the_clips_take_most_of_the_room(size):
    layout = lay_out(*size)
    area = sum(clip.width * clip.height for clip in layout.clips)
    assert area > 0.6 * min(layout.stage.width * layout.stage.height, 2 * layout.stage.height**2)


def test_every_key_of_the_legend_fits_at_the_smallest_size_that_is_promised():
    scale, legend = Scale.of_window(1280, 720), lay_out(1280, 720).legend
    width = sum(widgets.text_width(scale, word, 13) for _, word in controls.LEGEND)
    width += sum(widgets.keycap_width(scale, "Space", 12) + scale(6) for _ in controls.LEGEND)
    assert width < legend.width


def test_words_in_other_scripts_have_a_font():
    scale = Scale(1.0)
    assert widgets.text_width(scale, "走り", 20) > 0
    assert scale.font(20, text="走り") is not scale.font(20, text="run")


def test_a_long_text_is_broken_and_a_long_line_is_cut():
    scale = Scale(1.0)
    lines = widgets.wrapped(scale, "one two three four five six", 20, 100)
    assert len(lines) > 1
    assert " ".join(lines) == "one two three four five six"
    cut = widgets.shortened(scale, "one two three four five six", 20, 100)
    assert cut.endswith("…")
    assert widgets.text_width(scale, cut, 20) <= 100


def test_a_word_that_is_too_long_is_broken_and_loses_no_letter():
    scale, path = Scale(1.0), "/home/somebody/with/a/long/path/to/runs/hopper-0001"
    lines = widgets.wrapped(scale, f"Go on with: pbrl train --resume {path}", 14, 120)
    assert all(widgets.text_width(scale, line, 14) <= 120 for line in lines)
    assert "".join(lines).endswith(path)


def test_a_paragraph_without_room_ends_in_an_ellipsis(monkeypatch):
    said = []
    monkeypatch.setattr(lettering, "text", lambda *given, **_: said.append(given[3]))
    words, surface = "one two three four five six", pygame.Surface((200, 200))
    lettering.paragraph(surface, Scale(1.0), pygame.Rect(0, 0, 100, 60), words, size=20)
    assert 0 < len(said) < 4
    assert said[-1].endswith("…")
    said.clear()
    lettering.paragraph(surface, Scale(1.0), pygame.Rect(0, 0, 100, 200), words, size=20)
    assert " ".join(said) == words


@pytest.mark.parametrize(
    ("screen", "window"),
    [((1920, 1080), (1280, 720)), ((3840, 2160), (2560, 1440)), ((1024, 600), (1024, 600))],
)
def test_a_new_window_suits_the_screen(screen, window):
    assert first_size(*screen) == window
