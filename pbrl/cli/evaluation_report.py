"""What an evaluation measured, in words for people and in numbers for programs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from pbrl.evaluation import Accuracy, Evaluation, confidence_interval


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Prints what was measured, a short line for each, alike on any width and in a pipe."""
    for heading, lines in report(evaluation).items():
        console.print(heading, style="bold", soft_wrap=True, highlight=False)
        width = max([18, *(len(name) + 2 for name in lines)])
        for name, value in lines.items():
            console.print(f"  {name:<{width}}{value}", soft_wrap=True, highlight=False)


def report(evaluation: Evaluation) -> dict[str, dict[str, str]]:
    """Returns what was measured in words: heading to name to value."""
    sections: dict[str, dict[str, str]] = {}
    if evaluation.behaviour is not None:
        sections["of the behaviour, in an episode"] = {
            name: _mean(values, ",.3f") for name, values in evaluation.behaviour.items()
        }
    if evaluation.returns is not None:
        sections["true return"] = _spread(evaluation.returns)
    if evaluation.learned_returns is None:
        return sections
    if evaluation.returns is None:
        sections["The task has no true reward: what follows is about the learned one."] = {}
    sections["learned return"] = _spread(evaluation.learned_returns)
    predicted = {"held-out answers": _accuracy(evaluation.answers)}
    sections["comparisons predicted"] = predicted
    if evaluation.behaviour is not None:
        sections["correlation of learned reward with the teacher's score"] = {
            "clips": _correlation(evaluation.taught_correlation)
        }
    if evaluation.returns is not None:
        predicted["fresh pairs"] = _accuracy(evaluation.comparisons)
        sections["correlation of learned with true reward"] = {
            "steps": _correlation(evaluation.step_correlation),
            "clips": _correlation(evaluation.clip_correlation),
        }
    return sections


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Returns what was measured in numbers; null where there is nothing to measure."""

    def listed(values: NDArray[np.floating] | None) -> list[float] | None:
        return None if values is None else values.tolist()

    answers, pairs = evaluation.answers, evaluation.comparisons
    return {
        "returns": listed(evaluation.returns),
        "learned_returns": listed(evaluation.learned_returns),
        "held_out_answers": answers.share if answers else None,
        "fresh_pairs": pairs.share if pairs else None,
        "step_correlation": evaluation.step_correlation,
        "clip_correlation": evaluation.clip_correlation,
        "taught_correlation": evaluation.taught_correlation,
        "behaviour": {name: listed(v) for name, v in (evaluation.behaviour or {}).items()} or None,
    }


def _mean(values: NDArray[np.floating], form: str) -> str:
    low, high = confidence_interval(values)
    return f"{np.mean(values):{form}}  (95 % interval {low:{form}} to {high:{form}})"


def _spread(returns: NDArray[np.floating]) -> dict[str, str]:
    return {
        "mean": _mean(returns, ",.1f"),
        "deviation": f"{np.std(returns):,.1f}",
        "range": f"{np.min(returns):,.1f} to {np.max(returns):,.1f}",
    }


def _accuracy(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return "none to ask about"
    return f"{accuracy.share:.1%}  (n = {accuracy.count:,})"


def _correlation(value: float | None) -> str:
    return "undefined: one of the two never changes" if value is None else f"{value:.3f}"
