"""Shows many runs: one table that is redrawn on a terminal, lines elsewhere."""

import time
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from experiments.sweeps.cells import Cell
from experiments.sweeps.sweep import RUNNING, State, Sweep
from pbrl.display import LINE_EVERY_SECONDS, duration
from pbrl.whole_numbers import counted

SHOW_EVERY_SECONDS = 1.0
BAR_CELLS = 20
BEFORE_LEARNING = "not learning yet"
"""Its agent acts untrained, or its first reward is being fitted: ten minutes in a game."""


class LineProgress:
    """Prints what happens, and a line every half minute.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._next = console, time.monotonic() + LINE_EVERY_SECONDS

    def __enter__(self) -> Self:
        """Starts showing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops showing."""

    def show(self, sweep: Sweep) -> None:
        """Prints how the runs stand, if the last line is old or all runs are at their end."""
        if time.monotonic() >= self._next or not sweep.those(State.WAITING, *RUNNING):
            self._next = time.monotonic() + LINE_EVERY_SECONDS
            running = [_line(sweep, cell) for cell in sweep.those(*RUNNING)]
            self.say("; ".join([summary(sweep), *running]))

    def say(self, sentence: str) -> None:
        """Prints a sentence."""
        self._console.print(sentence, soft_wrap=True, highlight=False, markup=False)


class LiveProgress:
    """A table of the runs that are being made, redrawn in place.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._live, self._next = Live(console=console, auto_refresh=False), 0.0

    def __enter__(self) -> Self:
        """Starts showing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops showing and leaves the last table standing."""
        self._live.stop()

    def show(self, sweep: Sweep) -> None:
        """Redraws the table, once a second."""
        if time.monotonic() >= self._next or not sweep.those(*RUNNING):
            self._next = time.monotonic() + SHOW_EVERY_SECONDS
            self._live.update(table(sweep), refresh=True)

    def say(self, sentence: str) -> None:
        """Prints a sentence above the table; commands are left to the logs."""
        if not sentence.startswith("pbrl "):
            self._live.console.print(sentence, soft_wrap=True, highlight=False, markup=False)


def progress_for(console: Console) -> LineProgress | LiveProgress:
    """Returns the display that suits where the output goes."""
    redraws = console.is_terminal and not console.is_dumb_terminal
    return LiveProgress(console) if redraws else LineProgress(console)


def summary(sweep: Sweep) -> str:
    """Returns how many runs stand how, and the time left."""
    counts = [(state, len(sweep.those(state))) for state in State]
    words = ", ".join(f"{count} {state.value}" for state, count in counts if count)
    left = duration(sweep.seconds_left()) if sweep.those(State.WAITING, *RUNNING) else None
    return f"{counted(len(sweep.states), 'run')}: {words}" + (f"; time left {left}" if left else "")


def _line(sweep: Sweep, cell: Cell) -> str:
    at = f"{cell.name} at {sweep.steps(cell):,}"
    return at if sweep.learns(cell) else f"{at}, {BEFORE_LEARNING}"


def table(sweep: Sweep) -> RenderableType:
    """Returns the runs that are being made, a row each, over the summary."""
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right", "right"):
        grid.add_column(justify=justify, no_wrap=True)
    for cell in sweep.those(*RUNNING):
        grid.add_row(*_row(sweep, cell))
    return Group(grid, Text(summary(sweep), style="bold"))


def _row(sweep: Sweep, cell: Cell) -> tuple[RenderableType, ...]:
    metrics, steps = sweep.metrics(cell), sweep.steps(cell)
    rate, true_return = metrics.get("time/fps"), metrics.get("rollout/ep_rew_mean")
    return (
        Text(cell.name),
        ProgressBar(cell.steps, steps, width=BAR_CELLS),
        Text(f"{steps:,} of {cell.steps:,}"),
        Text("" if rate is None else f"{rate:,.0f} a second"),
        Text("evaluating" if sweep.states[cell] is State.EVALUATING else
             BEFORE_LEARNING if not sweep.learns(cell) else
             "" if true_return is None else f"true return {true_return:,.1f}"),
    )  # fmt: skip
