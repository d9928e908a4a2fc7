"""The agent that a configuration describes."""

import math
from typing import Any

from gymnasium.vector import VectorEnv
from stable_baselines3.common.utils import LinearSchedule
from torch import nn

from pbrl.agents.normalization import NormalizedObservations
from pbrl.agents.preference_ppo import PreferencePPO
from pbrl.agents.vec_env import GymnasiumVecEnv
from pbrl.config import AgentConfig
from pbrl.seeding import seed_of

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


def build_agent(config: AgentConfig, env: VectorEnv, seed: int, device: str) -> PreferencePPO:
    """Returns an untrained agent for `env`.

    Args:
        config: Networks and hyperparameters.
        env: The environments that it acts in.
        seed: The run's seed.
        device: `auto`, `cpu` or `cuda`.
    """
    policy_kwargs: dict[str, Any] = {
        "net_arch": list(config.hidden_sizes),
        "activation_fn": ACTIVATIONS[config.activation],
        "log_std_init": math.log(config.initial_std),
    }
    if config.normalize_observations:
        policy_kwargs["features_extractor_class"] = NormalizedObservations
    vec_env = GymnasiumVecEnv(env)
    sees_pictures = len(env.single_observation_space.shape or ()) == 3
    if sees_pictures:  # of one scale, and the network of Mnih et al. 2015 has its own extractor
        policy_kwargs.pop("features_extractor_class", None)
    agent = PreferencePPO(
        "CnnPolicy" if sees_pictures else "MlpPolicy",
        vec_env,
        learning_rate=LinearSchedule(config.lr, 0.0, 1.0) if config.lr_decay else config.lr,
        n_steps=config.rollout_steps,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        target_kl=config.target_kl or None,
        ent_coef=config.entropy_bonus,
        vf_coef=config.value_coef,
        max_grad_norm=config.max_grad_norm,
        normalize_reward=config.normalize_reward,
        picture_format="contiguous" if config.picture_format == "auto" else config.picture_format,
        policy_kwargs=policy_kwargs,
        seed=seed_of(seed, "agent"),
        device=device,
    )
    # SB3 seeds the environments with the agent's seed: theirs is a stream of its own.
    vec_env.seed(seed_of(seed, "env"))
    return agent
