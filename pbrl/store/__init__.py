"""The label store: queries, clips and answers, the only place where trainer and people meet."""

from pbrl.store.label_store import LabelStore
from pbrl.store.published import Published
from pbrl.store.records import (
    Answered,
    AnswerRecord,
    Leased,
    OpenQuery,
    Progress,
    Query,
    QueryRecord,
    RunInfo,
    Viewer,
)
from pbrl.store.urls import store_file, store_url_without_password

__all__ = [
    "AnswerRecord",
    "Answered",
    "LabelStore",
    "Leased",
    "OpenQuery",
    "Progress",
    "Published",
    "Query",
    "QueryRecord",
    "RunInfo",
    "Viewer",
    "store_file",
    "store_url_without_password",
]
