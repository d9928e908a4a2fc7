"""The pictures of the clips: which are wanted, which are there, and what is drawn next.

Lives in the window's thread and never waits: `pump` takes what the drawing process has finished
and gives it the next few pictures to draw. What is wanted most urgently comes first: a few pictures
of the pair on the screen, evenly spread, so that it runs at once if not smoothly; the same of the
next pair; then the rest of both. A change of mind costs at most the pictures that are being drawn.
"""

import multiprocessing
import os
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import reduction
from typing import Any

import pygame

from labeling_ui.canvas import Pages, Size
from labeling_ui.drawing import serve
from labeling_ui.orders import (
    NO_PRACTICE,
    Canvas,
    DecodeFrames,
    Discard,
    Drawn,
    DrawStates,
    NotDrawn,
    Practise,
    Practised,
)
from labeling_ui.pairs import Clip

BUDGET = 800_000_000
"""Bytes of pictures that are kept; the pair on the screen is kept whatever it needs."""
AT_ONCE = 6
"""Pictures in one order."""
UNDER_WAY = 2
"""Orders that are under way, so that the drawing process never waits for the next."""
URGENT = 2
"""Clips of the pair on the screen: the first two of those that are wanted."""
RESTARTS = 2
"""How often the drawing process is started again after it died."""
MEND = "Set MUJOCO_GL=osmesa (libosmesa6) or egl (libegl1, libgl1-mesa-dri) and open it again."


class Pictures:
    """The clips' pictures, and the process that draws them.

    Attributes:
        trouble: Why nothing can be drawn at all; empty while it can.
        failed: Clips that cannot be drawn, by key, with the reason.
        drew: Whether any clip was drawn.
        practice: Practice pairs that have arrived.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        """Starts the drawing process.

        Args:
            budget: Bytes of pictures to keep.
        """
        self.trouble, self.failed, self.drew = "", dict[str, str](), False
        self.practice: Practised | None = None
        self._budget, self._wanted, self._size = budget, list[Clip](), (1, 1)
        self._env_id, self._next_id, self._restarts = "", 0, 0
        self._practising = False
        self._drawings: dict[tuple[str, Size], Pages] = {}
        self._start()

    def want(self, clips: Sequence[Clip], size: Size, env_id: str) -> None:
        """Says which clips are wanted, the most urgent first, and at what size."""
        self._wanted, self._size, self._env_id = list(clips), size, env_id

    def practise(self, order: Practise) -> None:
        """Asks for practice pairs, which arrive as `practice`; none if they cannot be made."""
        self._practising = True
        self._send(order)

    def pump(self) -> bool:
        """Takes what is finished and orders more; returns whether anything arrived."""
        arrived = False
        try:
            while self._connection.poll():
                self._take(self._connection.recv())
                arrived = True
        except (EOFError, ConnectionError):
            self._died()
        while not self.trouble and self._under_way < UNDER_WAY and self._order_next():
            pass
        return arrived

    def picture(self, clip: Clip, index: int, *, whole: bool = True) -> pygame.Surface | None:
        """Returns picture `index` of a clip, or None if there is none.

        Args:
            clip: The clip.
            index: From 0; beyond the last it is the last.
            whole: Whether all its pictures may be used, at the wanted size: not while those of the
                clip beside it are missing, because what runs smoothly or sharply looks better.
        """
        drawing = self._best(clip, whole=whole)
        if drawing is None:
            return None
        index = min(index, len(clip) - 1)
        return drawing.surface(index, coarse=not (whole and drawing.complete))

    def ready(self, clip: Clip) -> bool:
        """Returns whether a clip can be shown, if not with all its pictures."""
        return self._best(clip, whole=True) is not None

    def whole(self, clip: Clip) -> bool:
        """Returns whether all pictures of a clip are there at the wanted size."""
        drawing = self._drawings.get((clip.key, self._size))
        return drawing is not None and drawing.complete

    def progress(self, clips: Sequence[Clip]) -> float:
        """Returns how much is there of what it takes to show clips, 0 to 1."""
        shares = [max((d.done / d.coarse for d in self._of(c)), default=0.0) for c in clips]
        return min(sum(shares) / max(len(shares), 1), 1.0)

    def close(self) -> None:
        """Ends the drawing process."""
        self._connection.close()
        self._process.join(timeout=2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        for drawing in self._drawings.values():
            os.close(drawing.handle)
        self._drawings.clear()

    def _best(self, clip: Clip, *, whole: bool) -> Pages | None:
        """Returns the drawing of a clip to show: of the wanted size only once it is complete.

        Until then one of another size stands in, if there is a complete one.
        """
        ready = [drawing for drawing in self._of(clip) if drawing.ready]
        return max(ready, key=lambda drawing: self._worth(drawing, whole), default=None)

    def _worth(self, drawing: Pages, whole: bool) -> tuple[bool, bool]:
        wanted = drawing.size == self._size
        return drawing.complete and (whole or not wanted), wanted

    def _of(self, clip: Clip) -> list[Pages]:
        return [drawing for (key, _), drawing in self._drawings.items() if key == clip.key]

    # What is drawn next.

    def _order_next(self) -> bool:
        """Orders the most urgent pictures; returns whether there was anything to order."""
        pairs = [self._wanted[i : i + 2] for i in range(0, len(self._wanted), 2)]
        now, later = pairs[:2], pairs[2:]
        stages = [(pair, True) for pair in now] + [(pair, False) for pair in now + later]
        return any(self._order_pair(pair, coarse) for pair, coarse in stages)

    def _order_pair(self, pair: Sequence[Clip], coarse: bool) -> bool:
        """Orders pictures of the clip of a pair that has fewer; returns whether any was missing."""
        drawings = []
        for clip in pair:
            drawing = self._drawings.get((clip.key, self._size))
            if clip.key not in self.failed:
                drawings.append((drawing.ordered if drawing else 0, clip))
        for _, clip in sorted(drawings, key=lambda found: found[0]):
            if self._order(clip, coarse):
                return True
        return False

    def _order(self, clip: Clip, coarse: bool) -> bool:
        """Orders the next pictures of a clip; returns whether any were missing."""
        drawing = self._drawings.get((clip.key, self._size)) or self._make(clip)
        if drawing is None:
            return False
        end = drawing.coarse if coarse else drawing.canvas.count
        part = drawing.order[drawing.ordered : min(drawing.ordered + AT_ONCE, end)]
        if not part:
            return False
        drawing.ordered += len(part)
        number = drawing.canvas.id
        if clip.frames:
            self._send(DecodeFrames(number, part, tuple(clip.frames[i] for i in part)))
        else:
            self._send(DrawStates(number, part, self._env_id, clip.states[list(part)]))
        self._under_way += 1
        return True

    def _make(self, clip: Clip) -> Pages | None:
        """Makes room for a clip's pictures; None if only more urgent ones could give way."""
        canvas = Canvas(self._next_id, len(clip), *self._size)
        urgent = any(clip.key == one.key for one in self._wanted[:URGENT])
        if not self._free(canvas.size) and not urgent:
            return None
        self._next_id += 1
        drawing = Pages(canvas)
        self._drawings[clip.key, self._size] = drawing
        self._open(drawing)
        return drawing

    def _free(self, needed: int) -> bool:
        """Discards what is not wanted until `needed` bytes fit; returns whether they do."""
        wanted = {clip.key for clip in self._wanted}
        self._discard_outgrown(wanted)
        idle = [name for name in self._drawings if name[0] not in wanted]
        while self._bytes() + needed > self._budget and idle:
            self._discard(idle.pop(0))
        return self._bytes() + needed <= self._budget

    def _discard_outgrown(self, wanted: set[str]) -> None:
        """Discards drawings of other sizes that stand in for nothing any more."""
        urgent = self._wanted[:URGENT]
        stand_in = set() if all(map(self.whole, urgent)) else {clip.key for clip in urgent}
        outgrown = [n for n in self._drawings if n[0] in wanted - stand_in and n[1] != self._size]
        for name in outgrown:
            if (name[0], self._size) in self._drawings:
                self._discard(name)

    def _bytes(self) -> int:
        return sum(drawing.canvas.size for drawing in self._drawings.values())

    def _discard(self, name: tuple[str, Size]) -> None:
        drawing = self._drawings.pop(name)
        os.close(drawing.handle)
        self._send(Discard(drawing.canvas.id))

    # The process.

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process: Any = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._under_way = 0

    def _died(self) -> None:
        """Starts the drawing process again, or says why not."""
        self._process.join(timeout=5.0)
        code = self._process.exitcode
        self._connection.close()
        if self._restarts >= RESTARTS:
            self.trouble = f"The process that draws the clips ended (exit code {code}). {MEND}"
        self._restarts += 1
        if self._practising:
            self._take(NO_PRACTICE)
        self._start()
        for one in self._drawings.values():
            one.ordered = one.done
            self._open(one)

    def _open(self, drawing: Pages) -> None:
        self._send(drawing.canvas)
        with suppress(OSError):  # it died: the next poll finds out
            reduction.send_handle(self._connection, drawing.handle, self._process.pid)

    def _send(self, message: object) -> None:
        with suppress(OSError):  # it died: the next poll finds out
            self._connection.send(message)

    def _take(self, message: object) -> None:
        match message:
            case Practised():
                self.practice, self._practising = message, False
            case Drawn(canvas, count):
                self._under_way -= 1
                self.drew = True
                drawing = self._by_id(canvas)
                if drawing is not None:
                    drawing.done += count
            case NotDrawn(canvas, sentence, at_all):
                self._under_way -= 1
                if at_all:
                    self.trouble = sentence
                for (key, _), drawing in self._drawings.items():
                    if drawing.canvas.id == canvas:
                        self.failed[key] = sentence

    def _by_id(self, canvas: int) -> Pages | None:
        return next((d for d in self._drawings.values() if d.canvas.id == canvas), None)
