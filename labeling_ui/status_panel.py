"""The sidebar of the labelling window: how many labels, how the run stands, two curves."""

import pygame

from labeling_ui import theme, widgets
from labeling_ui.messages import DeskStatus, TrainerWord
from labeling_ui.reasons import silence
from labeling_ui.regions import Region
from labeling_ui.theme import Scale
from labeling_ui.view import View

Rect = pygame.Rect

PAD = 22
MOST_LINES = 8
"""Lines that a sentence of the trainer's takes at most."""


def sidebar_region(view: View) -> Region:
    """Returns the sidebar."""
    status, sitting = view.status, view.session.sitting
    agreement = tuple(sitting.agreement())
    pace = sitting.labels_a_minute
    labels = max(status.labels, sitting.labels)
    yours = f"{sitting.labels} by you now" + (f"  ·  {pace:.1f} a minute" if pace else "")
    moving = status.connected and _unknown_progress(status.trainer)
    moment = round(view.moment * 15) / 15 if moving else 0.0
    signature = (labels, yours, _still(status), agreement, moment, view.annotator)

    def paint(surface: pygame.Surface) -> None:
        pen = _Pen(surface, view.layout.scale, view.layout.sidebar)
        pen.who(view.annotator, status.people)
        pen.labels(labels, status.budget, yours)
        if not status.finished:
            pen.waiting(status)
        pen.trainer(status.trainer, moment)
        pen.curves(status.trainer, agreement)

    return Region("sidebar", view.layout.sidebar, signature, paint, ground=theme.PANEL)


def _unknown_progress(trainer: TrainerWord | None) -> bool:
    return (
        trainer is not None
        and _at_work(trainer)
        and bool(trainer.waiting_for)
        and trainer.progress is None
    )


def _at_work(trainer: TrainerWord) -> bool:
    """Returns whether what the trainer said last still goes on, as far as is known."""
    return trainer.state not in ("finished", "stopped") and not silence(trainer)


def words_of(trainer: TrainerWord) -> tuple[str, str]:
    """Returns what the trainer does in a few words, and in a sentence; either may be empty."""
    phase, sentence = trainer.phase or trainer.state, silence(trainer) or trainer.waiting_for
    if phase.rstrip(".").casefold() == sentence.rstrip(".").casefold():
        phase = ""
    return phase[:1].upper() + phase[1:], sentence


def steps_of(trainer: TrainerWord) -> str:
    """Returns how far the trainer is, and how fast if it is at work."""
    fast = trainer.steps_per_second and _at_work(trainer)
    pace = f"  ·  {trainer.steps_per_second:,.0f}/s" if fast else ""
    return f"{_short(trainer.steps)} of {_short(trainer.total_steps)} steps{pace}"


def _still(status: DeskStatus) -> tuple[object, ...]:
    """Returns what is shown of a status: the trainer's silence grows all the time."""
    trainer = status.trainer
    spoken = trainer and (
        trainer.state, trainer.phase, trainer.waiting_for, trainer.progress, trainer.steps,
        trainer.total_steps, round(trainer.steps_per_second), trainer.learned_returns,
        silence(trainer),
    )  # fmt: skip
    counts = status.budget, status.waiting, status.others
    return *counts, status.people, status.finished, spoken


class _Pen:
    """Writes the sidebar from top to bottom, its foot first where it stands at the foot."""

    def __init__(self, surface: pygame.Surface, scale: Scale, rect: Rect) -> None:
        self._surface, self._scale, self._rect = surface, scale, rect
        self._left, self._width = rect.left + scale(PAD), rect.width - 2 * scale(PAD)
        self._y, self._foot = rect.top + scale(22), rect.bottom - scale(20)

    def labels(self, labels: int, budget: int, yours: str) -> None:
        self._caption("labels")
        number = widgets.text(
            self._surface, self._scale, (self._left, self._y - self._scale(7)), f"{labels:,}",
            size=36, bold=True,
        )  # fmt: skip
        if budget:
            place = number.right + self._scale(8), self._y + self._scale(13)
            widgets.text(self._surface, self._scale, place, f"of {budget:,}", size=16,
                         colour=theme.SOFT)  # fmt: skip
        self._y += self._scale(44)
        if budget:
            self._bar(labels / budget, theme.GREEN)
        self._line(yours, colour=theme.SOFT, size=14)
        self._space(18)

    def waiting(self, status: DeskStatus) -> None:
        self._caption("to be judged")
        pairs = "1 pair" if status.waiting == 1 else f"{status.waiting:,} pairs"
        others = f"  ·  {status.others} for others" if status.others else ""
        self._line(f"{pairs if status.connected else '–'}{others}", size=16)
        self._space(18)

    def trainer(self, trainer: TrainerWord | None, moment: float) -> None:
        self._caption("training")
        if trainer is None:
            self._line("nothing heard yet", colour=theme.SOFT, size=15)
            self._space(18)
            return
        phase, sentence = words_of(trainer)
        if phase:
            self._line(phase, size=15)
        if sentence:
            self._paragraph(sentence)
        if trainer.waiting_for and _at_work(trainer):
            self._bar(trainer.progress, theme.ORANGE, moment)
        elif trainer.total_steps:
            self._bar(trainer.steps / trainer.total_steps, theme.BLUE)
        if trainer.total_steps:
            self._line(steps_of(trainer), colour=theme.SOFT, size=14)
        self._space(18)

    def who(self, annotator: str, people: tuple[str, ...]) -> None:
        words = f"You are {annotator}." + (f" Also here: {', '.join(people)}." if people else "")
        lines = widgets.wrapped(self._scale, words, 13, self._width)[-3:]
        self._foot -= self._scale(18) * len(lines)
        for i, line in enumerate(lines):
            place = self._left, self._foot + i * self._scale(18)
            widgets.text(self._surface, self._scale, place, line, size=13, colour=theme.SOFT,
                         width=self._width)  # fmt: skip
        self._foot -= self._scale(14)

    def curves(self, trainer: TrainerWord | None, agreement: tuple[float, ...]) -> None:
        room = self._foot - self._y
        tall = min((room - self._scale(2 * 24 + 16)) // 2, self._scale(150))
        if tall < self._scale(36):
            return
        returns = trainer.learned_returns if trainer else ()
        last = f"{returns[-1][1]:,.0f}" if len(returns) > 1 else ""
        self._caption("predicted return", last)
        self._plot(tall, [(float(x), y) for x, y in returns], theme.BLUE,
                   "How much reward the model sees in what the agent does.")  # fmt: skip
        self._space(16)
        last = f"{agreement[-1]:.0%}" if len(agreement) > 1 else ""
        self._caption("model agrees with you", last)
        self._plot(tall, [(float(i), y) for i, y in enumerate(agreement)], theme.GREEN,
                   "How often the model expected your choice. Begins when it predicts.",
                   low=0.0, high=1.0, mark=0.5)  # fmt: skip

    def _plot(
        self,
        tall: int,
        points: list[tuple[float, float]],
        colour: theme.Colour,
        empty: str,
        **limits: float,
    ) -> None:
        rect = Rect(self._left, self._y, self._width, tall)
        widgets.plot(self._surface, self._scale, rect, points, colour=colour, empty=empty, **limits)
        self._y += tall

    def _caption(self, words: str, value: str = "") -> None:
        place = self._left, self._y
        widgets.text(self._surface, self._scale, place, words.capitalize(), size=13,
                     colour=theme.FAINT, bold=True)  # fmt: skip
        if value:
            place = self._left + self._width, self._y - self._scale(2)
            widgets.text(self._surface, self._scale, place, value, size=15, bold=True,
                         align="right")  # fmt: skip
        self._y += self._scale(24)

    def _line(self, words: str, *, colour: theme.Colour = theme.INK, size: float = 15) -> None:
        place = self._left, self._y - self._scale(3)
        widgets.text(self._surface, self._scale, place, words, size=size, colour=colour,
                     width=self._width)  # fmt: skip
        self._y += self._scale(22)

    def _paragraph(self, words: str) -> None:
        top = self._y - self._scale(3)
        below = self._scale(16 + 22)  # the bar and the steps
        tall = min(self._foot - below - top, round(self._scale(14) * 1.3) * MOST_LINES)
        rect = Rect(self._left, top, self._width, tall)
        foot = widgets.paragraph(self._surface, self._scale, rect, words, size=14,
                                 colour=theme.SOFT, leading=1.3)  # fmt: skip
        self._y = foot + self._scale(7)

    def _bar(self, share: float | None, colour: theme.Colour, moment: float = 0.0) -> None:
        rect = Rect(self._left, self._y + self._scale(2), self._width, self._scale(6))
        widgets.bar(self._surface, self._scale, rect, share, colour=colour, moment=moment)
        self._y += self._scale(16)

    def _space(self, units: float) -> None:
        self._y += self._scale(units)


def _short(number: int) -> str:
    """Returns a number of steps in a few characters."""
    if number >= 1_000_000:
        return f"{number / 1e6:.3g}M"
    return f"{number / 1000:.0f}k" if number >= 10_000 else f"{number:,}"
