"""Functions of tensors as one compiled graph each, compiled once for all runs.

`torch.compile` looks at a function anew at every call, to see whether what it compiled still
holds; for functions that run in a fifth of a millisecond this costs as much as the work. Here a
function is traced once per shapes of its arguments, and its graph is given to the compiler behind
`torch.compile` ahead of time (AOTInductor). What comes of it is a library in the user's cache, so
that later runs load neither the compiler nor wait for it. On a GPU it is a CUDA graph of the
kernels that the compiler makes. In exchange the function must depend on its arguments alone.
"""

import contextlib
import functools
import hashlib
import os
import platform
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from pbrl.cuda_graph import CudaGraph

Run = Callable[[list[Tensor]], Sequence[Tensor | None]]
"""A compiled graph: tensors in, tensors out."""
_TRACING = threading.RLock()
"""Held while a function is traced: torch's tracer serves one thread at a time, and predictors may
be fitted beside the agent."""


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
            every call but for values and shapes; its results a tensor, or tuples of tensors in
            tuples, named ones too.
    """
    graphs: dict[tuple, Callable] = {}

    @functools.wraps(function)
    def call(*args: Tensor | tuple[Tensor, ...]) -> Any:
        flat = [t for arg in args for t in (arg if isinstance(arg, tuple) else (arg,))]
        shapes = tuple([tensor.shape for tensor in flat])
        graph = graphs.get(shapes)
        if graph is None:
            with _TRACING:
                graph = graphs[shapes] = _make_graph(function, args, flat)
        return graph(args, flat)

    return call


@torch.no_grad()
def _make_graph(function: Callable, args: tuple, flat: list) -> Callable:
    """Returns what runs `function` for arguments of these shapes, given nested and flat."""
    results: list[Any] = []  # the nest of the results, known once traced

    def flat_function(*tensors: Tensor) -> list[Tensor]:
        result = function(*_nested(args, iter(tensors)))
        results.append(result)
        return _leaves(result)

    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, FutureWarning):  # of torch, inside torch
                warnings.simplefilter("ignore", category)
            graph = make_fx(flat_function, tracing_mode="fake")(*flat)
            run = _library(graph, flat) if flat[0].device.type == "cpu" else _loaded(graph, flat)
            run(flat)
    except Exception as error:  # noqa: BLE001 (whatever the machine lacks, uncompiled code runs)
        warnings.warn(
            f"Training runs uncompiled, several times slower ({_first_line(error)}). "
            "A C++ compiler helps (Debian: apt install g++ python3-dev).",
            RuntimeWarning,
            stacklevel=3,
        )
        return lambda args, flat: function(*args)
    return lambda args, flat: _nested(results[0], iter(run(flat)))


def _leaves(nest: Any) -> list[Tensor]:
    """Returns the tensors of a nest of tuples in order."""
    return [t for part in nest for t in _leaves(part)] if isinstance(nest, tuple) else [nest]


def _nested(nest: Any, leaves: Iterator[Tensor | None]) -> Any:
    """Returns a nest like this one, of other tensors; torch's own function is ten times slower."""
    if not isinstance(nest, tuple):
        return next(leaves)
    parts = [_nested(part, leaves) for part in nest]
    return type(nest)(*parts) if hasattr(nest, "_fields") else tuple(parts)


def _library(graph: fx.GraphModule, flat: list[Tensor]) -> Run:
    """Returns a graph as a library of the user's cache, built unless it is there."""
    folder = _cache_folder()
    path = folder / f"{_fingerprint(graph, flat)}.so"
    if path.exists():
        with contextlib.suppress(RuntimeError):  # a damaged library is built anew
            return _open(path)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        # Whole or not at all: other runs may look for it.
        Path(_build(graph, flat, Path(draft) / "graph.so")).replace(path)
    return _open(path)


def _open(path: Path) -> Run:
    """Loads a library."""
    containers = torch._C._aoti  # pyright: ignore[reportAttributeAccessIssue] (it has no stubs)
    return containers.AOTIModelContainerRunnerCpu(str(path), 1).run


def _build(graph: fx.GraphModule, flat: list[Tensor], path: Path) -> str:
    """Compiles a graph to a library at `path`, for the instructions that the processor has.

    That the compiler knows them too is found out by trying: asking it takes six seconds.
    """
    from torch._inductor import aot_compile, cpu_vec_isa  # takes seconds, seldom needed

    options = {"aot_inductor.output_path": str(path)}
    try:
        built: Any = aot_compile(graph, tuple(flat), options=options | {"cpp.vec_isa_ok": True})
    except Exception:  # noqa: BLE001 (a compiler's errors are of many kinds)
        cpu_vec_isa.valid_vec_isa_list.cache_clear()
        built = aot_compile(graph, tuple(flat), options=options)
    return built


def _loaded(graph: fx.GraphModule, flat: list[Tensor]) -> Run:
    """Returns a graph for a GPU, compiled in this process and recorded as a CUDA graph."""
    run: Any = torch._inductor.compile(graph, [*flat])
    return CudaGraph(lambda tensors: run(*tensors), flat)


def _fingerprint(graph: fx.GraphModule, flat: list[Tensor]) -> str:
    """Returns what tells a library from all others: graph, constants, arguments and machine."""
    told = hashlib.sha256(graph.code.encode())
    for node in graph.graph.find_nodes(op="get_attr"):
        told.update(getattr(graph, node.target).numpy().tobytes())
    layouts = [(tuple(t.shape), t.stride(), t.dtype) for t in flat]
    # The number of threads is part of what is built.
    threads = torch.get_num_threads()
    machine = torch.__version__, _instructions(), threads
    told.update(repr((layouts, machine)).encode())
    return told.hexdigest()[:32]


@functools.cache
def _instructions() -> str:
    """Returns which instructions the processor knows: those of another one may crash the process.

    A library is built for all that this one has, and its folder may be shared by machines.
    """
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    flags = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    known = next(flags, platform.processor())
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {known}"


def _cache_folder() -> Path:
    """Returns where libraries are kept from run to run; a folder of this process alone if nowhere.

    Never one that others may write to, since what lies there is run.
    """
    kept = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    return Path(kept or _own_folder()) / "graphs"


@functools.cache
def _own_folder() -> str:
    return tempfile.mkdtemp(prefix="pbrl-")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
