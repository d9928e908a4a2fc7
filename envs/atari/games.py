"""The paper's seven games.

The rectangles are the bounds of the pixels that change with the bytes of memory from which the ALE
reads the score (or BeamRider's enemies, or Enduro's odometer), and no larger: the tests find them
again. Breakout's lives and Enduro's day are no part of the score and stay. What to look for is the
paper's appendix B, in other words. A game's end costs ten times its smallest score.
"""

from envs.atari.game import AtariGame, Blank

BEAM_RIDER = AtariGame(
    rom="beam_rider",
    blanks=(Blank(10, 61, 8, 46), Blank(32, 20, 8, 11)),  # score, enemies left
    look_for="Prefer the clip that shoots more enemy ships and is not shot.",
    end_penalty=440.0,
)
BREAKOUT = AtariGame(
    rom="breakout",
    blanks=(Blank(5, 36, 10, 44),),
    look_for=(
        "Prefer the clip that hits the ball and breaks more bricks, higher ones above all, and "
        "does not lose the ball."
    ),
    end_penalty=10.0,
)
ENDURO = AtariGame(
    rom="enduro",
    blanks=(Blank(179, 72, 9, 32), Blank(164, 57, 9, 47)),  # cars to pass or flags, odometer
    look_for="Prefer the clip that passes more cars and is passed by fewer.",
    end_penalty=10.0,
)
PONG = AtariGame(
    rom="pong",
    blanks=(Blank(1, 20, 20, 28), Blank(1, 100, 20, 28)),  # the other's score, the player's
    look_for=(
        "You are the green paddle on the right. Prefer the clip in which the ball gets past the "
        "left paddle, and not past the right one."
    ),
    end_penalty=0.0,
)
QBERT = AtariGame(
    rom="qbert",
    blanks=(Blank(6, 34, 7, 37),),
    look_for=(
        "Prefer the clip that recolours more cubes, and does not fall off or run into anybody."
    ),
    end_penalty=250.0,
)
SEAQUEST = AtariGame(
    rom="seaquest",
    blanks=(Blank(9, 59, 8, 46),),
    look_for=(
        "Prefer the clip that shoots more and brings up more divers, and does not run out of air "
        "or get hit."
    ),
    end_penalty=200.0,
)
SPACE_INVADERS = AtariGame(
    rom="space_invaders",
    # The mother ship flies where the score stands, which is then not shown.
    blanks=(Blank(10, 4, 10, 60, ink=(50, 132, 50)),),
    look_for="Prefer the clip that shoots more aliens and is not shot.",
    end_penalty=50.0,
)
