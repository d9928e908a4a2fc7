"""The predictors' networks for pictures, all members of the ensemble in one stack of weights.

Christiano et al. 2017, appendix A.2: four convolutions of 7, 5, 3 and 3 with strides 3, 2, 1 and 1
and 16 channels each, leaky ReLU with slope .01, batch normalisation and dropout on all of them; a
dense layer of 64. As in `network`, a member is one row of a matrix `(E, P)`, and one call computes
all of them.

Departures and gaps: dropout takes whole channels of a picture (Ibarz et al. 2018); batch
normalisation's running statistics decay by .99 a step (the same; not stated in the paper); the
order is convolution, normalisation, leaky ReLU, dropout.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu

KERNELS, STRIDES = (7, 5, 3, 3), (3, 2, 1, 1)
DECAY = 0.99
"""Of the running statistics, per gradient step."""
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
    """Returns running means and variances before training: `(2, 4, E, channels)`."""
    means = torch.zeros(len(KERNELS), members, cnn.channels)
    return torch.stack([means, torch.ones_like(means)])


def weights_of(cnn: Cnn, params: Tensor) -> list[Tensor]:
    """Returns the parameters `(E, ...)` in the order of `Cnn.shapes`, as views."""
    parts = params.split([math.prod(shape) for shape in cnn.shapes], dim=1)
    return [part.view(-1, *shape) for part, shape in zip(parts, cnn.shapes, strict=True)]


def apply_cnn(cnn: Cnn, params: Tensor, statistics: Tensor, pictures: Tensor) -> Tensor:
    """Returns the reward of each input under each member, as it is after training.

    Args:
        cnn: The networks' shape.
        params: `(E, P)` the networks.
        statistics: `(2, 4, E, channels)` running means and variances.
        pictures: `(B, K, side, side)` uint8, the same for all members.

    Returns:
        `(E, B)` rewards, not normalised.
    """
    x = pictures.float().contiguous(memory_format=torch.channels_last)
    parts = _at_once(params)
    return torch.cat([_apply(cnn, params[part], statistics[:, :, part], x) for part in parts])


def _apply(cnn: Cnn, params: Tensor, statistics: Tensor, x: Tensor) -> Tensor:
    """Applies members `(m, P)`; the running statistics are folded into the convolutions."""
    weights, groups = weights_of(cnn, params), 1
    for layer, stride in enumerate(STRIDES):
        weight, scale, shift = weights[3 * layer : 3 * layer + 3]
        mean, variance = statistics[:, layer]
        gain = scale * (variance + EPSILON).rsqrt()
        folded = weight * gain[:, :, None, None, None] / (1 if layer else BRIGHTEST)
        bias = (shift - mean * gain).flatten()
        x = conv2d(x, folded.flatten(end_dim=1), bias, stride, groups=groups)
        x, groups = leaky_relu(x, cnn.leaky_slope), len(params)
    return _dense(cnn, weights, x)


def train_cnn(cnn: Cnn, params: Tensor, pictures: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the reward of each input under its member, and the batch's statistics.

    Args:
        cnn: The networks' shape.
        params: `(E, P)` the networks.
        pictures: `(B, E, K, side, side)` uint8, each member its own.
        uniform: `(4, B, E, channels)` in [0, 1), decides which channels dropout leaves out.

    Returns:
        `(E, B)` rewards, not normalised, and means and variances `(2, 4, E, channels)`.
    """
    kept = (uniform >= cnn.dropout).to(params.dtype) / (1 - cnn.dropout)
    trained = [
        _train(cnn, params[part], pictures[:, part], kept[:, :, part]) for part in _at_once(params)
    ]
    rewards, statistics = zip(*trained, strict=True)
    return torch.cat(rewards), torch.cat(statistics, dim=2)


def _train(cnn: Cnn, params: Tensor, pictures: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Applies members `(m, P)` to the batches of each; returns rewards and statistics."""
    weights, members = weights_of(cnn, params), len(params)
    x = pictures.flatten(1, 2).float().contiguous(memory_format=torch.channels_last)
    statistics = []
    for layer, stride in enumerate(STRIDES):
        weight, scale, shift = weights[3 * layer : 3 * layer + 3]
        weight = weight.flatten(end_dim=1) / (1 if layer else BRIGHTEST)
        x = conv2d(x, weight, None, stride, groups=members)
        x, mean, rate = torch.native_batch_norm(
            x, scale.flatten(), shift.flatten(), None, None, True, 0.0, EPSILON
        )
        statistics.append(torch.stack([mean, rate.pow(-2) - EPSILON]).detach())
        x = leaky_relu(x, cnn.leaky_slope) * kept[layer].flatten(1)[:, :, None, None]
    measured = torch.stack(statistics, dim=1)  # (2, 4, m * channels)
    return _dense(cnn, weights, x), measured.unflatten(-1, (members, cnn.channels))


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
    features = x.reshape(len(x), members, -1).transpose(0, 1)  # (E, B, flat)
    hidden = leaky_relu(torch.baddbmm(dense_bias[:, None], features, dense), cnn.leaky_slope)
    return torch.baddbmm(output_bias[:, None], hidden, output).squeeze(-1)


def _uniform(members: int, count: int, fan_in: int, rng: torch.Generator) -> Tensor:
    """Draws `(E, count)` uniformly within 1 / sqrt(fan_in)."""
    return (2 * torch.rand((members, count), generator=rng) - 1) / math.sqrt(fan_in)
