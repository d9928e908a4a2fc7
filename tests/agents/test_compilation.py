import numpy as np
import pytest
import torch

from pbrl.agents import NormalizedObservations, PreferencePPO
from pbrl.agents.compilation import compile_function


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


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", ("/nonexistent/g++",))
    torch._inductor.cpp_builder.get_cpp_compiler.cache_clear()
    yield
    torch._inductor.cpp_builder.get_cpp_compiler.cache_clear()


def test_without_a_compiler_it_runs_as_it_is_and_says_so_once(no_compiler):
    function = compile_function(lambda x: x.sin().exp() * 3 + x)
    x = torch.arange(7.0)
    with pytest.warns(RuntimeWarning, match=r"(?s)uncompiled.*C\+\+ compiler") as warned:
        for _ in range(3):
            torch.testing.assert_close(function(x), x.sin().exp() * 3 + x)
    assert len(warned) == 1
