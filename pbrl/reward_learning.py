"""The preference side of a run: remember experience, ask about it, fit the ensemble, give rewards.

The agent's experience comes in, queries go to the label store, answers come back from it, and the
ensemble that was fitted on them gives the reward of the next rollouts. Questions and fits happen
between rollouts only, so all steps of a rollout are rewarded by the same predictors.
"""

import concurrent.futures
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from pbrl.annotators import Annotator
from pbrl.buffer import SegmentBuffer
from pbrl.config import TrainConfig
from pbrl.errors import StoreError
from pbrl.feedback import FeedbackKind
from pbrl.processors import usable_processors
from pbrl.query.schedule import initial_labels, labels_due
from pbrl.query.selection import select_queries
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.explained import FitReport
from pbrl.reward.labels import LabelledClips, LabelReader
from pbrl.rollout import Rollout
from pbrl.seeding import generator, generator_state, numbered_generator, set_generator_state
from pbrl.status import Clock
from pbrl.store import LabelStore, Query

LONG_FIT, LONG_FIT_ON_PICTURES = 2000, 100
"""Gradient steps of a fit for which one may have to wait long enough to wonder."""


class RewardLearning:
    """Learns the reward of one run.

    Args:
        config: The run's settings.
        ensemble: The predictors.
        buffer: Recent experience.
        clip_steps: Length of a clip in steps.
        store: The label store, in which the run is open.
        run: The run's name in the store.
        kind: The kind of feedback that is asked for.
        annotator: Who answers at once; None if people do, whenever they like.
        clock: Counts the time spent asking and fitting.
        say: Told of questions that are left out since a clip of them is damaged; if left out, that
            is an error.
        end_penalty: What a synthetic annotator takes off the true reward of a game's last step.
    """

    def __init__(
        self,
        config: TrainConfig,
        ensemble: RewardEnsemble,
        buffer: SegmentBuffer,
        clip_steps: int,
        store: LabelStore,
        run: str,
        kind: FeedbackKind,
        annotator: Annotator | None,
        clock: Clock,
        say: Callable[[str], object] | None = None,
        end_penalty: float = 0.0,
    ) -> None:
        self.config, self.ensemble, self.buffer = config, ensemble, buffer
        self.asked = 0
        """Queries posted so far; their numbers are 0 to asked - 1."""
        self.labels = 0
        """Answers that the last fit learnt from."""
        self.last_fit: FitReport | None = None
        self._clip_steps, self._store, self._run = clip_steps, store, run
        self._kind, self._annotator, self._clock = kind, annotator, clock
        self._reader = LabelReader(store, run, kind, config.reward, say)
        self._rng = generator(config.seed, "query")
        self.told: Callable[[float], object] = lambda share: None
        """Told now and then which share of a long fit is done."""
        self._end_penalty = end_penalty
        self._fit_is_due = False  # at once, or beside the next rollout

    @property
    def ready(self) -> bool:
        """Returns whether there is a reward to train on: the first quarter was asked and fitted."""
        return self.labels > 0

    @property
    def accuracy(self) -> float | None:
        """Returns the share of left-out answers that the members predict, None without any."""
        return held_out_accuracy(self.last_fit)

    def remember(self, rollout: Rollout) -> None:
        """Takes in experience, from which clips are cut later, with what an oracle judges it by."""
        judged = rollout.true_rewards - self._end_penalty * rollout.game_over
        self.buffer.add(
            rollout.observations,
            rollout.actions,
            np.clip(judged, -1.0, 1.0) if self.config.teacher_clips else judged,
            rollout.render_states,
            rollout.boundaries,
            rollout.frames,
        )

    def reward(self, rollout: Rollout) -> np.ndarray:
        """Returns the learned reward of every step of a rollout, `(T, N)`, by one snapshot."""
        return self.ensemble.reward(rollout.observations, rollout.actions)

    def due(self, steps: int, total_steps: int) -> int:
        """Returns how many answers of the budget are due.

        Args:
            steps: Environment steps of the run so far, no fewer than come before the questions.
            total_steps: Steps that the run will take.
        """
        query = self.config.query
        return labels_due(query, steps - query.initial_steps, total_steps - query.initial_steps)

    def ask_and_fit(self, steps: int, total_steps: int, episode_return: float | None) -> bool:
        """Asks an annotator who answers at once what is due, and fits on the answers.

        Args:
            steps: Environment steps of the run so far.
            total_steps: Steps that the run will take.
            episode_return: Mean true return of the last ten episodes, for teachers that need it.

        Returns:
            Whether the ensemble was fitted; not yet, if that is to be done beside the next rollout.
        """
        assert self._annotator is not None
        due = self.due(steps, total_steps) if self.asked else initial_labels(self.config.query)
        if due > self.asked:
            with self._clock.time("asking"):
                queries = self._post(range(self.asked, due))
                self._annotator.answer(self._store, self._run, queries, episode_return)
                self.asked, self._fit_is_due = due, True
        aside = self.ready and self.config.reward.fit_while_acting and steps < total_steps
        return self._fit_is_due and not aside and self.fit()

    def ask(self, count: int) -> None:
        """Asks people `count` questions: posts them for whoever comes."""
        with self._clock.time("asking"):
            numbers = range(self.asked, self.asked + count)
            self._post(numbers)
            self.asked = numbers.stop

    def _post(self, numbers: range) -> list[Query]:
        """Chooses clips, asks about them in the store and returns the queries."""
        queries = select_queries(
            self.buffer,
            self._clip_steps,
            numbers,
            self.ensemble.returns_of if self.ready else None,
            self.config.query,
            self._kind.name,
            self._rng,
        )
        queries = [
            dataclasses.replace(query, wanted=self._wanted(query.number)) for query in queries
        ]
        self._store.post(self._run, queries)
        return queries

    def _wanted(self, number: int) -> int:
        """Returns how many people are asked a question: a matter of the seed and its number."""
        share = self.config.query.overlap
        drawn = numbered_generator(self.config.seed, "overlap", number).random() if share else 1.0
        return 2 if drawn < share else 1

    def fit(self) -> bool:
        """Fits on the answers that stand and returns whether there was one to learn from."""
        self._fit_is_due = False
        with self._clock.time("fitting"):
            labels = self.labelled()
            if labels is None:
                return False
            told = (self.told,) if is_long(self._updates, self.ensemble.observation_shape) else ()
            if told:
                self.told(0.0)
            self._fitted(self.ensemble.fit(labels, self._updates, *told))
            if told:
                self.told(1.0)
        return True

    @contextlib.contextmanager
    def fitting_aside(self) -> Iterator[None]:
        """Fits while the block runs, if a fit is due; after it, if it takes all processors.

        Nothing else may ask the ensemble meanwhile. What comes of it does not depend on which of
        the two is faster: the fit begins and ends with the block. Where no processor is left for
        it, the two would wait for each other, which costs more than it saves.
        """
        labels = self.labelled() if self._fit_is_due else None
        self._fit_is_due = False
        if labels is None:
            yield
            return
        if self.ensemble.device.type == "cpu" and usable_processors() <= self.config.threads:
            yield
            with self._clock.time("fitting"):
                self._fitted(self.ensemble.fit(labels, self._updates))
            return
        with concurrent.futures.ThreadPoolExecutor(1) as aside:
            # A thread of torch's takes over the number of threads that stands when it first asks,
            # which acting may change: so it asks before.
            aside.submit(torch.get_num_threads).result()
            fit = aside.submit(self.ensemble.fit, labels, self._updates)
            yield
            with self._clock.time("fitting"):
                self._fitted(fit.result())

    @property
    def _updates(self) -> int:
        """Gradient steps of the next fit."""
        config = self.config.reward
        return config.updates if self.ready else config.initial_updates

    def _fitted(self, report: FitReport) -> None:
        self.last_fit, self.labels = report, report.labels

    def labelled(self) -> LabelledClips | None:
        """Returns the answers that stand and say something, with their clips; None without any."""
        return self._reader.read(below=self.asked)

    def continue_numbers(self) -> None:
        """Goes on after the last question in the store, which a process that died may have asked.

        The pairs that come next are then drawn anew, so that it is not the same ones again.
        """
        following = self._store.next_number(self._run)
        if following > self.asked:
            self.asked = following
            self._rng = numbered_generator(self.config.seed, "query", following)

    def close(self) -> None:
        """Lets go of the label store."""
        self._store.close()

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on exactly; the labels themselves are in the store."""
        return {
            "ensemble": self.ensemble.state(),
            "buffer": self.buffer.snapshot(),
            "asked": self.asked,
            "labels": self.labels,
            "last_fit": dataclasses.asdict(self.last_fit) if self.last_fit else None,
            "rng": generator_state(self._rng),
            "fit_is_due": self._fit_is_due,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts everything where it was when `state` was called.

        Raises:
            StoreError: The store does not hold the queries that had been asked by then.
        """
        self.ensemble.set_state(state["ensemble"])
        self.buffer.restore(state["buffer"])
        self.asked, self.labels = state["asked"], state["labels"]
        self.last_fit = FitReport(**state["last_fit"]) if state["last_fit"] else None
        set_generator_state(self._rng, state["rng"])
        self._fit_is_due = state.get("fit_is_due", False)  # older checkpoints know no such thing
        if self._store.next_number(self._run) < self.asked:
            raise StoreError(
                f"{self._store.name} has no query {self.asked - 1} of run {self._run!r}, which had "
                "been asked when the checkpoint was written: name the store that the run had."
            )


def is_long(updates: int, observation_shape: tuple[int, ...]) -> bool:
    """Returns whether a fit of so many gradient steps takes a good part of a minute, or more."""
    return updates >= (LONG_FIT if len(observation_shape) == 1 else LONG_FIT_ON_PICTURES)


def held_out_accuracy(fit: FitReport | None) -> float | None:
    """Returns the share of left-out answers that the members predict, None without any."""
    if fit is None or np.isnan(fit.validation_accuracy).all():
        return None
    return float(np.nanmean(fit.validation_accuracy))
