"""What a person can do at the viewer, by key or by mouse."""

from enum import Enum, unique


@unique
class Action(Enum):
    """One thing to do; the value is its name in a file of keys."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    CANT_TELL = "cant_tell"
    MUCH_LEFT = "much_left"
    MUCH_RIGHT = "much_right"
    PAUSE = "pause"
    RESTART = "restart"
    STEP_BACK = "step_back"
    STEP_FORWARD = "step_forward"
    SLOWER = "slower"
    FASTER = "faster"
    UNDO = "undo"
    BROWSE = "browse"
    HELP = "help"
    GO_ON = "go_on"
    QUIT = "quit"


MEANINGS: dict[Action, str] = {
    Action.LEFT: "left is better",
    Action.RIGHT: "right is better",
    Action.TIE: "equally good",
    Action.CANT_TELL: "can't tell",
    Action.MUCH_LEFT: "left is much better",
    Action.MUCH_RIGHT: "right is much better",
    Action.PAUSE: "pause",
    Action.RESTART: "restart",
    Action.STEP_BACK: "a frame back",
    Action.STEP_FORWARD: "a frame on",
    Action.SLOWER: "slower",
    Action.FASTER: "faster",
    Action.UNDO: "undo",
    Action.BROWSE: "earlier answers",
    Action.HELP: "help",
    Action.GO_ON: "go on",
    Action.QUIT: "quit",
}
"""What an action does, in a word or two."""

CHOICES = (
    Action.LEFT,
    Action.RIGHT,
    Action.TIE,
    Action.CANT_TELL,
    Action.MUCH_LEFT,
    Action.MUCH_RIGHT,
)
"""The actions that answer a pair."""

STRONG = (Action.MUCH_LEFT, Action.MUCH_RIGHT)
"""Choices that are offered only where strength of preference is asked."""
