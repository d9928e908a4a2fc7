"""The document of a bench: goals beside what was measured, then every contender's own numbers."""

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from experiments.bench.measure import Measurement, Outcome, Part

TITLES: dict[Part, str] = {
    "stepping": "Stepping",
    "ppo": "PPO on the true reward",
    "preferences": "Learning from preferences",
    "split": "Where the time goes, and two runs at once",
    "startup": "Start-up",
    "games": "Stepping games",
    "games-ppo": "PPO on Pong",
    "games-gpu": "Pong on a GPU",
}
NOTES: dict[Part, str] = {
    "stepping": (
        "Random actions, drawn before; whole episodes of 1000 steps without early end, after a "
        "quarter of one. mujoco.batch is the physics alone. Gymnasium and EnvPool step their v5 "
        "tasks, Ant without contact forces. AsyncVectorEnv has a process for each environment, "
        "all of them on as many processors as the others have threads."
    ),
    "ppo": (
        "The same hyperparameters and networks (2x64, tanh), nothing normalised. SB3 and SBX act "
        "in Gymnasium's HalfCheetah-v5 with `ctrl_cost_weight=0`, which is pbrl/HalfCheetah-v0. "
        "The first two rollouts and updates are warm-up and do not count; what they took above "
        "the steady pace is given. Returns are the mean of the last 100 episodes, actions sampled."
    ),
    "preferences": (
        "pbrl runs the loop of `pbrl train HalfCheetah`, checkpoints, logs, and normalisation "
        "of observations and rewards included; all its time counts but compiling, which is given "
        "as warm-up. imitation acts in HalfCheetah-v4 of the Gymnasium that it needs (the same "
        "physics, `ctrl_cost_weight=0`); all its steps count, and all its time. The ensembles "
        "have three members; pairs are chosen among ten times as many, by disagreement, a quarter "
        "of them before training, the rest in equally many rounds. SB3 learns from the true "
        "reward, as above."
    ),
    "split": (
        "Runs of the preset HalfCheetah as it is, each on one thread. Compiling does not count. "
        "Of two runs at once the rates are added. The limit of acting is the physics alone; that "
        "of learning and fitting their products of matrices, or the optimiser's memory traffic."
    ),
    "startup": (
        "From the start of the process to the end of the help, or to the first step of the "
        "environments. Empty caches: neither the compiled graphs nor Python's bytecode are there."
    ),
    "games": (
        "Agent steps, of four frames each, with random actions drawn before. All make 84x84 grey "
        "stacks of four; ours blacks the score out first. In colour too: with the pictures that "
        "people see beside them, not yet encoded. SB3's wrappers step their games in a loop."
    ),
    "games-ppo": (
        "The same hyperparameters (RL Baselines3 Zoo's for Atari) and network, learning from the "
        "score. The first rollout and update are warm-up and do not count. From preferences: the "
        "loop of `pbrl train Pong`, with labels and gradient steps of the predictors as often as "
        "in 5M steps with 5,500 labels, without the first fit, which comes once in a run."
    ),
    "games-gpu": (
        "The loop of `pbrl train Pong` with 64 games, minibatches of 2,048 and a thread for each "
        "processor, the first fit of the predictors included; compiling does not count."
    ),
}
BESIDE = {"threads": "threads", "vectorization": "environments in"}
"""Settings that stand beside a contender's value."""


def document(
    arguments: str,
    about: Mapping[str, Any],
    missing: Mapping[str, str],
    tried: list[dict[str, Any]],
    measurements: list[Measurement],
    outcomes: list[Outcome],
    *,
    tiny: bool,
) -> str:
    """Returns the Markdown of a bench; one that is tiny says so."""
    lines = [
        "# pbrl beside its peers",
        "",
        f"Made by `pbrl bench{' ' + arguments if arguments else ''}` on {about['date']}: "
        f"{about['processor']}, {about['processors']} processors, load average "
        f"{about['load_average']} at the start. {versions(about['versions'])}.",
        "",
        "Contenders were measured in turn, each in a process of its own, and each ratio is of "
        "two measurements that followed one another. Medians over repeats; the range is from the "
        "lowest to the highest.",
    ]
    if tiny:
        lines += ["", "**A tiny bench**: it shows that all works; its numbers mean nothing."]
    if missing:
        lines += ["", "Not measured:", "", *(f"- {n}: {why}" for n, why in missing.items())]
    for part in TITLES:
        of_part = [one for one in measurements if one.part == part]
        if not of_part:
            continue
        lines += ["", f"## {TITLES[part]}", "", NOTES[part], ""]
        lines += figures_table([one for one in outcomes if one.part == part])
        lines += ["", *values_table(of_part)]
        if part == "split":
            lines += ["", *shares_table(of_part)]
        lines += trials(part, tried)
    return "\n".join(lines) + "\n"


def versions(installed: Mapping[str, str]) -> str:
    """Returns the versions in a line."""
    return ", ".join(f"{name} {version}" for name, version in installed.items())


def figures_table(outcomes: list[Outcome]) -> list[str]:
    """Returns the table of ratios and the like, with their goals."""
    lines = ["| | | goal | measured | range | repeats |", "|---|---|---|---|---|---|"]
    for one in outcomes:
        span = f"{min(one.per_repeat):.2f} to {max(one.per_repeat):.2f}"
        lines.append(
            f"| {one.scene} | {one.name} | {goal(one)} | {one.median:.2f}{verdict(one)} "
            f"| {span} | {len(one.per_repeat)} |"
        )
    return lines


def goal(outcome: Outcome) -> str:
    """Returns what a figure should be."""
    if outcome.at_least is not None:
        return f"≥ {outcome.at_least:g}"
    return "" if outcome.at_most is None else f"≤ {outcome.at_most:g}"


def verdict(outcome: Outcome) -> str:
    """Returns a word where the goal is missed."""
    return " (missed)" if outcome.reached is False else ""


def values_table(measurements: list[Measurement]) -> list[str]:
    """Returns the table of what each contender came to in each scene."""
    by_contender: dict[tuple[str, str], list[Measurement]] = {}
    for one in measurements:
        by_contender.setdefault((one.scene, one.contender), []).append(one)
    unit = measurements[0].unit
    lines = [
        f"| | | {unit} | range | true return | warm-up, s | settings | version |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (scene, contender), repeats in by_contender.items():
        values = [one.value for one in repeats]
        cells = (
            scene,
            contender,
            number(statistics.median(values)),
            f"{number(min(values))} to {number(max(values))}",
            median_of(repeats, "true_return"),
            median_of(repeats, "warm_up_seconds"),
            beside(repeats[0].settings),
            versions(repeats[0].details.get("versions", {})),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def number(value: float) -> str:
    """Returns a value with as many digits as are worth reading."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def median_of(repeats: Iterable[Measurement], detail: str) -> str:
    """Returns the median of a detail over those repeats that have it."""
    known = [one.details[detail] for one in repeats if one.details.get(detail) is not None]
    return number(statistics.median(known)) if known else ""


def beside(settings: Mapping[str, Any]) -> str:
    """Returns the settings that a reader wants to see."""
    shown = [f"{label}: {settings[name]}" for name, label in BESIDE.items() if name in settings]
    return ", ".join(shown)


def shares_table(measurements: list[Measurement]) -> list[str]:
    """Returns the table of the parts of a run beside the machine's limits, medians over repeats."""
    runs = [one for one in measurements if "shares" in one.details]
    limits = [one.details["limits"] for one in measurements if "limits" in one.details]
    lines = [
        "| part of a run | share of its time | seconds | limit, s |",
        "|---|---|---|---|",
    ]
    for part in runs[0].details["shares"] if runs else ():
        share = statistics.median(one.details["shares"][part] for one in runs)
        spent = [one.details["shares"][part] * one.details["steps"] / one.value for one in runs]
        known = [one[part] for one in limits if part in one]
        limit = number(statistics.median(known)) if known else ""
        seconds = number(statistics.median(spent))
        lines.append(f"| {part} | {share:.1%} | {seconds} | {limit} |")
    return lines + rates(measurements)


def rates(measurements: list[Measurement]) -> list[str]:
    """Returns the sentence that says what the limits were computed from."""
    found = [one.details for one in measurements if "limits" in one.details]
    if not found:
        return []
    flops, copied, raw = (
        statistics.median(one[name] for one in found)
        for name in ("matrix_flops", "copy_bytes", "raw_steps")
    )
    return [
        "",
        f"The limits come from {flops / 1e9:,.0f} Gflop/s in one large product of matrices, "
        f"{copied / 1e9:,.0f} GB/s of copying within the cache, and {raw:,.0f} steps/s of the "
        "physics alone, on one thread; the work is counted from the settings.",
    ]


def trials(part: Part, tried: list[dict[str, Any]]) -> list[str]:
    """Returns what was tried to find each contender's fastest settings."""
    lines = [
        f"- {one['contender']}, {beside(one)}: {number(one['value'])}"
        for one in tried
        if one["part"] == part
    ]
    return ["", "Tried before, on fewer steps, and the fastest taken:", "", *lines] if lines else []
