"""The pictures of one clip at one size, in memory that two processes share."""

import mmap
import os
import tempfile

import pygame

from labeling_ui.orders import Canvas

Size = tuple[int, int]

COARSE = 15
"""About so many pictures of a clip, evenly spread, are drawn before the rest."""


class Pages:
    """The pictures of a clip at one size, in memory that the drawing process fills.

    Attributes:
        canvas: Its shape.
        handle: The file that holds it.
        done: How many pictures of the order in which they are drawn are there.
        ordered: How many were ordered.
    """

    def __init__(self, canvas: Canvas) -> None:
        """Makes room; memory is taken only as pictures are drawn."""
        self.canvas, self.done, self.ordered = canvas, 0, 0
        self._stride = max(canvas.count // COARSE, 1)
        coarse = list(range(0, canvas.count, self._stride))
        rest = [index for index in range(canvas.count) if index % self._stride]
        self.coarse, self.order = len(coarse), tuple(coarse + rest)
        self.handle = memory_file(canvas.size)
        self._memory = memoryview(mmap.mmap(self.handle, canvas.size))

    @property
    def size(self) -> Size:
        """Returns width and height of a picture."""
        return self.canvas.width, self.canvas.height

    @property
    def complete(self) -> bool:
        """Returns whether all pictures are there."""
        return self.done == self.canvas.count

    @property
    def ready(self) -> bool:
        """Returns whether enough pictures are there to see what happens."""
        return self.done >= self.coarse

    def surface(self, index: int, *, coarse: bool) -> pygame.Surface:
        """Returns a picture, without copying it; if coarse, the one before it that came first."""
        index -= index % self._stride if coarse else 0
        length = self.canvas.width * self.canvas.height * 3
        part = self._memory[index * length : (index + 1) * length]
        return pygame.image.frombuffer(part, self.size, "RGB")


def memory_file(size: int) -> int:
    """Returns a file of `size` bytes that lives in memory and has no name.

    Not POSIX shared memory: a container may give that 64 MB only, and what has a name is left
    behind when both processes are killed.
    """
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("pbrl clip")
    else:
        with tempfile.TemporaryFile() as file:
            handle = os.dup(file.fileno())
    os.ftruncate(handle, size)
    return handle
