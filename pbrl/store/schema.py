"""The tables. Facts are only ever added: there is one row for each query, answer and retraction.

What comes and goes (who is answering which query, how the training stands) will be tables of its
own beside these. Times are seconds since 1970, UTC.
"""

from sqlalchemy import (
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

SCHEMA_VERSION = 1
"""Raised whenever a table changes."""

METADATA = MetaData()

schema_version = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    METADATA,
    Column("run", String, primary_key=True),
    Column("env_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_at", Float, nullable=False),
)

segments = Table(
    "segments",
    METADATA,
    Column("hash", String(64), primary_key=True),  # Segment.content_hash of the payload
    Column("payload", LargeBinary, nullable=False),  # all but the true rewards
)

queries = Table(
    "queries",
    METADATA,
    Column("run", String, ForeignKey("runs.run"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("posted_at", Float, nullable=False),
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
    ForeignKeyConstraint(["run", "number"], ["queries.run", "queries.number"]),
)

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
    ForeignKeyConstraint(["run", "number"], ["queries.run", "queries.number"]),
)
Index("answers_of_query", answers.c.run, answers.c.number)

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
