"""Functions of tensors as one compiled graph each.

`torch.compile` looks at a function anew at every call, to see whether what it compiled still
holds; for functions that run in a fifth of a millisecond this costs as much as the work. Here a
function is traced once per shapes of its arguments and given to the compiler behind
`torch.compile` directly, so a call costs next to nothing. In exchange the function must depend on
its arguments alone.
"""

import functools
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree


def _keep_compiled_code() -> None:
    """Lets the compiler's cache lie beside the user's other caches, not where a restart clears it.

    A folder that the user has chosen stands; where there is no home to write to, torch decides.
    It decides at the first use of whatever belongs to its compiler, so this comes before all.
    """
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if os.access(next(p for p in (root, *root.parents) if p.exists()), os.W_OK):
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(root / "pbrl" / "inductor"))


_keep_compiled_code()


def compile_function(function: Callable) -> Callable:
    """Returns `function` compiled, once for each combination of shapes that it meets.

    Where no C++ compiler works, it runs as it is, several times slower, and a warning says so.

    Args:
        function: a pure function. Its arguments are tensors and tuples of tensors, the same at
            every call but for values and shapes; its results any nest of tensors.
    """
    graphs: dict[tuple, Callable] = {}

    @functools.wraps(function)
    def call(*args: Tensor | tuple[Tensor, ...]) -> Any:
        flat = [t for arg in args for t in (arg if isinstance(arg, tuple) else (arg,))]
        shapes = tuple([tensor.shape for tensor in flat])
        graph = graphs.get(shapes)
        if graph is None:
            graph = graphs[shapes] = _make_graph(function, args, flat)
        return graph(args, flat)

    return call


@torch.no_grad()
def _make_graph(function: Callable, args: tuple, flat: list) -> Callable:
    """Returns what runs `function` for arguments of these shapes, given nested and flat."""
    _, structure = pytree.tree_flatten(args)
    results: list[pytree.TreeSpec] = []  # the structure of the results, known once traced

    def flat_function(*tensors: Tensor) -> list[Tensor]:
        result = function(*pytree.tree_unflatten(tensors, structure))
        leaves, result_structure = pytree.tree_flatten(result)
        results.append(result_structure)
        return leaves

    # Calls between kernels are made from C++ too: on networks this small they are half of all.
    options = {"cpp_wrapper": True} if flat[0].device.type == "cpu" else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of torch, inside torch
            graph = make_fx(flat_function, tracing_mode="fake")(*flat)
            run: Any = torch._inductor.compile(graph, flat, options=options)
            run(*flat)
    except Exception as error:  # noqa: BLE001 (whatever the machine lacks, uncompiled code runs)
        warnings.warn(
            f"Training runs uncompiled, several times slower ({_first_line(error)}). "
            "A C++ compiler helps (Debian: apt install g++ python3-dev).",
            RuntimeWarning,
            stacklevel=3,
        )
        return lambda args, flat: function(*args)
    return lambda args, flat: pytree.tree_unflatten(run(*flat), results[0])


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
