"""What of a clip the predictors see.

Numbers are seen beside the actions; pictures alone, as in Christiano et al. 2017, appendix A.2.
"""

import numpy as np
from numpy.typing import NDArray


def clip_inputs(observations: NDArray, actions: NDArray) -> NDArray:
    """Returns the predictors' inputs of clips of T steps.

    Args:
        observations: `(..., T, O)` float32, or `(..., T + K - 1, H, W)` uint8.
        actions: `(..., T, A)` float32, as executed.

    Returns:
        `(..., T, I)` float32, or the pictures as they are.
    """
    if observations.dtype == np.uint8:
        return observations
    return np.concatenate([observations, actions], axis=-1)
