"""Merges label stores: runs keep their names, answers their annotators, times and roles."""

from collections.abc import Sequence

from pbrl.errors import StoreError
from pbrl.labels.addition import Added, add_contents
from pbrl.labels.contents import store_contents
from pbrl.store import LabelStore


def merge_stores(
    sources: Sequence[LabelStore],
    target: LabelStore,
    *,
    runs: Sequence[Sequence[str]] | None = None,
    rename: bool = False,
) -> list[str]:
    """Adds runs of some stores to another store; all of them or, if one is refused, none.

    Copies of one store that were answered apart come together as one run, with the answers of all;
    merging a store twice adds nothing.

    Args:
        sources: Where runs come from; they stay as they are.
        target: Where they go.
        runs: Which of each source are meant; all of all if left out.
        rename: Gives a run of which the target has another, of the same name, the name RUN-2 (or
            -3, ...), instead of refusing.

    Returns:
        A sentence on each source.

    Raises:
        StoreError: A source is the target itself, is damaged, or contradicts the target.
    """
    for source in sources:
        if source.name == target.name:
            raise StoreError(f"{source.name} cannot be merged into itself: name another store.")
    meant = [source.runs() for source in sources] if runs is None else runs
    given = [store_contents(s, names, clips=True) for s, names in zip(sources, meant, strict=True)]
    try:
        added = add_contents(target, given, rename=rename)
    except StoreError as error:
        advice = "" if rename else " With --rename, a run that differs gets another name."
        reason = str(error).replace("Nothing was imported.", "Nothing was merged.")
        raise StoreError(f"{reason}{advice}") from error
    return [_sentence(s, one) for s, one in zip(sources, added, strict=True)]


def _sentence(source: LabelStore, added: Added) -> str:
    said = f"{source.name}: {describe(added)}"
    for old, new in added.renamed.items():
        said += f" Run {old!r} is now {new!r}: there was another run of that name."
    return said


def describe(added: Added) -> str:
    """Returns a sentence on what was new to a store."""
    return (
        f"{added.answers:,} answers are new ({added.taken_back:,} taken back), {added.known:,} "
        f"were there already; {added.queries:,} queries and {added.runs:,} runs are new."
    )
