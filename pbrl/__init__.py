"""Preference-based reinforcement learning: a reward learnt from judgements, an agent from it.

`pbrl.load_reward(RUN)` gives the reward that a run has learnt, and the wrappers put it into any
Gymnasium task. They are loaded, and torch with them, when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbrl.reward.saved import LearnedReward, load_reward
    from pbrl.reward.wrapper import LearnedRewardVectorWrapper, LearnedRewardWrapper

__all__ = ["LearnedReward", "LearnedRewardVectorWrapper", "LearnedRewardWrapper", "load_reward"]

_HOMES = {
    "LearnedReward": "pbrl.reward.saved",
    "LearnedRewardVectorWrapper": "pbrl.reward.wrapper",
    "LearnedRewardWrapper": "pbrl.reward.wrapper",
    "load_reward": "pbrl.reward.saved",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
