"""Picture formats differ in speed, not in what is learnt."""

import math

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticCnnPolicy
from torch.func import grad

from pbrl.agents.fastest_format import GAIN, choose, fastest_format
from pbrl.agents.nature_cnn import blocks
from pbrl.agents.picture_format import FORMATS, arrange, extract_features
from pbrl.agents.policy import PolicyFunction, read_weights
from pbrl.errors import ConfigError

SPACE = spaces.Box(0, 255, (4, 84, 84), np.uint8)


@pytest.fixture(scope="module")
def policy():
    torch.manual_seed(0)
    return ActorCriticCnnPolicy(SPACE, spaces.Discrete(6), lambda _: 0.0)


@pytest.fixture(scope="module")
def seen():
    pictures = np.random.default_rng(0).integers(0, 256, (5, *SPACE.shape), np.uint8)
    return torch.from_numpy(pictures)


def answer_and_gradient(policy, seen, picture_format):
    """Returns logits, values and the gradient of a sum of both."""
    apply = PolicyFunction(policy, picture_format)
    weights, seen = read_weights(policy), arrange(seen, picture_format)
    heads = apply(*weights, seen)

    def loss(vector):
        heads = apply(vector, weights.buffers, seen)
        return heads.actor.square().sum() + heads.values.sum()

    return heads.actor.detach(), heads.values.detach(), grad(loss)(weights.vector)


@pytest.mark.parametrize(
    ("picture_format", "tolerance"), [("channels_last", 1e-5), ("bfloat16", 0.05)]
)
def test_a_format_computes_the_same(policy, seen, picture_format, tolerance):
    plain = answer_and_gradient(policy, seen, "contiguous")
    other = answer_and_gradient(policy, seen, picture_format)
    for expected, found in zip(plain, other, strict=True):
        assert found.dtype == torch.float32
        assert (found - expected).norm() <= tolerance * expected.norm()


@pytest.mark.parametrize("picture_format", FORMATS)
def test_prepared_weights_answer_the_same_without_preparing(policy, seen, picture_format):
    function = PolicyFunction(policy, picture_format)
    weights, seen = read_weights(policy), arrange(seen, picture_format)
    vector, *extractor = function.prepare(weights.vector)
    expected = function(*weights, seen)
    # What is prepared is all that is read of the extractor: its place in the vector is not.
    size = sum(p.numel() for p in policy.features_extractor.parameters())
    blank = torch.cat([torch.full((size,), math.nan), vector[size:]]) if extractor else vector
    found = function.answer((blank, *extractor), weights.buffers, seen)
    assert len(extractor) == (0 if picture_format == "contiguous" else 8)
    torch.testing.assert_close(found.actor, expected.actor, rtol=0, atol=0)
    torch.testing.assert_close(found.values, expected.values, rtol=0, atol=0)


def test_a_block_is_its_pictures_row_by_row():
    seen = torch.arange(2 * 3 * 10 * 9).reshape(2, 3, 10, 9).to(torch.uint8)
    found = blocks(seen)
    assert found.shape == (2, 2, 2, 48)  # two rows and a column are left over
    block = seen[1, :, 4:8, 0:4]
    assert found[1, 1, 0].tolist() == block.flatten().tolist()


@pytest.mark.parametrize("shape", [(1, 36, 44), (3, 50, 61)])
def test_pictures_of_other_sizes_are_computed_alike(shape):
    torch.manual_seed(1)
    space = spaces.Box(0, 255, shape, np.uint8, seed=1)
    policy = ActorCriticCnnPolicy(space, spaces.Discrete(3), lambda _: 0.0)
    seen = torch.from_numpy(np.stack([space.sample(), space.sample()]))
    plain = answer_and_gradient(policy, seen, "contiguous")
    other = answer_and_gradient(policy, seen, "channels_last")
    for expected, found in zip(plain, other, strict=True):
        assert (found - expected).norm() <= 1e-5 * expected.norm()


def test_other_networks_of_pictures_are_refused():
    own = ActorCriticCnnPolicy(
        SPACE, spaces.Discrete(6), lambda _: 0.0, share_features_extractor=False
    )
    with pytest.raises(ConfigError, match="NatureCNN"):
        PolicyFunction(own, "bfloat16")
    PolicyFunction(own, "contiguous")


def test_bfloat16_is_one(policy, seen):
    plain, other = (answer_and_gradient(policy, seen, one)[0] for one in ("contiguous", "bfloat16"))
    assert (plain - other).norm() > 1e-4 * plain.norm()


def test_numbers_have_no_format():
    box = spaces.Box(-1, 1, (3,))
    policy = torch.nn.Module()
    policy.extract_features = lambda observations: observations
    seen = torch.from_numpy(np.stack([box.sample(), box.sample()]))
    assert all(extract_features(policy, seen, one) is seen for one in FORMATS)


def test_another_format_is_taken_where_it_gains_enough():
    assert (
        choose({"contiguous": 1.0, "channels_last": 0.99 / GAIN, "bfloat16": 2.0})
        == "channels_last"
    )
    assert (
        choose({"contiguous": 1.0, "channels_last": 1.01 / GAIN, "bfloat16": 2.0}) == "contiguous"
    )
    assert choose({"contiguous": 1.0, "channels_last": 0.7, "bfloat16": 0.3}) == "bfloat16"


def test_it_is_measured_here():
    assert fastest_format(SPACE, spaces.Discrete(6), 16, "cpu") in FORMATS
