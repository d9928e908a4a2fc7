"""What passes between the session, which knows the person, and the desk, which knows the store."""

from dataclasses import dataclass, field

from labeling_ui.pairs import Clip, Earlier, Judgement, Pair, Role, Stored

# What the session asks of the desk.


@dataclass(frozen=True, slots=True)
class Store:
    """Make a judgement durable."""

    judgement: Judgement
    """What to store."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Retract an answer and hold its pair for this person."""

    answer_id: int
    """The answer."""
    number: int
    """Its query."""
    role: Role
    """What it was for."""
    left: int
    """The clip that stood left."""


@dataclass(frozen=True, slots=True)
class ListEarlier:
    """Read this person's answers."""


@dataclass(frozen=True, slots=True)
class FetchClips:
    """Read the clips of a query."""

    number: int
    """The query."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Hold these pairs no more: nobody will judge them here."""

    numbers: tuple[int, ...]
    """Their queries; at least one."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Give all pairs back and hold none, until `GoOn`."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Hold pairs again."""


@dataclass(frozen=True, slots=True)
class PassOver:
    """Ask a pair no longer that cannot be shown."""

    number: int
    """Its query."""
    reason: str
    """Why, as a sentence."""


Request = Store | TakeBack | ListEarlier | FetchClips | GiveBack | Rest | GoOn | PassOver


# What the desk tells.


@dataclass(frozen=True, slots=True)
class TrainerWord:
    """What the trainer said last, and how long ago."""

    state: str = ""
    """What it does, as `pbrl.store` names it."""
    phase: str = ""
    """The same in words."""
    waiting_for: str = ""
    """A sentence: why there may be nothing to judge; empty if there is no reason."""
    progress: float | None = None
    """How much of what is waited for is done, 0 to 1; None if nobody knows."""
    steps: int = 0
    """Environment steps taken."""
    total_steps: int = 0
    """Environment steps of the whole run."""
    steps_per_second: float = 0.0
    """Environment steps per second."""
    learned_returns: tuple[tuple[int, float], ...] = ()
    """Environment steps and mean learned return of an episode."""
    silent_seconds: float = 0.0
    """Time since it last said anything."""


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """How the run stands, as the store has it."""

    connected: bool = False
    """Whether the store has been read at all."""
    labels: int = 0
    """Queries of the run that have an answer."""
    budget: int = 0
    """Answers that the run asks for in all; 0: not known."""
    waiting: int = 0
    """Queries that nobody has been given yet, and those kept ready here."""
    for_others: int = 0
    """Open queries that this person has judged: they wait for somebody else."""
    with_others: int = 0
    """Queries that other viewers have been given."""
    trainer: TrainerWord | None = None
    """None: no trainer has ever said anything."""
    people: tuple[str, ...] = ()
    """Names at the other viewers that are open now."""
    trouble: str = ""
    """Why the store does not answer; empty: it does."""
    opening: str = ""
    """What is being waited for before there is anything to read."""

    @property
    def others(self) -> int:
        """Returns how many open queries are for others to judge."""
        return self.with_others + self.for_others

    @property
    def finished(self) -> bool:
        """Returns whether training has ended: nothing learns from an answer any more."""
        return self.trainer is not None and self.trainer.state == "finished"


@dataclass(frozen=True, slots=True)
class Opened:
    """The run was found."""

    task: str
    """The task's short name."""
    env_id: str
    """The task's Gymnasium id."""
    fps: float
    """Frames a second at which its clips are shown."""
    look_for: str
    """What to judge by."""
    practise: bool
    """Whether this person has never judged here and the practice would suit."""
    budget: int = 0
    """Answers that the run asks for in all; 0: not known."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An answer was retracted."""

    answer_id: int
    """The answer."""
    pair: Pair | None
    """Its pair, held for this person; None: it cannot be shown."""
    judged_anew: bool = False
    """Whether this person has judged it again since, at another viewer: that answer stands."""


@dataclass(frozen=True, slots=True)
class Clips:
    """The clips of a query."""

    number: int
    """The query."""
    clips: tuple[Clip, Clip] | None
    """None: they cannot be read."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease of a pair has run out: somebody else may have it by now."""

    number: int
    """The query."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person."""

    text: str
    """The sentence."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The desk cannot work at all."""

    error: BaseException = field(compare=False)
    """Why."""


News = (
    Opened
    | Pair
    | Stored
    | TakenBack
    | Clips
    | Lost
    | Notice
    | Failure
    | DeskStatus
    | list[Earlier]
)
