"""The ensemble that a configuration describes."""

from pbrl.config import TrainConfig
from pbrl.feedback import find_kind
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.picture_ensemble import PictureEnsemble


def make_ensemble(
    config: TrainConfig, shape: tuple[int, ...], act_dim: int, device: str = "cpu"
) -> RewardEnsemble:
    """Returns an ensemble that has seen no label.

    Args:
        config: The run's settings.
        shape: Of an observation, (O,) of numbers or (K, H, W) of pictures.
        act_dim: Entries of an action.
        device: Where the weights live.
    """
    reward, kind, seed = config.reward, find_kind(config.feedback), config.seed
    if len(shape) == 3:
        return PictureEnsemble(reward, shape, act_dim, kind, seed, device)
    return RewardEnsemble(reward, shape[0], act_dim, kind, seed, device)
