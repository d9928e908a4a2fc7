"""Keys: the paper's by default, others by a file, mistakes in it as sentences."""

import pygame
import pytest

from labeling_ui.actions import Action
from labeling_ui.keys import DEFAULTS, Keys, label_of, read_keys
from pbrl.errors import ConfigError


def written(tmp_path, text):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("code", "modifiers", "character", "action"),
    [
        (pygame.K_LEFT, 0, "", Action.LEFT),
        (pygame.K_RIGHT, 0, "", Action.RIGHT),
        (pygame.K_UP, 0, "", Action.TIE),
        (pygame.K_DOWN, 0, "", Action.CANT_TELL),
        (pygame.K_LEFT, pygame.KMOD_LSHIFT, "", Action.MUCH_LEFT),
        (pygame.K_RIGHT, pygame.KMOD_RSHIFT, "", Action.MUCH_RIGHT),
        (pygame.K_SPACE, 0, " ", Action.PAUSE),
        (pygame.K_r, 0, "r", Action.RESTART),
        (pygame.K_r, pygame.KMOD_CAPS, "R", Action.RESTART),
        (pygame.K_EQUALS, pygame.KMOD_LSHIFT, "+", Action.FASTER),
        (pygame.K_EQUALS, 0, "=", Action.FASTER),
        (pygame.K_MINUS, 0, "-", Action.SLOWER),
        (pygame.K_KP_PLUS, 0, "+", Action.FASTER),
        (pygame.K_COMMA, 0, ",", Action.STEP_BACK),
        (pygame.K_BACKSPACE, 0, "\b", Action.UNDO),
        (pygame.K_ESCAPE, 0, "\x1b", Action.QUIT),
        (pygame.K_RETURN, 0, "\r", Action.GO_ON),
        (pygame.K_KP_ENTER, 0, "\r", Action.GO_ON),
        (pygame.K_F1, 0, "", Action.HELP),
        (pygame.K_LEFT, pygame.KMOD_LCTRL, "", None),
        (pygame.K_x, 0, "x", None),
        (pygame.K_LSHIFT, pygame.KMOD_LSHIFT, "", None),
    ],
)
def test_the_default_keys(code, modifiers, character, action):
    assert Keys(DEFAULTS).find(code, modifiers, character) is action


def test_no_key_means_two_things():
    names = [name for names in DEFAULTS.values() for name in names]
    assert len(names) == len(set(names))
    assert set(DEFAULTS) == set(Action)


def test_a_file_changes_some_keys_and_leaves_the_others(tmp_path):
    text = '[keys]\nleft = ["left", "a"]\nundo = "ctrl+z"\ntie = "r"\n'
    keys = read_keys(written(tmp_path, text))
    assert keys.find(pygame.K_a, 0, "a") is Action.LEFT
    assert keys.find(pygame.K_z, pygame.KMOD_LCTRL, "\x1a") is Action.UNDO
    assert keys.find(pygame.K_BACKSPACE, 0, "\b") is None
    assert keys.find(pygame.K_r, 0, "r") is Action.TIE  # and not restart any more
    assert keys.label(Action.RESTART) == ""
    assert keys.find(pygame.K_RIGHT, 0, "") is Action.RIGHT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[keys]\nlfet = "a"', "no action 'lfet'. Did you mean left"),
        ('[keys]\nleft = "lft"', "no key 'lft'. Did you mean left"),
        ('[keys]\nleft = "a"\ntie = "a"', "'a' is given to both left and tie"),
        ('[keys]\nleft = "meta+a"', "'meta' cannot be held"),
        ("[keys]\nleft = 3", "must be a key"),
        ('left = "a"', "needs one part, .keys."),
        ("[keys", "is not TOML"),
        ('[keys]\nundo = ["q", "escape"]', "no key is left for quit"),
    ],
)
def test_mistakes_in_a_file_are_sentences(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        read_keys(written(tmp_path, text))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_keys(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "label"),
    [("left", "←"), ("shift+left", "Shift ←"), ("u", "U"), ("+", "+"), ("ctrl++", "Ctrl +")],
)
def test_keys_are_written_as_on_a_keyboard(name, label):
    assert label_of(name) == label
