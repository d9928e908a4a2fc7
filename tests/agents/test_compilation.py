import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from pbrl import compilation
from pbrl.agents import NormalizedObservations, PreferencePPO
from pbrl.compilation import compile_function


def make_agent(envs, compiled):
    return PreferencePPO(
        "MlpPolicy",
        envs,
        n_steps=32,
        batch_size=16,
        n_epochs=2,
        seed=0,
        device="cpu",
        compiled=compiled,
        policy_kwargs={"features_extractor_class": NormalizedObservations},
    )


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1"])
def test_compiled_equals_eager(make_envs, env_id):
    eager, fast = (make_agent(make_envs(env_id), compiled) for compiled in (False, True))
    for _ in range(2):  # the second with other statistics of observations
        rollouts = [np.array(a.collect().observations) for a in (eager, fast)]
        np.testing.assert_allclose(*rollouts, atol=1e-4)
        fast._recording = eager._recording
        rewards = np.array(eager.last_rollout.true_rewards)
        reports = [a.update(rewards) for a in (eager, fast)]
        for ours, theirs in zip(eager.policy.parameters(), fast.policy.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
        assert reports[0].value_loss == pytest.approx(reports[1].value_loss, rel=1e-4)
    assert type(fast.policy.features_extractor.mean) is torch.Tensor


UNCOMPILED = """
import warnings
import torch
from pbrl.compilation import compile_function
function = compile_function(lambda x: x.sin().exp() * 3 + x)
x = torch.arange(7.0)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    for _ in range(3):
        assert torch.equal(function(x), x.sin().exp() * 3 + x)
[warning] = warned
print(warning.message)
"""


def test_without_a_compiler_it_runs_as_it_is_and_says_so_once(tmp_path):
    machine = os.environ | {"CXX": "/nonexistent/g++", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", UNCOMPILED]
    said = subprocess.run(command, env=machine, check=True, capture_output=True, text=True).stdout
    assert "uncompiled" in said
    assert len(said.splitlines()) == 1


def test_each_shape_is_compiled_once():
    traced = []

    def double(x):
        traced.append(x.shape)
        return x * 2

    function = compile_function(double)
    for size in (2, 3, 2, 3):
        assert torch.equal(function(torch.ones(size)), torch.full((size,), 2.0))
    assert [tuple(shape) for shape in traced] == [(2,), (3,)]


BUILT = """
import gymnasium
from pbrl.agents import PreferencePPO
envs = gymnasium.make_vec("Pendulum-v1", 2, vectorization_mode="sync", vector_kwargs={
    "autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP})
PreferencePPO("MlpPolicy", envs, n_steps=4, device="cpu").collect()
"""


def test_compiled_code_lies_among_the_users_caches(tmp_path):
    """Not in the system's folder for temporary files, which a restart clears."""
    folders = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    machine = {k: v for k, v in os.environ.items() if k != "TORCHINDUCTOR_CACHE_DIR"} | folders
    subprocess.run([sys.executable, "-c", BUILT], env=machine, check=True)
    assert list((tmp_path / "cache" / "pbrl" / "inductor").rglob("*.so"))
    assert not list(tmp_path.glob("torchinductor*/**/*.so"))


def square_of(x):
    return x * x


def cube_of(x):
    return x * x * x


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    return tmp_path / "graphs"


def test_each_function_shape_and_constant_has_a_library_of_its_own(cache):
    x = torch.arange(6.0)
    for function in (square_of, cube_of, lambda x: x + 1, lambda x: x + 2):
        assert torch.equal(compile_function(function)(x), function(x))
    assert torch.equal(compile_function(square_of)(x[:3]), square_of(x[:3]))
    assert len(list(cache.glob("*.so"))) == 5


ANOTHER_RUN = """
import torch
from pbrl.compilation import compile_function
compile_function(lambda x: x * x)(torch.arange(6.0))
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_the_library_of_another_run_is_used_and_a_damaged_one_built_anew(cache, damaged):
    subprocess.run([sys.executable, "-c", ANOTHER_RUN], check=True)
    [library] = cache.glob("*.so")
    if damaged:
        library.write_bytes(b"half a library")
    found = library.stat().st_mtime_ns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(compile_function(square_of)(torch.arange(6.0)), torch.arange(6.0) ** 2)
    assert (library.stat().st_mtime_ns != found) == damaged


def test_two_threads_may_meet_new_functions_at_once(monkeypatch):
    """An agent acts while predictors are fitted: torch's tracer knows one thread at a time."""
    monkeypatch.setattr(compilation, "_library", lambda graph, flat: lambda flat: graph(*flat))
    x = torch.arange(6.0)

    def work(start):
        for step in range(20):
            start.wait()

            def function(x, step=step):
                for power in range(20):
                    x = (x + power).relu().tanh()
                return x + step

            assert torch.equal(compile_function(function)(x), function(x))

    with warnings.catch_warnings(), ThreadPoolExecutor(2) as threads:
        warnings.simplefilter("error")
        start = threading.Barrier(2, timeout=60)
        for done in [threads.submit(work, start) for _ in range(2)]:
            done.result()


def test_a_library_is_for_one_kind_of_processor(cache, monkeypatch):
    for flags in ("sse2 avx2", "sse2 avx2 avx512_fp16"):
        monkeypatch.setattr(compilation, "_instructions", lambda flags=flags: flags)
        compile_function(square_of)(torch.arange(6.0))
    assert len(list(cache.glob("*.so"))) == 2


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@needs_gpu
def test_a_cuda_graph_equals_the_function():
    calls = []

    def function(x, pair):
        calls.append(x)
        return x.sin() + pair[0], (pair[1] * x,)

    graph = compile_function(function)
    x, shift, factor = (torch.rand(64, device="cuda") for _ in range(3))
    kept = graph(x, (shift, factor))
    traced = len(calls)
    for change in (torch.zeros_like(x), torch.rand_like(x)):
        expected = function(change, (shift, factor))
        torch.testing.assert_close(graph(change, (shift, factor)), expected)
    before = graph(x, (shift, factor))
    x += 1  # the tensor of the last call, written to since
    torch.testing.assert_close(graph(x, (shift, factor)), function(x, (shift, factor)))
    torch.testing.assert_close(kept, before)  # nobody wrote over it
    assert len(calls) == traced + 3, "the graph calls the function"


@needs_gpu
@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1"])
def test_an_agent_on_a_gpu_learns_what_an_uncompiled_one_learns(make_envs, env_id):
    def agent(compiled):
        return PreferencePPO(
            "MlpPolicy",
            make_envs(env_id),
            **{"n_steps": 32, "batch_size": 16, "n_epochs": 2, "seed": 0},
            device="cuda",
            compiled=compiled,
        )

    eager, fast = agent(compiled=False), agent(compiled=True)
    for one in (eager, fast):
        one.collect()
    fast._recording = eager._recording
    for one in (eager, fast):
        one.update(np.array(eager.last_rollout.true_rewards))
    for ours, theirs in zip(eager.policy.parameters(), fast.policy.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
