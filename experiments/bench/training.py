"""The parts that train: contenders with the same hyperparameters, and what their ratios should be.

The agents' hyperparameters are those of the preset HalfCheetah where Stable-Baselines3 has the
same; they are written here, so that a preset that changes does not change one side alone.
"""

from collections.abc import Mapping
from typing import Any

from experiments.bench.extent import Extent
from experiments.bench.measure import ByContender, Contender, Figure, Scene, ratio

Variants = tuple[dict[str, Any], ...]

HYPERPARAMETERS = {
    "n_steps": 256,
    "batch_size": 64,
    "n_epochs": 10,
    "learning_rate": 3e-4,
    "gamma": 0.995,
    "gae_lambda": 0.97,
    "ent_coef": 0.01,
}
"""Of every PPO, by Stable-Baselines3's names; what is not here has Stable-Baselines3's default."""
AGENT = {"seed": 1, "num_envs": 8, "hidden_sizes": [64, 64], "hyperparameters": HYPERPARAMETERS}
OURS = {
    "seed": 1,
    "env": {"num_envs": 8},
    "agent": {
        "rollout_steps": 256,
        "batch_size": 64,
        "epochs": 10,
        "lr": 3e-4,
        "gamma": 0.995,
        "gae_lambda": 0.97,
        "entropy_bonus": 0.01,
        "hidden_sizes": [64, 64],
        "activation": "tanh",
    },
    "reward": {"ensemble_size": 3, "hidden_sizes": [64, 64]},
}
"""The same by the names of `pbrl.config`; the rest is the preset's."""
LABELS, ROUND_STEPS, INITIAL_STEPS = 700, 16_384, 16_384
FEWEST_LABELS = 40
"""Of a trial, whose first quarter must suffice for a fit."""
IMITATION = {
    "ensemble_size": 3,
    "predictor_sizes": [64, 64],
    "clip_steps": 30,
    "candidates_per_query": 10,
    "initial_fraction": 0.25,
    "steps_per_round": ROUND_STEPS,
    "reward_epochs": 3,
    "first_fit": 4,
}
"""Ensemble, clips, choice of pairs and rounds as ours; epochs as imitation's documentation has
them, with a first fit four times as long."""
SHORT_QUERY = {"label_budget": 40, "initial_steps": 2048, "every_steps": 4096}
"""For tiny runs, which would otherwise end before the first question."""
THREADS: Variants = ({"threads": 1}, {"threads": 2})
LOOPS: Variants = (
    {"threads": 1, "vectorization": "loop"},
    {"threads": 2, "vectorization": "loop"},
    {"threads": 1, "vectorization": "processes"},
)


def ppo(extent: Extent) -> list[Scene]:
    """PPO on the true reward."""
    contenders = [
        Contender(
            "pbrl",
            "ppo",
            {**AGENT, **THREADS[0], "learner": "pbrl", "steps": extent.steps},
            *_trials(THREADS, extent),
        ),
        on_true_reward("SB3", "sb3", extent),
    ]
    figures = [Figure("pbrl / SB3", ratio("pbrl", "SB3"), 4.0)]
    if not extent.tiny:
        contenders.append(on_true_reward("SBX", "sbx", extent, peer="sbx"))
        figures.append(Figure("pbrl / SBX", ratio("pbrl", "SBX"), 2.3))
    return [Scene("ppo", _run_name(extent), "steps/s", tuple(contenders), tuple(figures))]


def on_true_reward(name: str, learner: str, extent: Extent, peer: str | None = None) -> Contender:
    """Returns SB3's PPO, or another with its interface, on the true reward."""
    settings = {**AGENT, **LOOPS[0], "learner": learner, "steps": extent.steps}
    return Contender(name, "ppo", settings, *_trials(LOOPS, extent), peer=peer)


def _trials(variants: Variants, extent: Extent, **changes: Any) -> tuple[Variants, dict[str, Any]]:
    """Returns what is tried before the first repeat, and how: for a tiny bench nothing."""
    return ((), {}) if extent.tiny else (variants, {"steps": extent.trial_steps, **changes})


def _run_name(extent: Extent) -> str:
    return f"HalfCheetah, {extent.steps:,} steps"


def preferences(extent: Extent) -> list[Scene]:
    """Learning from 700 labels, beside imitation and beside SB3 on the true reward."""
    trial_labels = max(FEWEST_LABELS, LABELS * extent.trial_steps // extent.steps)
    query = SHORT_QUERY if extent.tiny else _query(LABELS)
    contenders = [
        Contender(
            "pbrl",
            "pbrl_preferences",
            {**OURS, **THREADS[0], "steps": extent.steps, "query": query},
            *_trials(THREADS, extent, query=_query(trial_labels)),
        ),
        on_true_reward("SB3, true reward", "sb3", extent),
    ]
    figures = [Figure("pbrl / SB3, true reward", ratio("pbrl", "SB3, true reward"), 3.5)]
    if not extent.tiny:
        settings = {**AGENT, **LOOPS[0], **IMITATION, "labels": LABELS, "steps": extent.steps}
        trials = _trials(LOOPS, extent, labels=trial_labels)
        contenders.append(
            Contender("imitation", "imitation_preferences", settings, *trials, peer="imitation")
        )
        figures.append(Figure("pbrl / imitation", ratio("pbrl", "imitation"), 7.0))
    name = f"{_run_name(extent)}, {query['label_budget']} labels"
    return [Scene("preferences", name, "steps/s", tuple(contenders), tuple(figures))]


def _query(labels: int) -> dict[str, Any]:
    steps = {"initial_steps": INITIAL_STEPS, "every_steps": ROUND_STEPS}
    return {"label_budget": labels, "candidates_per_query": 10, "initial_fraction": 0.25, **steps}


def split(extent: Extent) -> list[Scene]:
    """What a run as the preset has it spends its time on, and two such runs at once."""
    settings: dict[str, Any] = {"seed": 1, "threads": 1, "steps": extent.steps}
    if extent.tiny:
        settings["query"] = SHORT_QUERY
    contenders = (
        Contender("one run", "pbrl_preferences", settings),
        Contender("two runs at once", "side_by_side", {**settings, "runs": 2}),
        Contender("the machine's limit", "limits", {**settings, "tiny": extent.tiny}),
    )
    figures = (
        Figure("asking and fitting / all of the time", asking_and_fitting, at_most=0.2),
        Figure("two runs at once / one run", ratio("two runs at once", "one run"), 1.8),
    )
    return [Scene("split", _run_name(extent), "steps/s", contenders, figures)]


def asking_and_fitting(measured: ByContender) -> float:
    """Returns the share of a run's time that choosing questions and fitting take together."""
    shares: Mapping[str, float] = measured["one run"].details["shares"]
    return shares["asking"] + shares["fitting"]
