"""The agent: Stable-Baselines3's PPO, taking its rewards from outside."""

from pbrl.agents.learning import UpdateReport
from pbrl.agents.normalization import NormalizedObservations
from pbrl.agents.preference_ppo import PreferencePPO
from pbrl.agents.vec_env import GymnasiumVecEnv

__all__ = ["GymnasiumVecEnv", "NormalizedObservations", "PreferencePPO", "UpdateReport"]
