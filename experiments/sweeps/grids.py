"""The grids of the paper's figures, and ours: which runs each is made of.

Figures 2, 3, 5 and 6 of Christiano et al. 2017 (arXiv 1706.03741), with the budgets, ablations and
repeats of the paper. The curves of the true reward are in the grids of the ablations too, since
scores are measured by them; runs that two grids share are made once. Departures: PPO in place of
TRPO and A2C, a million steps of MuJoCo where the paper does not say how many it took, ten million
of Atari in place of fifty.

All tasks have their presets' settings; of the games Pong's alone are tuned.

Figure 4 (new behaviours) has no curves to compare: each preset is taught with its own number of
comparisons, and what counts is how much of the behaviour its agent shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import envs
from experiments.presets import BEHAVIOUR_PRESETS, GAMES, PRESETS
from experiments.sweeps.cells import Cell, Changes
from pbrl.annotators import TARGET, TEACHERS
from pbrl.errors import ConfigError, nearest

MUJOCO = (
    *("Hopper", "Walker2d", "Swimmer", "HalfCheetah", "Ant"),
    *("Reacher", "InvertedPendulum", "InvertedDoublePendulum"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A curve of a figure."""

    labels: int | None | Callable[[str], int]
    """Label budget; None for training on the true reward; a function of the task where it depends
    on it."""
    variant: str = ""
    """What is different from the preset, in a few words."""
    changes: Changes | Callable[[str], Changes] = ()
    """The settings that make it so; a function of the task where they depend on it."""

    def cell(self, task: str, seed: int, steps: int, threads: int) -> Cell:
        """Returns one run of it."""
        changes = self.changes(task) if callable(self.changes) else self.changes
        labels = self.labels(task) if callable(self.labels) else self.labels
        return Cell(task, labels, seed, steps, self.variant, changes, threads)


@dataclass(frozen=True, slots=True)
class Grid:
    """All runs of a figure."""

    title: str
    """What it shows, in a line."""
    tasks: tuple[str, ...]
    """Names of presets, in the figure's order."""
    conditions: tuple[Condition, ...]
    """The curves of each task."""
    seeds: tuple[int, ...]
    """The seeds of each curve."""
    steps: int | None
    """Environment steps of each run; None for the presets' own."""
    of_behaviours: bool = False
    """Whether what counts is how much of a behaviour an agent shows, not its return."""

    def cells(
        self,
        tasks: Sequence[str] | None = None,
        seeds: Sequence[int] | None = None,
        steps: int | None = None,
        threads: int = 1,
    ) -> list[Cell]:
        """Returns its runs, or a part of them; all of a seed come before those of the next.

        Raises:
            ConfigError: A task is not among the figure's.
        """
        for task in tasks or ():
            if task not in self.tasks:
                raise ConfigError(
                    f"There is no task {task!r} in this figure. {nearest(task, self.tasks)}"
                )
        return [
            condition.cell(task, seed, steps or self.steps or PRESETS[task].total_steps, threads)
            for seed in dict.fromkeys(seeds or self.seeds)
            for task in dict.fromkeys(tasks or self.tasks)
            for condition in self.conditions
        ]


def single_frames(task: str) -> Changes:
    """Returns the settings with which a clip is one step long."""
    fps = envs.describe(PRESETS[task].env.env_id).clip_fps
    return (("query.segment_seconds", 1 / fps),)


TRUE_REWARD = Condition(None)
RANDOM_QUERIES = ("query.acquisition", "uniform")


def ablations(labels: int) -> tuple[Condition, ...]:
    """Returns the curves that figures 5 and 6 have in common, and those that they compare with."""
    return (
        TRUE_REWARD,
        Condition(labels),
        Condition(labels, "random queries", (RANDOM_QUERIES,)),
        # One predictor cannot disagree with itself: the queries are random too.
        Condition(labels, "no ensemble", (RANDOM_QUERIES, ("reward.ensemble_size", 1))),
        Condition(labels, "no online queries", (("query.initial_fraction", 1.0),)),
        # Dropout stays, as in the paper.
        Condition(labels, "no regularisation", (("reward.l2_initial", 0.0),)),
        # Predictors regressed on the true returns of the clips.
        Condition(labels, TARGET, (("teacher", TARGET),)),
    )


FIGURES: dict[str, Grid] = {
    "fig2": Grid(
        "MuJoCo: the true reward, and 350, 700 and 1400 labels",
        MUJOCO,
        (TRUE_REWARD, Condition(350), Condition(700), Condition(1400)),
        seeds=(1, 2, 3, 4, 5),
        steps=1_000_000,
    ),
    "fig3": Grid(
        "Atari: the true reward, and 3,300, 5,500 and 10,000 labels",
        GAMES,
        (TRUE_REWARD, Condition(3300), Condition(5500), Condition(10_000)),
        seeds=(1, 2, 3),
        steps=10_000_000,
    ),
    "fig4": Grid(
        "New behaviours, from the comparisons of scripted teachers",
        tuple(BEHAVIOUR_PRESETS),
        (Condition(lambda task: PRESETS[task].query.label_budget),),
        seeds=(1, 2, 3),
        steps=None,
        of_behaviours=True,
    ),
    "fig5": Grid(
        "MuJoCo, 700 labels: what each part of the method is worth",
        MUJOCO,
        (*ablations(700), Condition(700, "no segments", single_frames)),
        seeds=(1, 2, 3, 4, 5),
        steps=1_000_000,
    ),
    "fig6": Grid(
        "Atari, 5,500 labels: what each part of the method is worth",
        GAMES,
        ablations(5500),
        seeds=(1, 2, 3),
        steps=10_000_000,
    ),
    "teachers": Grid(
        "MuJoCo, 700 labels: teachers that err",
        ("Hopper", "Walker2d", "HalfCheetah", "Ant"),
        (
            TRUE_REWARD,
            Condition(700),
            *(
                Condition(700, f"{name} teacher", (("teacher", name),))
                for name in TEACHERS
                if name != "oracle"
            ),
        ),
        seeds=(1, 2, 3),
        steps=1_000_000,
    ),
}
"""The figures that `pbrl reproduce` knows."""


def figure(name: str) -> Grid:
    """Returns a figure's grid.

    Raises:
        ConfigError: There is no such figure.
    """
    if name not in FIGURES:
        raise ConfigError(f"There is no figure {name!r}. {nearest(name, FIGURES)}")
    return FIGURES[name]
