"""NumPy generators as rows of plain integers, so that a snapshot needs no pickle."""

from collections.abc import Sequence

import numpy as np

_LOW = (1 << 64) - 1


def pack_generators(generators: Sequence[np.random.Generator]) -> np.ndarray:
    """Returns the states of N PCG64 generators as (N, 6) uint64.

    A row is: state (high and low half), increment (high and low half), and the buffered 32 bits
    (whether there are any, and which).
    """
    rows = []
    for generator in generators:
        state = generator.bit_generator.state
        pcg = state["state"]
        halves = (pcg["state"] >> 64, pcg["state"] & _LOW, pcg["inc"] >> 64, pcg["inc"] & _LOW)
        rows.append((*halves, state["has_uint32"], state["uinteger"]))
    return np.array(rows, dtype=np.uint64)


def unpack_generators(rows: np.ndarray) -> list[np.random.Generator]:
    """Returns generators that go on from the (N, 6) states of `pack_generators`."""
    generators = []
    for row in rows:
        high, low, inc_high, inc_low, has_uint32, uinteger = (int(number) for number in row)
        bits = np.random.PCG64()
        bits.state = {
            "bit_generator": "PCG64",
            "state": {"state": high << 64 | low, "inc": inc_high << 64 | inc_low},
            "has_uint32": has_uint32,
            "uinteger": uinteger,
        }
        generators.append(np.random.Generator(bits))
    return generators
