"""What settings of the predictors do, on labels that are there: in seconds, without an agent.

    python -m experiments.refitting RUN --on OTHER --labels 250 700 --settings "--reward.lr 3e-3"

fits predictors anew on the first labels of a run, with that run's settings and with each of the
others, in the rounds in which its labels came. They are then asked about the clips that another run
was asked about: those of its later half show what its agent did once it could do something. Printed
is a table in Markdown. What the agent would have made of such a reward, only a run can tell.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

import envs
from pbrl.cli.assembly import describe_task, new_ensemble, run_from
from pbrl.cli.options import with_settings
from pbrl.cli.stores import source_of_labels
from pbrl.config import TrainConfig
from pbrl.errors import ConfigError, PbrlError
from pbrl.evaluation import correlation, fresh_accuracy
from pbrl.feedback import find_kind
from pbrl.query.schedule import initial_labels, is_round, labels_due
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.explained import FitReport
from pbrl.reward.labels import LabelReader
from pbrl.segments import Segment

AS_IT_WAS = "the run's own"
"""Words for the settings that the run had."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How well predictors explain labels, and clips that they have nothing to do with."""

    l2: float
    """Weight of the squared weights, mean over members."""
    train_loss: float
    """Mean over members."""
    validation_loss: float
    """Mean over members, each of the labels that it left out."""
    validation_accuracy: float
    """Share of those that it predicts."""
    pairs_ordered: float
    """Share of random pairs of the other clips that they order as the true reward does."""
    correlation: float
    """Of learned and true reward over the steps of those clips."""
    later_correlation: float
    """The same over those of their later half."""


HEADINGS = (
    *("L2", "training loss", "validation loss", "left-out labels predicted"),
    *("other pairs ordered", "correlation by step", "in the later half"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; a user's mistake is a sentence and 2."""
    options = _parser().parse_args(arguments)
    try:
        found = refitted(options.run, options.on, options.labels, options.settings, options.seeds)
        for row, (labels, words, measured) in enumerate(found):
            if row == 0:
                print("| labels | settings |", " | ".join(HEADINGS), "|")
                print("|---" * (2 + len(HEADINGS)) + "|")
            numbers = [f"{value:.3g}" for value in asdict(measured).values()]
            print("|", " | ".join([f"{labels:,}", words, *numbers]), "|", flush=True)
    except PbrlError as error:
        print(f"experiments.refitting: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.refitting",
        description="Fit predictors anew on a run's labels, and measure them on another's clips.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run to learn from")
    parser.add_argument(
        "--on", type=Path, required=True, metavar="RUN", help="folder of the run to be measured on"
    )
    parser.add_argument(
        "--labels", type=int, nargs="+", metavar="N", help="first labels of it (default: all)"
    )
    parser.add_argument(
        "--settings",
        nargs="+",
        default=[],
        metavar="WORDS",
        help='settings as `pbrl train` takes them, all of one kind in quotes: "--reward.lr 3e-3"',
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[1, 2],
        metavar="N",
        help="of the predictors; the mean over them is shown (default: 1 2)",
    )
    return parser


def refitted(
    run: Path,
    other: Path,
    labels: Sequence[int] | None,
    settings: Sequence[str],
    seeds: Sequence[int],
) -> Iterator[tuple[int, str, Measured]]:
    """Yields numbers of labels and settings, with what was measured of them, mean over seeds.

    Args:
        run: Folder of the run to learn from.
        other: Folder of the run to be measured on.
        labels: How many of the first labels to learn from; None takes all.
        settings: Those to compare with the run's own, as `pbrl train` takes them.
        seeds: Of the predictors.

    Raises:
        PbrlError: A run is not there, has no labels, or they are of different tasks.
    """
    config = run_from(run).config()
    task = describe_task(config.env.env_id)
    theirs = run_from(other).config().env.env_id
    if theirs != config.env.env_id:
        raise ConfigError(f"{run} is of {config.env.env_id}, and {other} of {theirs}.")
    torch.set_num_threads(config.torch_threads)
    configs = {AS_IT_WAS: config}
    for words in settings:
        configs[words] = with_settings(config, shlex.split(words), "experiments.refitting")
    with source_of_labels(str(other)) as (store, name):
        found = store.segments(name, range(store.next_number(name)))
        clips = [clip for number in sorted(found) for clip in found[number]]
    with source_of_labels(str(run)) as (store, name):
        asked, kind = store.next_number(name), find_kind(config.feedback)
        for count in labels or [asked]:
            if count > asked:
                raise ConfigError(f"{run} asked {asked} questions, so it has no {count} labels.")
            for words, changed in configs.items():
                reader = LabelReader(store, name, kind, changed.reward)
                each = [
                    _measured(fit(replace(changed, seed=seed), task, reader, count), clips)
                    for seed in seeds
                ]
                yield count, f"`{words}`" if words in settings else words, _mean(each)


def fit(
    config: TrainConfig, task: envs.TaskInfo, reader: LabelReader, labels: int
) -> tuple[RewardEnsemble, FitReport]:
    """Fits predictors on the first labels, in the rounds in which they came.

    Raises:
        ConfigError: There are not enough of them to learn from.
    """
    ensemble, updates = new_ensemble(config, task), config.reward.initial_updates
    report = None
    for due in rounds(config, labels):
        read = reader.read(below=due)
        if read is not None:
            report = ensemble.fit(read, updates)
            updates = config.reward.updates
    if report is None:
        raise ConfigError(f"The first {labels} labels hold none that could be learnt from.")
    return ensemble, report


def rounds(config: TrainConfig, labels: int) -> Iterator[int]:
    """Yields how many labels a run has at each of its fits, up to so many."""
    query, rollout = config.query, config.env.num_envs * config.agent.rollout_steps
    total = config.total_steps // rollout * rollout
    asked = 0
    for steps in range(rollout, total + rollout, rollout):
        if is_round(query, steps, total, rollout):
            training = steps - query.initial_steps, total - query.initial_steps
            due = labels_due(query, *training) if asked else initial_labels(query)
            if min(due, labels) > asked:
                yield min(due, labels)
            asked = min(due, labels)


def _measured(fitted: tuple[RewardEnsemble, FitReport], clips: Sequence[Segment]) -> Measured:
    ensemble, report = fitted
    learned = np.stack([ensemble.reward(_seen(ensemble, c), c.actions) for c in clips])  # (C, T)
    true = np.stack([clip.true_rewards for clip in clips])
    ordered = fresh_accuracy(true.sum(axis=1), learned.sum(axis=1), np.random.default_rng(0))
    later = slice(len(clips) // 2, None)
    return Measured(
        l2=report.l2.mean().item(),
        train_loss=report.train_loss.mean().item(),
        validation_loss=report.validation_loss.mean().item(),
        validation_accuracy=report.validation_accuracy.mean().item(),
        pairs_ordered=np.nan if ordered is None else ordered.share,
        correlation=_or_nan(correlation(true.ravel(), learned.ravel())),
        later_correlation=_or_nan(correlation(true[later].ravel(), learned[later].ravel())),
    )


def _seen(ensemble: RewardEnsemble, clip: Segment) -> np.ndarray:
    """Returns what was seen at each step of a clip: `(T, O)`, or pictures `(T, K, H, W)`."""
    if not clip.sees_pictures:
        return clip.observations
    pictures = ensemble.observation_shape[0]
    stacks = np.lib.stride_tricks.sliding_window_view(clip.observations, pictures, axis=0)
    return np.ascontiguousarray(np.moveaxis(stacks, -1, 1))


def _mean(each: Sequence[Measured]) -> Measured:
    names = [field.name for field in fields(Measured)]
    return Measured(*(np.mean([getattr(one, name) for one in each]).item() for name in names))


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


if __name__ == "__main__":
    sys.exit(main())
