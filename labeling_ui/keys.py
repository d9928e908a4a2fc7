"""Which key does what: the paper's keys by default, others by a TOML file.

    [keys]
    left = ["left", "a"]     # one key or several
    tie = "t"
    undo = "ctrl+z"

An action that the file does not name keeps its keys, unless the file gives them to another.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygame

from labeling_ui.actions import MEANINGS, Action
from pbrl.errors import ConfigError, nearest

DEFAULTS: dict[Action, tuple[str, ...]] = {
    Action.LEFT: ("left",),
    Action.RIGHT: ("right",),
    Action.TIE: ("up",),
    Action.CANT_TELL: ("down",),
    Action.MUCH_LEFT: ("shift+left",),
    Action.MUCH_RIGHT: ("shift+right",),
    Action.PAUSE: ("space",),
    Action.RESTART: ("r",),
    Action.STEP_BACK: (",",),
    Action.STEP_FORWARD: (".",),
    Action.SLOWER: ("-",),
    Action.FASTER: ("+", "="),
    Action.UNDO: ("u", "backspace"),
    Action.BROWSE: ("b",),
    Action.HELP: ("h", "f1"),
    Action.GO_ON: ("enter",),
    Action.QUIT: ("q", "escape"),
}
MODIFIERS: dict[str, int] = {
    "shift": pygame.KMOD_SHIFT,
    "ctrl": pygame.KMOD_CTRL,
    "alt": pygame.KMOD_ALT,
}
CODES: dict[str, int] = {
    "left": pygame.K_LEFT,
    "right": pygame.K_RIGHT,
    "up": pygame.K_UP,
    "down": pygame.K_DOWN,
    "space": pygame.K_SPACE,
    "enter": pygame.K_RETURN,
    "backspace": pygame.K_BACKSPACE,
    "escape": pygame.K_ESCAPE,
    "tab": pygame.K_TAB,
    "delete": pygame.K_DELETE,
    "insert": pygame.K_INSERT,
    "home": pygame.K_HOME,
    "end": pygame.K_END,
    "pageup": pygame.K_PAGEUP,
    "pagedown": pygame.K_PAGEDOWN,
    **{f"f{n}": getattr(pygame, f"K_F{n}") for n in range(1, 13)},
}
"""Keys that have a name; every other key is named by the character that it types."""
LABELS: dict[str, str] = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "Esc",
    "pageup": "Page up",
    "pagedown": "Page down",
    "-": "–",
}
"""How keys are written on the screen where that is not their name."""
SAME_KEY: dict[int, int] = {
    pygame.K_KP_ENTER: pygame.K_RETURN,
    pygame.K_KP4: pygame.K_LEFT,
    pygame.K_KP6: pygame.K_RIGHT,
    pygame.K_KP8: pygame.K_UP,
    pygame.K_KP2: pygame.K_DOWN,
}
"""Keys of the number pad that do what others do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of each action, and the other way round."""

    by_action: Mapping[Action, tuple[str, ...]]
    """Names of keys; several do the same."""

    def find(self, code: int, modifiers: int, character: str) -> Action | None:
        """Returns what a pressed key means, or None.

        Args:
            code: pygame's code of the key.
            modifiers: pygame's mask of the keys that are held besides.
            character: What the key types, with its modifiers.
        """
        code = SAME_KEY.get(code, code)
        typed = character.lower() if character.isprintable() else ""
        if not typed and 32 < code < 127:  # with ctrl held, a key types a control character
            typed = chr(code)
        name = next((name for name, known in CODES.items() if known == code), typed)
        held = [word for word, mask in MODIFIERS.items() if modifiers & mask]
        if name not in CODES and "shift" in held and not name.isalnum():
            held.remove("shift")  # it is part of the character, as in +
        pressed = "+".join([*held, name])
        return next((a for a, names in self.by_action.items() if name and pressed in names), None)

    def label(self, action: Action) -> str:
        """Returns the first key of an action as it is written on the screen; empty if none."""
        names = self.by_action.get(action, ())
        return label_of(names[0]) if names else ""


def label_of(name: str) -> str:
    """Returns a key's name as it is written on the screen."""
    *held, key = split(name)
    shown = LABELS.get(key, key.capitalize() if len(key) > 1 else key.upper())
    return " ".join([*(word.capitalize() for word in held), shown])


def split(name: str) -> list[str]:
    """Returns the modifiers of a key's name and, last, the key itself, which may be +."""
    if name.endswith("+"):
        return [*name[:-1].rstrip("+").split("+"), "+"] if len(name) > 1 else ["+"]
    return name.split("+")


def read_keys(path: Path | None) -> Keys:
    """Returns the keys of a file, or the default ones.

    Raises:
        ConfigError: The file cannot be read, or names an action or a key that is none, or gives
            one key to two actions.
    """
    if path is None:
        return Keys(DEFAULTS)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The file of keys {path} cannot be read: {reason}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The file of keys {path} is not TOML: {error}.") from error
    entries = table.get("keys")
    if not isinstance(entries, dict) or set(table) != {"keys"}:
        raise ConfigError(
            f'The file of keys {path} needs one part, [keys], with lines such as tie = "t".'
        )
    chosen: dict[Action, tuple[str, ...]] = {}
    for word, value in entries.items():
        chosen[_action(word, path)] = _names(word, value, path)
    return Keys(_joined(chosen, path))


def _action(word: str, path: Path) -> Action:
    try:
        return Action(word)
    except ValueError:
        known = nearest(word, [action.value for action in Action])
        raise ConfigError(f"{path}: there is no action {word!r}. {known}") from None


def _names(word: str, value: object, path: Path) -> tuple[str, ...]:
    """Returns the names of keys of one line."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f'{path}: {word} must be a key, "a", or several, ["a", "b"].')
    for name in names:
        *held, key = split(name.lower())
        if key not in CODES and len(key) != 1:
            raise ConfigError(f"{path}: {word}: there is no key {key!r}. {nearest(key, CODES)}")
        for word_held in held:
            if word_held not in MODIFIERS:
                raise ConfigError(
                    f"{path}: {word}: {word_held!r} cannot be held with a key. "
                    f"There is: {', '.join(MODIFIERS)}."
                )
    order = list(MODIFIERS)
    parts = [split(name.lower()) for name in names]
    return tuple("+".join([*sorted(held, key=order.index), key]) for *held, key in parts)


def _joined(chosen: dict[Action, tuple[str, ...]], path: Path) -> dict[Action, tuple[str, ...]]:
    """Returns the chosen keys with the default ones that are still free."""
    owner: dict[str, Action] = {}
    for action, names in chosen.items():
        for name in names:
            if name in owner and owner[name] is not action:
                raise ConfigError(
                    f"{path}: the key {name!r} is given to both {owner[name].value} and "
                    f"{action.value}: choose one."
                )
            owner[name] = action
    free = {
        action: tuple(name for name in names if name not in owner)
        for action, names in DEFAULTS.items()
    }
    keys = free | chosen
    for action in (Action.LEFT, Action.RIGHT, Action.QUIT):
        if not keys[action]:
            raise ConfigError(f"{path}: no key is left for {action.value} ({MEANINGS[action]}).")
    return keys
