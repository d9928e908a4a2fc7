"""Named random streams: one seed at the top, one independent generator for each use.

A stream belongs to one part of the program, so that a change in how much one part draws never
changes what another part sees. What belongs to a numbered thing (a query's synthetic answer, a
label's bootstrap counts) draws from a generator made from the seed and that number, so that work
that is redone after a crash gives the same result.
"""

import json
from typing import Literal, get_args

import numpy as np

Stream = Literal["env", "agent", "query", "oracle", "reward", "evaluation", "bootstrap", "overlap"]
STREAMS: tuple[Stream, ...] = get_args(Stream)


def seed_of(seed: int, stream: Stream) -> int:
    """Returns the 32-bit seed of one named stream of the run's `seed`."""
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream),))
    return int(sequence.generate_state(1, dtype=np.uint32)[0])


def generator(seed: int, stream: Stream) -> np.random.Generator:
    """Returns the generator of one named stream."""
    return np.random.default_rng(seed_of(seed, stream))


def numbered_generator(seed: int, stream: Stream, number: int) -> np.random.Generator:
    """Returns the generator that belongs to the thing numbered `number` in a stream."""
    return np.random.default_rng(np.random.SeedSequence((seed_of(seed, stream), number)))


def generator_state(rng: np.random.Generator) -> str:
    """Returns the state of a generator as JSON, which `set_generator_state` takes back."""
    return json.dumps(rng.bit_generator.state)


def set_generator_state(rng: np.random.Generator, state: str) -> None:
    """Puts a generator where it was when `generator_state` was called."""
    rng.bit_generator.state = json.loads(state)
