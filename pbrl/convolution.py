"""A convolution and the leaky ReLU behind it in one pass over memory.

What a convolution makes of pictures is larger than a processor's caches, so that to read and write
it once more takes half as long as the convolution. oneDNN, torch's library on processors, applies
the activation as it goes; torch does not offer that but through the operator that its compiler
uses.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv3d, leaky_relu


def conv_leaky_relu(
    x: Tensor, weight: Tensor, bias: Tensor, stride: int, slope: float, groups: int = 1
) -> Tensor:
    """Returns the leaky ReLU of a convolution, of networks that are not trained just now.

    It has no derivative where it goes in one pass.

    Args:
        x: `(B, C, H, W)`, or `(B, C, T, H, W)` for a convolution over time too.
        weight: `(outputs, C / groups, ...)` of the same type and as many dimensions.
        bias: `(outputs,)`.
        stride: In all dimensions.
        slope: Of the leaky ReLU below zero.
        groups: How many parts of the channels are convolved apart.
    """
    dimensions = weight.ndim - 2
    if _in_one_pass(x):
        padding, strides, dilation = ([n] * dimensions for n in (0, stride, 1))
        shape = padding, strides, dilation, groups
        fused = torch.ops.mkldnn._convolution_pointwise
        return fused(x, weight, bias, *shape, "leaky_relu", [slope], "")
    convolution = conv2d if dimensions == 2 else conv3d
    return leaky_relu(convolution(x, weight, bias, stride, groups=groups), slope)


def _in_one_pass(x: Tensor) -> bool:
    """Returns whether oneDNN is there for numbers of this type, on this tensor's device."""
    if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return x.dtype == torch.float32 or (
        x.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
