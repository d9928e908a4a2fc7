"""Shows a run: a live panel on a terminal, a line now and then elsewhere."""

import time
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pbrl.status import Status

LINE_EVERY_SECONDS = 30.0
REFRESH_PER_SECOND = 4


class LineDisplay:
    """Prints a line every half minute, for logs and pipes.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._next = console, 0.0

    def __enter__(self) -> Self:
        """Starts showing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops showing."""

    def show(self, status: Status) -> None:
        """Prints where the run stands, if the last line is old or the run is at its end."""
        now = time.monotonic()
        if now >= self._next or status.steps >= status.total_steps:
            self._next = now + LINE_EVERY_SECONDS
            facts = "  ".join(f"{name} {value}" for name, value in describe(status).items())
            self._console.print(facts, soft_wrap=True, highlight=False)

    def say(self, sentence: str) -> None:
        """Prints a sentence."""
        self._console.print(sentence, soft_wrap=True, highlight=False)


class LiveDisplay:
    """A panel that is redrawn in place.

    Args:
        console: The terminal.
        title: What is being trained.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._live = Live(console=console, refresh_per_second=REFRESH_PER_SECOND)

    def __enter__(self) -> Self:
        """Starts showing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops showing and leaves the last panel standing."""
        self._live.stop()

    def show(self, status: Status) -> None:
        """Redraws the panel."""
        self._live.update(panel(status, self._title))

    def say(self, sentence: str) -> None:
        """Prints a sentence above the panel."""
        self._live.console.print(sentence, highlight=False)


def display_for(console: Console, title: str) -> LineDisplay | LiveDisplay:
    """Returns the display that suits where the output goes."""
    return LiveDisplay(console, title) if console.is_terminal else LineDisplay(console)


def describe(status: Status) -> dict[str, str]:
    """Returns what a display says of a run: name to value, only what is known."""
    facts = {
        "steps": f"{status.steps:,} of {status.total_steps:,}",
        "time left": _duration(status.seconds_left),
        "labels": f"{status.labels} of {status.label_budget}" if status.label_budget else None,
        "true return": _number(status.true_return),
        "learned return": _number(status.learned_return),
        "held-out answers predicted": _percent(status.accuracy),
        "steps a second": f"{status.steps_per_second:,.0f}",
        "time goes to": ", ".join(f"{p} {_percent(s)}" for p, s in status.shares.items()),
        "now": status.phase,
    }
    return {name: value for name, value in facts.items() if value}


def panel(status: Status, title: str) -> Group:
    """Returns the live panel."""
    table = Table.grid(padding=(0, 2))
    for name, value in describe(status).items():
        table.add_row(Text(name, style="dim"), value)
    bar = ProgressBar(total=status.total_steps, completed=status.steps, width=60)
    return Group(Text(title, style="bold"), bar, table)


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,.1f}"


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"
