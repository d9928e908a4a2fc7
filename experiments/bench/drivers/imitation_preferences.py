"""Learns HalfCheetah from synthetic comparisons with imitation; says how many steps a second.

imitation's preference comparisons as its documentation sets them up, with the ensemble, clips,
choice of pairs, share of first questions and rounds of this suite. All of its environment steps
count, those included that it takes for clips alone, and all of its time after the set-up.
"""
# pyright: reportMissingImports=false
# (imitation is not among our dependencies.)

import json
import os
import sys
import tempfile
import time
from importlib import metadata
from typing import Any

import numpy as np
import torch
from imitation.algorithms import preference_comparisons as comparisons
from imitation.rewards.reward_nets import BasicRewardNet, NormalizedRewardNet, RewardEnsemble
from imitation.util import logger
from imitation.util.networks import RunningNorm
from imitation.util.util import make_vec_env
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

TASK = {"ctrl_cost_weight": 0.0}
"""Makes the reward of Gymnasium's HalfCheetah the suite's: the forward velocity alone."""


class Counted(VecEnvWrapper):
    """Counts the steps that environments take."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self.steps = 0

    def reset(self) -> Any:
        """Resets, which is no step."""
        return self.venv.reset()

    def step_wait(self) -> tuple:
        """Steps every environment."""
        self.steps += self.num_envs
        return self.venv.step_wait()


def predictors(env: VecEnv, members: int, hidden_sizes: list[int]) -> RewardEnsemble:
    """Returns an ensemble whose members normalise what they see and what they give."""
    spaces = env.observation_space, env.action_space

    def member() -> NormalizedRewardNet:
        net = BasicRewardNet(*spaces, hid_sizes=hidden_sizes, normalize_input_layer=RunningNorm)
        return NormalizedRewardNet(net, normalize_output_layer=RunningNorm)

    return RewardEnsemble(*spaces, [member() for _ in range(members)])


def rounds(settings: dict[str, Any]) -> int:
    """Returns how often comparisons are asked for, the first time included."""
    return max(2, settings["steps"] // settings["steps_per_round"])


def build(settings: dict[str, Any], env: VecEnv, folder: str) -> tuple[Any, PPO]:
    """Returns imitation's loop, and the agent that it trains."""
    rng = np.random.default_rng(settings["seed"])
    quiet = logger.configure(folder, format_strs=[])
    ensemble = predictors(env, settings["ensemble_size"], settings["predictor_sizes"])
    model = comparisons.PreferenceModel(ensemble)
    policy = {"net_arch": settings["hidden_sizes"], "activation_fn": torch.nn.Tanh}
    agent = PPO(
        "MlpPolicy",
        env,
        seed=settings["seed"],
        device="cpu",
        policy_kwargs=policy,
        **settings["hyperparameters"],
    )
    loop = comparisons.PreferenceComparisons(
        comparisons.AgentTrainer(agent, ensemble, env, rng, custom_logger=quiet),
        ensemble,
        num_iterations=rounds(settings) - 1,  # besides a first one
        fragmenter=comparisons.ActiveSelectionFragmenter(
            model,
            comparisons.RandomFragmenter(rng=rng, custom_logger=quiet),
            fragment_sample_factor=settings["candidates_per_query"],
            custom_logger=quiet,
        ),
        preference_gatherer=comparisons.SyntheticGatherer(rng=rng, custom_logger=quiet),
        reward_trainer=comparisons.EnsembleTrainer(
            model,
            comparisons.CrossEntropyRewardLoss(),
            rng=rng,
            epochs=settings["reward_epochs"],
            custom_logger=quiet,
        ),
        fragment_length=settings["clip_steps"],
        initial_comparison_frac=settings["initial_fraction"],
        initial_epoch_multiplier=settings["first_fit"],
        custom_logger=quiet,
    )
    return loop, agent


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Measures a run.

    Args:
        settings: `steps` that the agent learns from, `labels`, `seed`, `num_envs`, `threads`,
            `vectorization` ("loop" or "processes"), the sizes of `build`, and `hyperparameters`
            of the agent by SB3's names.
    """
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    env = Counted(
        make_vec_env(
            "HalfCheetah-v4",
            rng=np.random.default_rng(settings["seed"]),
            n_envs=settings["num_envs"],
            parallel=settings["vectorization"] == "processes",
            env_make_kwargs=TASK,
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        loop, agent = build(settings, env, folder)
        # The agent learns after the first round of comparisons too, on top of what `train` is told.
        later = settings["steps"] * (rounds(settings) - 1) // rounds(settings)
        begun = time.perf_counter()
        loop.train(later, settings["labels"])
        seconds = time.perf_counter() - begun
    returns = [episode["r"] for episode in agent.ep_info_buffer or ()]
    return {
        "value": env.steps / seconds,
        "steps": env.steps,
        "labels": len(loop.dataset),
        "true_return": float(np.mean(returns)) if returns else None,
        "versions": {name: metadata.version(name) for name in ("imitation", "gymnasium")},
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)  # nothing is owed to worker processes that are slow to end
