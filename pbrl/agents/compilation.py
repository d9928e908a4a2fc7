"""torch.compile where it works, and the same function uncompiled where it doesn't."""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Returns `function` as one compiled graph, compiled at its first call.

    Without a working C++ compiler it runs as it is, about ten times slower; a warning says so.
    """
    fast: Callable[P, R] | None = torch.compile(function, fullgraph=True, dynamic=False)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal fast
        if fast is not None:
            try:
                return fast(*args, **kwargs)
            except torch._dynamo.exc.BackendCompilerFailed as error:
                fast = None
                reason = str(error).strip().splitlines()[0]
                warnings.warn(
                    f"Training runs uncompiled, several times slower: {reason} "
                    "A C++ compiler helps (Debian: apt install g++ python3-dev).",
                    RuntimeWarning,
                    stacklevel=2,
                )
        return function(*args, **kwargs)

    return call
