"""Why there is nothing to judge just now, in words."""

from dataclasses import dataclass

from labeling_ui.messages import DeskStatus, TrainerWord

SILENT_SECONDS = 60.0
"""After how long without a word a trainer may be gone."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What to say, and how long it may take."""

    headline: str
    """In a few words."""
    sentence: str
    """Why, and what to do if anything."""
    waits: bool = True
    """Whether it passes by itself, so that a bar is shown."""
    progress: float | None = None
    """How much is done, 0 to 1; None if nobody knows."""


def reason(
    status: DeskStatus,
    *,
    not_drawable: str = "",
    away: bool = False,
    drawing: float | None = None,
    preparing_practice: bool = False,
) -> Reason:
    """Returns why there is nothing to judge.

    Args:
        status: What the desk said last.
        not_drawable: Why no clip can be drawn on this machine; empty if they can.
        away: Whether the person did nothing for so long that the pairs went back.
        drawing: How much of the pair's pictures is there, 0 to 1; None if there is no pair.
        preparing_practice: Whether practice pairs are being made.
    """
    if not_drawable:
        return Reason("The clips cannot be drawn here", not_drawable, waits=False)
    if away:
        words = (
            "Your pairs went back, for others to judge. Any key of those below brings pairs again."
        )
        return Reason("You have been away", words, waits=False)
    if drawing is not None:
        return Reason("Drawing the clips", "A moment.", progress=drawing)
    if status.trouble:
        again = "It is tried again by itself, and your answers are kept."
        return Reason("The label store does not answer", f"{status.trouble}\n{again}")
    if status.opening:
        return Reason("A moment", status.opening)
    if not status.connected:
        return Reason("A moment", "Opening the label store.")
    if preparing_practice:
        return Reason("A moment", "Preparing a few pairs to practise on.")
    return _of_the_run(status, status.trainer)


def _of_the_run(status: DeskStatus, trainer: TrainerWord | None) -> Reason:
    if status.finished:
        words = "Training has finished and asks nothing more. You can close the window. Thank you!"
        return Reason("All done", words, waits=False)
    if trainer is not None and trainer.state == "stopped":
        words = "The trainer was stopped. When it goes on, its pairs appear here by themselves."
        given = f"\n{_given(status.with_others)}" if status.with_others else ""
        return Reason("The run has stopped", words + given, waits=bool(given))
    if status.budget and status.labels >= status.budget:
        words = "The run has all the answers that it wants, and goes on learning from them."
        return Reason("All done", words, waits=False)
    if status.for_others and not status.waiting:
        pairs = "1 waits" if status.others == 1 else f"{status.others} wait"
        words = f"You have judged every pair that is here for you; {pairs} for other people."
        return Reason("Nothing to judge just now", words, progress=trainer and trainer.progress)
    if status.with_others and not status.waiting:
        words = _given(status.with_others)
        return Reason("Nothing to judge just now", words, progress=trainer and trainer.progress)
    if trainer is None and status.labels and not status.waiting:
        words = "Every pair is judged. Thank you! If more are asked, they appear here."
        return Reason("All done", words, waits=False)
    if trainer is None:
        words = "The trainer has not said anything yet. Pairs appear here when it asks."
        return Reason("Nothing to judge yet", words)
    if said := silence(trainer):
        words = (
            f"{said} It may be busy, or gone: then `pbrl train --resume` goes on with it. Pairs "
            "appear here when it asks again."
        )
        return Reason("Nothing to judge just now", words, waits=False)
    words = trainer.waiting_for or (f"The trainer: {trainer.phase}." if trainer.phase else "")
    return Reason(
        "Nothing to judge just now",
        words or "Pairs appear here when the trainer asks.",
        progress=trainer.progress,
    )


def _given(count: int) -> str:
    pairs = "the last open pair" if count == 1 else f"the last {count} open pairs"
    return f"Other people have been given {pairs}. What they do not judge comes back."


def silence(trainer: TrainerWord) -> str:
    """Returns a sentence if a trainer that should be at work may be gone; else nothing."""
    if trainer.state in ("finished", "stopped") or trainer.silent_seconds <= SILENT_SECONDS:
        return ""
    return f"The trainer has not been heard of for {_minutes(trainer.silent_seconds)}."


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
