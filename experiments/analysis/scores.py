"""Scores of finished runs, and what they miss.

A score is (learned - random) / (true - random), task by task: 0 is the policy network before
training, which acts while the first questions are collected, and 1 the mean agent that learnt from
the true reward, with the same settings where some were changed. Plain ratios of returns mislead
where returns are negative: a worse agent would score above 1.
"""

from collections.abc import Iterator

import numpy as np

from experiments.analysis.returns import Returns


def scores(returns: Returns) -> np.ndarray:
    """Returns the `(conditions, runs, tasks)` scores, NaN where there is none.

    A task whose agents on the true reward did no better than untrained ones has no scores.
    """
    gains = np.array([returns.true_for(name) for name in returns.conditions])
    gains = (gains - returns.untrained)[:, None]  # (conditions, 1, tasks)
    return (returns.learned - returns.untrained) / np.where(gains > 0, gains, np.nan)


def remarks(returns: Returns) -> tuple[str, ...]:
    """Returns sentences on all that is missing: runs, and what scores are measured by."""
    return (*_missing_runs(returns), *_missing_scales(returns), *returns.configs_differ)


def _missing_runs(returns: Returns) -> Iterator[str]:
    for index, task in enumerate(returns.tasks):
        not_run = np.isnan(returns.learned[:, :, index])
        if not_run.all():
            yield f"{task}: not run."
            continue
        for condition, absent in zip(returns.conditions, not_run, strict=True):
            if absent.all():
                yield f"{task}, {condition}: not run."
            elif absent.any():
                which = [str(seed) for seed, no in zip(returns.seeds, absent, strict=True) if no]
                yield f"{task}, {condition}: no run of seed {', '.join(which)}."


def _missing_scales(returns: Returns) -> Iterator[str]:
    best = np.array([returns.true_for(name) for name in returns.conditions])
    for index, (task, untrained) in enumerate(zip(returns.tasks, returns.untrained, strict=True)):
        if np.isnan(returns.learned[:, :, index]).all():
            continue
        true = np.max(best[:, index], where=~np.isnan(best[:, index]), initial=-np.inf)
        if np.isinf(true):
            yield f"{task}: no score, as no run learnt from the true reward."
        elif np.isnan(untrained):
            yield f"{task}: no score, as no run measured the return before training."
        elif true <= untrained:
            yield (
                f"{task}: no score, as agents on the true reward return {true:,.1f}, no more than "
                f"the {untrained:,.1f} before training."
            )
