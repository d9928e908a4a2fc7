"""A computation as a CUDA graph: recorded once, then launched as a whole.

A GPU runs the kernels of a small network in less time than a processor takes to launch them one by
one. A CUDA graph is launched at once, but reads and writes memory of its own: what it is given is
copied there, unless that is what it was given before, and its results are copied out.

https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Run = Callable[[list[Tensor]], Sequence[Tensor | None]]
"""Tensors in; tensors out, and None where there is nothing to tell."""
WARM_UPS = 3
"""Runs before the recording, in which libraries take the memory that they need."""


class CudaGraph:
    """A function of tensors on a GPU, recorded for arguments of one combination of shapes.

    Args:
        run: The function; it must not wait for the GPU, nor depend on values in Python.
        arguments: To record it with; they are not changed.
    """

    def __init__(
        self, run: Callable[[list[Tensor]], list[Tensor]], arguments: list[Tensor]
    ) -> None:
        self._held = [tensor.clone() for tensor in arguments]
        self._given: list[tuple[Tensor, int] | None] = [None] * len(arguments)
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                run(self._held)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # Another thread may fit the reward meanwhile.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._results = list(run(self._held))

    def __call__(self, arguments: list[Tensor]) -> list[Tensor | None]:
        """Returns the function's results, in memory that no later call writes to."""
        changed = [i for i, tensor in enumerate(arguments) if not self._holds(i, tensor)]
        if changed:
            held, new = [self._held[i] for i in changed], [arguments[i] for i in changed]
            torch._foreach_copy_(held, new)  # pyright: ignore[reportPrivateImportUsage]
        for i in changed:
            self._given[i] = arguments[i], arguments[i]._version
        self._graph.replay()
        return [None if result is None else result.clone() for result in self._results]

    def _holds(self, index: int, tensor: Tensor) -> bool:
        """Returns whether an argument is the tensor of the last call, not written to since."""
        given = self._given[index]
        return given is not None and given[0] is tensor and given[1] == tensor._version
