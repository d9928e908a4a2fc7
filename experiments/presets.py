"""Presets: the settings of a run for each task, as Python values.

Where nothing else is said, a value is the paper's (Christiano et al. 2017, appendix A.1), or the
default that `pbrl.config` gives where the paper is silent.
"""

from dataclasses import replace

from experiments.behaviour_presets import taught
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig

TUNED = AgentConfig(initial_std=0.5, entropy_bonus=0.001)
"""PPO's settings for the tasks of the suite, tuned on HalfCheetah, on labels and on the true reward
alike: see docs/results/tuning.md, for the tasks with settings of their own too."""


PREDICTORS = RewardConfig(l2_ratio_low=1.8, l2_ratio_high=2.0)
"""The predictors of these tasks: L2 is raised later than by the paper, whose bounds (1.1 and 1.5)
keep them from what the labels tell: see docs/results/tuning.md."""


def _task(env_id: str, agent: AgentConfig = TUNED, wrap_angle: bool = False) -> TrainConfig:
    env = EnvConfig(env_id=env_id, wrap_angle=wrap_angle)
    return TrainConfig(env=env, agent=agent, reward=PREDICTORS)


PRESETS: dict[str, TrainConfig] = {
    "Hopper": _task("pbrl/Hopper-v0", replace(TUNED, activation="relu")),
    "Walker2d": _task("pbrl/Walker2d-v0", replace(TUNED, initial_std=0.2, entropy_bonus=0.0)),
    "Swimmer": _task(
        "pbrl/Swimmer-v0", replace(TUNED, gamma=0.9999, gae_lambda=0.98, rollout_steps=1024)
    ),
    "HalfCheetah": _task("pbrl/HalfCheetah-v0"),
    "Ant": _task("pbrl/Ant-v0", replace(TUNED, initial_std=0.1, entropy_bonus=0.0)),
    # The paper's entropy bonus: an arm that has hardly moved is judged by where its target lies.
    "Reacher": _task("pbrl/Reacher-v0", AgentConfig(gamma=0.9)),
    "InvertedPendulum": _task("pbrl/InvertedPendulum-v0"),
    "InvertedDoublePendulum": _task(
        "pbrl/InvertedDoublePendulum-v0",
        replace(TUNED, gamma=0.95, entropy_bonus=0.01, target_kl=0.02),
    ),
    "Humanoid": _task("pbrl/Humanoid-v0"),
}
"""One preset for each task of the suite."""

ATARI = TrainConfig(
    env=EnvConfig(num_envs=8),
    agent=AgentConfig(
        rollout_steps=128,
        batch_size=256,
        epochs=4,
        lr=2.5e-4,
        gamma=0.99,
        gae_lambda=0.95,
        entropy_bonus=0.01,
        clip_range=0.1,
        hidden_sizes=(),
        normalize_observations=False,
        normalize_reward=False,
        clip_true_reward=True,
    ),
    reward=RewardConfig(
        picture_format="auto",
        lr=3e-4,
        initial_updates=6250,  # 200 passes over 500 comparisons
        updates=25,
        reward_std=0.05,
        dropout=0.5,
        fit_stride=2,
        label_window=3000,
        checked_labels=100,
        fit_while_acting=True,
    ),
    query=QueryConfig(
        label_budget=5500,
        initial_fraction=500 / 5500,
        schedule_steps=5e6,
        segment_seconds=25 / 15,
    ),
    total_steps=10_000_000,
    learner_threads=0,
    checkpoint_steps=500_000,
)
"""The paper's settings for games (appendix A.2), with PPO in place of A2C: its settings are those
that RL Baselines3 Zoo has for Atari."""

PONG = replace(
    ATARI,
    agent=replace(ATARI.agent, lr=5e-4),
    reward=replace(ATARI.reward, lr=1e-3, dropout=0.2, initial_updates=1000),
    total_steps=2_000_000,
)
"""Its predictors learn faster than the paper's (docs/results/tuning.md); its agent's learning rate
was not compared with another."""

GAMES = ("BeamRider", "Breakout", "Enduro", "Pong", "Qbert", "Seaquest", "SpaceInvaders")
PRESETS |= {
    name: replace(
        PONG if name == "Pong" else ATARI, env=replace(ATARI.env, env_id=f"pbrl/{name}-v0")
    )
    for name in GAMES
}
"""One preset for each of the paper's games."""


def settings_for(env_id: str) -> TrainConfig:
    """Returns the settings that a task without a preset begins with."""
    is_game = env_id.startswith("ALE/") or env_id.removeprefix("pbrl/").split("-v")[0] in GAMES
    return ATARI if is_game else TrainConfig()


_SHORT_SIGHTED = replace(TUNED, gamma=0.99, gae_lambda=0.95, entropy_bonus=0.0)

UNMODIFIED: dict[str, TrainConfig] = {
    f"{name}-v5": TrainConfig(
        env=EnvConfig(env_id=f"{name}-v5", allow_termination=True),
        agent=agent,
        query=QueryConfig(segment_seconds=1.5 if name == "HalfCheetah" else 0.1),
    )
    for name, agent in {
        "HalfCheetah": TUNED,
        "Hopper": _SHORT_SIGHTED,
        "Walker2d": _SHORT_SIGHTED,
    }.items()
}
"""Gymnasium's own tasks, to compare returns on the true reward with what others report; the early
end of an episode tells the agent about the reward there. Hopper and Walker2d fall within some 20
steps at first, so that only clips shorter than that can be cut."""

PRESETS |= UNMODIFIED

BEHAVIOUR_PRESETS = {
    # After turning over all must look as before. The paper's entropy bonus: with the tuned one a
    # policy soon tries nothing new where it lies.
    "Hopper-backflip": replace(
        taught(_task("pbrl/Hopper-v0", AgentConfig(), wrap_angle=True), "backflip", 900),
        total_steps=2_000_000,
    ),
    "HalfCheetah-one-leg": replace(
        taught(_task("pbrl/HalfCheetah-v0", AgentConfig(), wrap_angle=True), "one-leg", 800),
        total_steps=2_000_000,
    ),
    # With Pong's predictors, which learn faster.
    "Enduro-level": replace(
        taught(replace(PRESETS["Enduro"], reward=PONG.reward), "level", 1300, first_labels=500),
        total_steps=1_000_000,  # the paper's four million frames
    ),
}
"""New behaviours, with the paper's numbers of comparisons (section 3.2); they use no reward."""

PRESETS |= BEHAVIOUR_PRESETS

PRESETS["debug"] = replace(
    _task("pbrl/InvertedPendulum-v0"),
    agent=replace(TUNED, rollout_steps=64, epochs=4),
    reward=replace(PREDICTORS, initial_updates=100, updates=20),
    query=QueryConfig(label_budget=40, initial_steps=2048, every_steps=4096, buffer_steps=8192),
    total_steps=20_480,
    checkpoint_steps=8192,
)
"""Every part of a run in under a minute; it learns little."""
