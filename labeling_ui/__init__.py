"""The desktop viewer at which people answer queries.

It meets the trainer in the label store alone. It may import `pbrl.store`, `pbrl.feedback`,
`pbrl.segments`, `pbrl.frames`, `pbrl.likelihood`, `pbrl.errors` and `envs` (to draw clips), and
pygame; never torch nor stable_baselines3, so that a labeller's desk needs neither.

    session.py   what the person does: a state machine without window, thread or store
    desk.py      the thread that deals with the label store
    drawing.py   the process that draws the clips; pictures.py is the window's side of it
    app.py       the window; regions, widgets, theme, layout, pages and controls are its looks
"""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets on standard output
