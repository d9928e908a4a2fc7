"""The tables. Facts are only ever added: there is one row for each query, answer, retraction, ...

What comes and goes (who has which query, who is there, how the training stands) are tables of their
own. Times are seconds since 1970, UTC; those of leases and viewers by the database's own clock.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

SCHEMA_VERSION = 2
"""Raised whenever a table changes; `pbrl.store.migration` brings older ones up to it."""

METADATA = MetaData()


def _of_a_query() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["run", "number"], ["queries.run", "queries.number"])


schema_version = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

# --- facts --------------------------------------------------------------------------------------

runs = Table(
    "runs",
    METADATA,
    Column("run", String, primary_key=True),
    Column("env_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("look_for", String, nullable=False, server_default=""),
)

segments = Table(
    "segments",
    METADATA,
    Column("hash", String(64), primary_key=True),  # Segment.content_hash of the payload
    Column("payload", LargeBinary, nullable=False),  # all but the true rewards; empty: evicted
)

queries = Table(
    "queries",
    METADATA,
    Column("run", String, ForeignKey("runs.run"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("posted_at", Float, nullable=False),
    Column("wanted", Integer, nullable=False, server_default="1"),
    Column("predicted_returns", String),  # JSON, (E, K)
)

query_segments = Table(
    "query_segments",
    METADATA,
    Column("run", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("segment", String(64), ForeignKey("segments.hash"), nullable=False),
    # Apart from the clip: viewers and learners do without, and clips that look the same may differ.
    Column("true_rewards", LargeBinary, nullable=False),
    _of_a_query(),
)
queries_of_segment = Index("queries_of_segment", query_segments.c.segment)

answers = Table(
    "answers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", String, nullable=False),
    Column("annotator", String, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("shown_at", Float),
    Column("answered_at", Float, nullable=False),
    Column("reaction_seconds", Float),
    Column("role", String, nullable=False, server_default="label"),
    Column("left_option", Integer),
    Column("token", String),
    Column("strength", Integer),
    _of_a_query(),
)
Index("answers_of_query", answers.c.run, answers.c.number)
answer_of_token = Index("answer_of_token", answers.c.token, unique=True)

# People may answer again after an undo; a synthetic annotator gives one answer and repeats it when
# work is redone after a crash.
Index(
    "one_synthetic_answer",
    answers.c.run,
    answers.c.number,
    answers.c.annotator,
    unique=True,
    sqlite_where=answers.c.synthetic,
    postgresql_where=answers.c.synthetic,
)

retractions = Table(
    "retractions",
    METADATA,
    Column("answer_id", Integer, ForeignKey("answers.id"), primary_key=True),
    Column("annotator", String, nullable=False),
    Column("retracted_at", Float, nullable=False),
)

withdrawals = Table(
    "withdrawals",
    METADATA,
    Column("run", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reason", String, nullable=False),
    Column("withdrawn_at", Float, nullable=False),
    _of_a_query(),
)

# Queries of which a clip is gone: an answer to one that comes late can't be learnt from.
evictions = Table(
    "evictions",
    METADATA,
    Column("run", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("evicted_at", Float, nullable=False),
    _of_a_query(),
)

gold_marks = Table(
    "gold_marks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", String, nullable=False),
    Column("marked_at", Float, nullable=False),
    _of_a_query(),
)

# --- what comes and goes ------------------------------------------------------------------------

# Queries that may be open: all that are, and some that no longer are. It spares whoever looks for
# open ones a look at all that were ever answered.
waiting = Table(
    "waiting",
    METADATA,
    Column("run", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", BigInteger, nullable=False),  # as in queries
    Column("wanted", Integer, nullable=False),
    _of_a_query(),
)

leases = Table(
    "leases",
    METADATA,
    Column("run", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("viewer", String, primary_key=True),
    Column("annotator", String, nullable=False),
    Column("ends_at", Float, nullable=False),
    _of_a_query(),
)

viewers = Table(
    "viewers",
    METADATA,
    Column("run", String, ForeignKey("runs.run"), primary_key=True),
    Column("viewer", String, primary_key=True),
    Column("annotator", String, nullable=False),
    Column("seen_at", Float, nullable=False),
)

published = Table(
    "published",
    METADATA,
    Column("run", String, ForeignKey("runs.run"), primary_key=True),
    Column("text", String, nullable=False),  # JSON, see Published
    Column("updated_at", Float, nullable=False),
)

ADDED_IN_2 = (withdrawals, evictions, gold_marks, waiting, leases, viewers, published)
"""Tables that version 1 did not have."""
