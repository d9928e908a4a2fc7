"""The label store: queries, clips and answers, the only place where trainer and people meet."""

from pbrl.store.label_store import LabelStore
from pbrl.store.records import Answered, Query

__all__ = ["Answered", "LabelStore", "Query"]
