"""Shows a run: a live panel on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.measure import Measurement
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pbrl.status import Part, Status

LINE_EVERY_SECONDS = 30.0
REFRESH_PER_SECOND = 4
WIDEST = 84
"""Columns that the panel takes where there are more."""
GETTING_READY = "getting ready; what is new to this machine is compiled, up to a minute"
BLOCKS = "▁▂▃▄▅▆▇█"
CURVE_CELLS = 32
TIME_CELLS = 28
COLOURS: dict[Part, str] = {
    "acting": "cyan",
    "learning": "green",
    "asking": "yellow",
    "fitting": "magenta",
    "saving": "blue",
    "waiting": "white",
}


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
            self.say("  ".join(f"{name} {value}" for name, value in describe(status).items()))

    def say(self, sentence: str) -> None:
        """Prints a sentence."""
        self._console.print(sentence, soft_wrap=True, highlight=False, markup=False)


class LiveDisplay:
    """A panel that is redrawn in place.

    Args:
        console: The terminal.
        title: What is being trained.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._past: list[Status] = []
        waiting = Spinner("dots", Text(GETTING_READY, style="dim"))
        self._live = Live(waiting, console=console, refresh_per_second=REFRESH_PER_SECOND)

    def __enter__(self) -> Self:
        """Starts showing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops showing and leaves the last panel standing."""
        self._live.stop()

    def show(self, status: Status) -> None:
        """Redraws the panel; a run that waits has one point in the curves, its last."""
        if self._past and self._past[-1].steps == status.steps:
            self._past.pop()
        self._past.append(status)
        self._live.update(panel(self._past, self._title))

    def say(self, sentence: str) -> None:
        """Prints a sentence above the panel."""
        self._live.console.print(sentence, soft_wrap=True, highlight=False, markup=False)


def display_for(console: Console, title: str) -> LineDisplay | LiveDisplay:
    """Returns the display that suits where the output goes."""
    redraws = console.is_terminal and not console.is_dumb_terminal
    return LiveDisplay(console, title) if redraws else LineDisplay(console)


def describe(status: Status) -> dict[str, str]:
    """Returns what a line says of a run: name to value, only what is known."""
    facts = {
        "steps": f"{status.steps:,} of {status.total_steps:,}",
        "time left": duration(status.seconds_left),
        "labels": f"{status.labels} of {status.label_budget}" if status.label_budget else None,
        "true return": _number(status.true_return),
        "learned return": _number(status.learned_return),
        "return by its teacher": _number(status.score_return),
        "held-out answers predicted": _percent(status.accuracy),
        "steps a second": f"{status.steps_per_second:,.0f}",
        "time goes to": ", ".join(f"{part} {_percent(s)}" for part, s in _shares(status)),
        "now": status.phase,
    }
    return {name: value for name, value in facts.items() if value}


def panel(past: Sequence[Status], title: str) -> RenderableType:
    """Returns the live panel.

    Args:
        past: Where the run stood after each rollout, the present last.
        title: What is being trained.
    """
    now = past[-1]
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(style="bold", no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, ratio=1)
    grid.add_row("steps", _count(now.steps, now.total_steps), _bar(now.steps, now.total_steps))
    if now.label_budget:
        labels = now.labels, now.label_budget
        grid.add_row("labels", _count(*labels), _bar(*labels))
    grid.add_row("steps a second", f"{now.steps_per_second:,.0f}")
    grid.add_row("time left", duration(now.seconds_left) or "unknown")
    grid.add_row()
    for name, value, curve in (
        ("true return", _number(now.true_return), [s.true_return for s in past]),
        ("learned return", _number(now.learned_return), [s.learned_return for s in past]),
        ("return by its teacher", _number(now.score_return), [s.score_return for s in past]),
        ("held-out answers", _percent(now.accuracy, " right"), [s.accuracy for s in past]),
    ):
        if value:
            grid.add_row(name, value, Curve(curve))
    return Panel(
        Group(grid, Text(), *_time_rows(now)), title=Text(title, style="bold"), title_align="left",
        subtitle=Text(now.phase), subtitle_align="left", border_style="dim", padding=(1, 2),
        width=WIDEST,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve as wide as its place, at most `CURVE_CELLS`."""

    values: Sequence[float | None]
    """Oldest first; None where not known."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields one line."""
        yield Text(sparkline(self.values, min(options.max_width, CURVE_CELLS)), style="green")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Returns how wide it can be."""
        return Measurement(1, min(options.max_width, CURVE_CELLS))


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """Returns the known values as block letters, from the least to the largest.

    Of more values than cells, evenly spaced ones are shown, the last among them.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    stride = -(-len(known) // cells)
    shown = known[::-1][::stride][::-1]
    low, high = min(shown), max(shown)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] for value in shown)


def _count(done: int, total: int) -> Text:
    return Text.assemble(f"{done:,}", (f" of {total:,}", "not bold dim"))


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total, done, complete_style="cyan", finished_style="cyan")


def _time_rows(status: Status) -> Iterator[RenderableType]:
    """Yields a bar of what the time goes to, and what its colours mean."""
    shares = _shares(status)
    bar = Text.assemble(*(("█" * round(s * TIME_CELLS), COLOURS[part]) for part, s in shares))
    yield Text.assemble(("time goes to      ", "dim"), bar)
    legend = [Text(f"{part} {_percent(s)}", style=COLOURS[part]) for part, s in shares]
    yield Columns(legend, padding=(0, 2))


def _shares(status: Status) -> list[tuple[Part, float]]:
    """Returns each part's share of the time, in the order of the colours."""
    return [(part, status.shares[part]) for part in COLOURS if part in status.shares]


def duration(seconds: float | None) -> str | None:
    """Returns hours, minutes and seconds; None where they are not known."""
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,.1f}"


def _percent(value: float | None, unit: str = "") -> str | None:
    return None if value is None else f"{value:.0%}{unit}"
