"""The predictors' networks for pictures, all members of the ensemble in one stack of weights.

Christiano et al. 2017, appendix A.2: four convolutions of 7, 5, 3 and 3 with strides 3, 2, 1 and 1
and 16 channels each, leaky ReLU with slope .01, batch normalisation and dropout on all of them; a
dense layer of 64. As in `network`, a member is one row of a matrix `(E, P)`, and one call computes
all of them.

The network is asked about whole clips, each picture once: its first layer is one over time and over
blocks of pixels (`pixel_blocks`).

Departures and gaps: dropout takes whole channels of a picture (Ibarz et al. 2018); the order is
convolution, normalisation, leaky ReLU, dropout. What normalises once training is over is measured
with the weights as they are then (`measure_statistics`), not kept running while they change (Wu and
Johnson, *Rethinking "Batch" in BatchNorm*, 2021, section 3): pictures are nearly alike and not
centred, so that a small step of the weights moves a channel's mean by several of its deviations,
which training does not feel and a running mean follows too late.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv3d, leaky_relu

from pbrl.convolution import conv_leaky_relu
from pbrl.reward.pixel_blocks import clips_in_blocks, steps_as_pictures, weight_over_blocks

KERNELS, STRIDES = (7, 5, 3, 3), (3, 2, 1, 1)
EPSILON = 1e-5
BRIGHTEST = 255.0


@dataclass(frozen=True, slots=True)
class Cnn:
    """The shape of every member's network."""

    stack: int
    """Pictures K in an input."""
    side: int
    """Rows and columns of a picture."""
    leaky_slope: float
    """Slope of the leaky ReLU below zero."""
    dropout: float
    """Share of channels that training leaves out."""
    channels: int = 16
    """Of each convolution."""
    hidden: int = 64
    """Units of the dense layer."""
    dtype: torch.dtype = torch.float32
    """What convolutions compute in."""

    @property
    def sides(self) -> list[int]:
        """Returns rows and columns behind each convolution."""
        sides, side = [], self.side
        for kernel, stride in zip(KERNELS, STRIDES, strict=True):
            side = (side - kernel) // stride + 1
            sides.append(side)
        return sides

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Returns the shapes of a member's parameters, in order.

        Of each convolution its weight, then scale and shift of the normalisation; weight and bias
        of the dense layer; weight and bias of the output.
        """
        shapes: list[tuple[int, ...]] = []
        inputs, c = self.stack, self.channels
        for kernel in KERNELS:
            shapes += [(c, inputs, kernel, kernel), (c,), (c,)]
            inputs = c
        flat = c * self.sides[-1] ** 2
        return [*shapes, (flat, self.hidden), (self.hidden,), (self.hidden, 1), (1,)]


def init_cnn(cnn: Cnn, members: int, rng: torch.Generator) -> Tensor:
    """Draws independent networks: weights and biases uniform within 1 / sqrt(layer's inputs).

    That is torch's own rule; scales begin at 1 and shifts at 0.

    Returns:
        `(E, P)` float32.
    """
    parts, c = [], cnn.channels
    inputs = cnn.stack
    for kernel in KERNELS:
        fan_in = inputs * kernel**2
        parts.append(_uniform(members, c * fan_in, fan_in, rng))
        parts += [torch.ones(members, c), torch.zeros(members, c)]
        inputs = c
    for fan_in, fan_out in ((c * cnn.sides[-1] ** 2, cnn.hidden), (cnn.hidden, 1)):
        parts.append(_uniform(members, (fan_in + 1) * fan_out, fan_in, rng))
    return torch.cat(parts, dim=1)


def new_statistics(cnn: Cnn, members: int) -> Tensor:
    """Returns means and variances before any are measured: `(2, 4, E, channels)`."""
    means = torch.zeros(len(KERNELS), members, cnn.channels)
    return torch.stack([means, torch.ones_like(means)])


def weights_of(cnn: Cnn, params: Tensor) -> list[Tensor]:
    """Returns the parameters `(E, ...)` in the order of `Cnn.shapes`, as views."""
    parts = params.split([math.prod(shape) for shape in cnn.shapes], dim=1)
    return [part.view(-1, *shape) for part, shape in zip(parts, cnn.shapes, strict=True)]


def apply_cnn(cnn: Cnn, params: Tensor, statistics: Tensor, clips: Tensor) -> Tensor:
    """Returns the reward of each step of clips under each member, as it is after training.

    Args:
        cnn: The networks' shape.
        params: `(E, P)` the networks.
        statistics: `(2, 4, E, channels)` means and variances, from `measure_statistics`.
        clips: `(C, T + K - 1, side, side)` uint8, each picture once, the same for all members.

    Returns:
        `(E, C, T)` rewards, not normalised.
    """
    weights, folded = weights_of(cnn, params), []
    for layer in range(len(STRIDES)):  # means and variances are part of the convolutions
        weight, scale, shift = weights[3 * layer : 3 * layer + 3]
        mean, variance = statistics[:, layer]
        gain = scale * (variance + EPSILON).rsqrt()
        folded.append((weight * gain[:, :, None, None, None], shift - mean * gain))
    seen, rewards = _blocks(cnn, clips), []
    for part in _at_once(params):
        x = seen
        for layer, stride in enumerate(STRIDES):
            weight, bias = (both[part].flatten(end_dim=1) for both in folded[layer])
            bias = bias.to(cnn.dtype)
            if layer == 0:
                weight = _over_blocks(cnn, weight)
                x = steps_as_pictures(conv_leaky_relu(x, weight, bias, 1, cnn.leaky_slope))
            else:
                weight, groups = weight.to(cnn.dtype), x.shape[1] // cnn.channels
                x = conv_leaky_relu(x, weight, bias, stride, cnn.leaky_slope, groups)
        rewards.append(_dense(cnn, [w[part] for w in weights], x))
    return torch.cat(rewards).unflatten(1, (len(clips), -1))


def train_cnn(
    cnn: Cnn, params: Tensor, clips: Tensor, uniform: Tensor, stride: int = 1
) -> tuple[Tensor, Tensor]:
    """Returns the reward of steps of clips under their member, and the batch's statistics.

    Args:
        cnn: The networks' shape.
        params: `(E, P)` the networks.
        clips: `(E, C, F, side, side)` uint8, each picture once, each member its own; F is T + K - 1
            where all steps are looked at.
        uniform: `(4, C * S, E, channels)` in [0, 1), decides which channels dropout leaves out.
        stride: From one step that is looked at to the next, S in all; F is then
            stride * (S - 1 + ceil(K / stride)), and what no step sees may be anything.

    Returns:
        `(E, C, S)` rewards, not normalised, and means and variances `(2, 4, E, channels)`.
    """
    seen = (_blocks(cnn, own, stride) for own in clips)  # each when its member's turn has come
    rewards, statistics = _train(cnn, params, seen, uniform, stride)
    return rewards.unflatten(1, (clips.shape[1], -1)), statistics


def measure_statistics(cnn: Cnn, params: Tensor, clips: Tensor, stride: int = 1) -> Tensor:
    """Returns means and variances of what each convolution makes of clips, nothing left out.

    Args:
        cnn: The networks' shape.
        params: `(E, P)` the networks.
        clips: `(C, F, side, side)` uint8, each picture once, the same for all members; F as
            `train_cnn` takes it.
        stride: From one step that is looked at to the next.

    Returns:
        `(2, 4, E, channels)`.
    """
    members, steps = len(params), clips.shape[1] // stride + 1 - math.ceil(cnn.stack / stride)
    layers = (len(KERNELS), len(clips) * steps, members, cnn.channels)
    nothing_out = torch.zeros(layers, device=params.device)
    seen = itertools.repeat(_blocks(cnn, clips, stride))
    return _train(replace(cnn, dropout=0.0), params, seen, nothing_out, stride)[1]


def _train(
    cnn: Cnn, params: Tensor, seen: Iterator[Tensor], uniform: Tensor, every: int
) -> tuple[Tensor, Tensor]:
    """Applies members to the blocks that each sees; returns rewards `(E, C * S)` and statistics."""
    kept = (uniform >= cnn.dropout).to(params.dtype) / (1 - cnn.dropout)
    trained = [
        _train_together(cnn, params[part], seen, kept[:, :, part], every)
        for part in _at_once(params)
    ]
    rewards, statistics = zip(*trained, strict=True)
    return torch.cat(rewards), torch.cat(statistics, dim=2)


def _train_together(
    cnn: Cnn, params: Tensor, seen: Iterator[Tensor], kept: Tensor, every: int
) -> tuple[Tensor, Tensor]:
    """Applies members `(m, P)` that go through a convolution together, as its groups."""
    weights, members = weights_of(cnn, params), len(params)
    x = torch.cat(list(itertools.islice(seen, members)), dim=1)
    statistics = []
    for layer, stride in enumerate(STRIDES):
        weight, scale, shift = weights[3 * layer : 3 * layer + 3]
        weight = weight.flatten(end_dim=1)
        if layer == 0:
            x = steps_as_pictures(conv3d(x, _over_blocks(cnn, weight, every), groups=members))
        else:
            x = conv2d(x, weight.to(cnn.dtype), None, stride, groups=members)
        x, measured = _activated(cnn, x, scale.flatten(), shift.flatten(), kept[layer].flatten(1))
        statistics.append(measured.detach())
    measured = torch.stack(statistics, dim=1)  # (2, 4, m * channels)
    return _dense(cnn, weights, x), measured.unflatten(-1, (members, cnn.channels))


def _blocks(cnn: Cnn, clips: Tensor, every: int = 1) -> Tensor:
    """Returns clips `(C, F, side, side)` as the first convolution takes them."""
    return clips_in_blocks(clips.to(cnn.dtype), KERNELS[0], STRIDES[0], every)


def _over_blocks(cnn: Cnn, weight: Tensor, every: int = 1) -> Tensor:
    """Returns the first convolution's weight `(outputs, K, 7, 7)` as one over blocks of bytes."""
    return weight_over_blocks(weight / BRIGHTEST, STRIDES[0], every).to(cnn.dtype)


def _activated(
    cnn: Cnn, x: Tensor, scale: Tensor, shift: Tensor, kept: Tensor
) -> tuple[Tensor, Tensor]:
    """Normalises by the batch's statistics, then leaky ReLU and dropout, all in float32.

    Products with the unit matrix and with diagonal ones keep the compiler from computing what there
    is once for each channel anew for each of millions of numbers.

    Args:
        cnn: The networks' shape.
        x: `(B, channels, side, side)`.
        scale: `(channels,)` of the normalisation.
        shift: `(channels,)` of the normalisation.
        kept: `(B, channels)` factors of dropout, at least 0, so that they may go before the ReLU.

    Returns:
        The same in the networks' type, and means and variances `(2, channels)`.
    """
    x, count = x.float(), x.numel() // x.shape[1]
    sums = torch.stack([x.sum(dim=(0, 2, 3)), (x * x).sum(dim=(0, 2, 3))])
    mean, square = (sums @ torch.eye(len(scale), device=x.device) / count).unbind()
    variance = (square - mean.square()).clamp_min(0)
    gain = scale * (variance + EPSILON).rsqrt()
    factor, addend = kept @ gain.diag(), kept @ (shift - mean * gain).diag()
    x = leaky_relu(x * factor[:, :, None, None] + addend[:, :, None, None], cnn.leaky_slope)
    return x.to(cnn.dtype), torch.stack([mean, variance])


def _at_once(params: Tensor) -> list[slice]:
    """Returns which members go through a convolution together, as its groups.

    All of them on a GPU; on a processor, which computes groups of 16 channels badly, one.
    """
    members = len(params)
    return [slice(members)] if params.is_cuda else [slice(e, e + 1) for e in range(members)]


def squared_weights(cnn: Cnn, params: Tensor) -> Tensor:
    """Returns the sum of squared weights of each member `(E,)`, biases and scales left out."""
    weights = [weight for weight in weights_of(cnn, params) if weight.ndim > 2]
    return torch.stack([w.square().flatten(1).sum(dim=1) for w in weights]).sum(dim=0)


def _dense(cnn: Cnn, weights: list[Tensor], x: Tensor) -> Tensor:
    """Returns rewards `(E, B)` of what the convolutions make, `(B, E * channels, side, side)`."""
    dense, dense_bias, output, output_bias = weights[-4:]
    members = len(dense)
    features = x.float().reshape(len(x), members, -1).transpose(0, 1)  # (E, B, flat)
    hidden = leaky_relu(torch.baddbmm(dense_bias[:, None], features, dense), cnn.leaky_slope)
    return torch.baddbmm(output_bias[:, None], hidden, output).squeeze(-1)


def _uniform(members: int, count: int, fan_in: int, rng: torch.Generator) -> Tensor:
    """Draws `(E, count)` uniformly within 1 / sqrt(fan_in)."""
    return (2 * torch.rand((members, count), generator=rng) - 1) / math.sqrt(fan_in)
