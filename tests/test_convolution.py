"""A convolution and its leaky ReLU in one pass against torch's own two."""

import pytest
import torch
from torch.nn.functional import conv2d, conv3d, leaky_relu

from pbrl.compilation import compile_function
from pbrl.convolution import conv_leaky_relu

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 0.02}


def operands(dimensions, groups, dtype):
    rng = torch.Generator().manual_seed(0)
    sides = (7, 9, 11)[-dimensions:]
    shapes = (2, 6, *sides), (8, 6 // groups, *[3] * dimensions), (8,)
    return [torch.randn(shape, generator=rng).to(dtype) for shape in shapes]


def in_two_passes(x, weight, bias, stride, groups):
    convolution = conv2d if weight.ndim == 4 else conv3d
    exact = (tensor.double() for tensor in (x, weight, bias))
    return leaky_relu(convolution(*exact, stride, groups=groups), 0.1).to(x.dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("dimensions", "stride"), [(2, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("one_pass", [True, False])
def test_it_is_a_convolution_and_a_leaky_relu(
    monkeypatch, one_pass, dimensions, stride, groups, dtype
):
    if not one_pass:
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    given = operands(dimensions, groups, dtype)
    expected = in_two_passes(*given, stride, groups)
    assert (expected < 0).any() and (expected > 0).any()
    found = conv_leaky_relu(*given, stride, 0.1, groups)
    assert found.dtype == dtype
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
def test_it_compiles_and_goes_in_one_pass():
    """On any processor with oneDNN: what the compiled graph consists of shows it."""
    x, weight, bias = operands(3, 1, torch.float32)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        expected = conv_leaky_relu(x, weight, bias, 1, 0.1)
    called = {event.key for event in profile.key_averages()}
    assert "mkldnn::_convolution_pointwise" in called
    assert "aten::leaky_relu" not in called
    compiled = compile_function(lambda *given: conv_leaky_relu(*given, 1, 0.1))
    torch.testing.assert_close(compiled(x, weight, bias), expected)
