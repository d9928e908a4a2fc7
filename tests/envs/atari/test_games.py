"""The rectangles that are blacked out, checked against the games themselves.

A byte of the memory from which the ALE reads the score is overwritten, and the pixels that change
are the digits: all of them have to be black, and the rectangle no larger than they are.
"""

import ale_py
import cv2
import numpy as np
import pytest
from ale_py import Action, ALEInterface, LoggerMode, roms

from envs import GAMES
from envs.atari.screen import black_out

DIGITS = tuple(range(0x00, 0x9A, 0x11))  # two of each, as decimals
SCORES = {  # rectangle: bytes of memory (ALE, src/games/supported), values to write
    "BeamRider": [((9, 10, 11), DIGITS), ((84,), (0, 1, 5, 10, 15))],
    "Breakout": [((76, 77), DIGITS)],
    "Enduro": [((43, 44), (0x00, 0x01, 0x02)), ((40, 41, 42), DIGITS)],
    "Pong": [((13,), (0, 5, 8, 13, 20, 17)), ((14,), (0, 5, 8, 13, 20, 17))],
    "Qbert": [((0x59, 0x5A, 0x5B), DIGITS)],
    "Seaquest": [((0x38, 0x39, 0x3A), DIGITS)],
    "SpaceInvaders": [((0x66, 0x68), DIGITS)],
}
NOT_DIGITS = {"Enduro": (slice(179, 188), slice(56, 64))}
"""The day's box, which turns green once the cars of the day are passed."""
STEPS = {"Qbert": 4200}
"""Frames that are played; Qbert shows no score at first."""
RECTANGLES = [(name, i) for name, found in SCORES.items() for i in range(len(found))]


def play(rom: str) -> tuple[ALEInterface, list[Action]]:
    ALEInterface.setLoggerMode(LoggerMode.Error)
    ale = ALEInterface()
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setInt("random_seed", 1)
    ale.loadROM(roms.get_rom_path(rom))
    ale.reset_game()
    return ale, ale.getMinimalActionSet()


@pytest.fixture(scope="module")
def changed() -> dict[tuple[str, int], tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]]:
    """For each rectangle the pixels that its bytes change, and pairs of pictures that differ."""
    return {(name, i): _changed(name, *SCORES[name][i]) for name, i in RECTANGLES}


def _changed(name, addresses, values):
    rng = np.random.default_rng(0)
    ale, actions = play(GAMES[f"pbrl/{name}-v0"].rom)
    pixels, pairs = np.zeros((210, 160), bool), []
    for t in range(STEPS.get(name, 1200)):
        if ale.game_over():
            ale.reset_game()
        ale.act(actions[rng.integers(len(actions))])
        if t < 60 or t % 60:
            continue
        state, pictures = ale.cloneState(), []
        for address in addresses:
            for value in values:
                ale.restoreState(state)
                ale.setRAM(address, value)
                for _ in range(2):
                    ale.act(Action.NOOP)
                pictures.append(ale.getScreenRGB())
                if name in NOT_DIGITS:
                    pictures[-1][NOT_DIGITS[name]] = 0
        ale.restoreState(state)
        for one in pictures[1:]:
            pixels |= (one != pictures[0]).any(axis=-1)
            pairs.append((pictures[0], one))
    return pixels, pairs


@pytest.mark.parametrize(("name", "i"), RECTANGLES)
def test_what_shows_the_score_vanishes(changed, name, i):
    pixels, pairs = changed[name, i]
    assert pixels.sum() > 40, "the digits were found"
    blanks = GAMES[f"pbrl/{name}-v0"].blanks
    for before, after in pairs:
        assert not np.array_equal(before, after) or len(pairs) > 1
        black = np.stack([before, after])
        black_out(black, blanks)
        assert np.array_equal(black[0], black[1])


@pytest.mark.parametrize(("name", "i"), RECTANGLES)
def test_a_rectangle_is_no_larger_than_what_it_hides(changed, name, i):
    pixels, _ = changed[name, i]
    blank = GAMES[f"pbrl/{name}-v0"].blanks[i]
    rows, columns = np.nonzero(pixels)
    found = rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1
    # The last digit that a short test does not see changed may be a few pixels off.
    assert np.abs(np.subtract(found, (blank.top, blank.left, blank.height, blank.width))).max() <= 2


@pytest.mark.parametrize("name", SCORES)
def test_nothing_that_moves_in_play_is_covered(changed, name):
    """While the score stands, what changes unseen lies where the digits are, which may blink."""
    game = GAMES[f"pbrl/{name}-v0"]
    addresses = [a for found, _ in SCORES[name] for a in found]
    digits = np.zeros((210, 160), np.uint8)
    for i in range(len(SCORES[name])):
        digits |= changed[name, i][0]
    near = cv2.dilate(digits, np.ones((5, 5), np.uint8)).astype(bool)
    rng = np.random.default_rng(1)
    ale, actions = play(game.rom)
    unseen, seen = np.zeros((2, 210, 160), bool)
    last: list[tuple[tuple[int, ...], np.ndarray]] = []
    for _ in range(6000):
        if ale.game_over():
            ale.reset_game()
            last.clear()
        ale.act(actions[rng.integers(len(actions))])
        score = tuple(int(ale.getRAM()[a]) for a in addresses)
        last = [*last[-40:], (score, ale.getScreenRGB())]
        if len(last) < 41 or len({score for score, _ in last}) > 1:
            continue  # digits that count up lag behind the score
        pair = np.stack([last[-2][1], last[-1][1]])
        moved = (pair[0] != pair[1]).any(axis=-1)
        black_out(pair, game.blanks)
        shown = (pair[0] != pair[1]).any(axis=-1)
        unseen |= moved & ~shown
        seen |= shown
    outside = np.argwhere(unseen & ~near)
    assert not len(outside), outside
    if name == "SpaceInvaders":
        assert (seen & digits.astype(bool)).sum() > 50, "the mother ship, where the digits were"


def test_the_alien_ship_of_space_invaders_is_told_from_the_digits_in_grey_too():
    picture = np.zeros((1, 210, 160), np.uint8)
    picture[0, 12, 10], picture[0, 12, 20] = 98, 74  # digits, ship
    black_out(picture, GAMES["pbrl/SpaceInvaders-v0"].blanks)
    assert picture[0, 12, 10] == 0
    assert picture[0, 12, 20] == 74


def test_the_rom_of_every_game_is_there():
    assert all(roms.get_rom_path(game.rom) for game in GAMES.values())
    assert ale_py.__version__ >= "0.12"
