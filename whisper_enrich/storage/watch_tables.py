"""The tables behind the metrics: totals that only grow, and the times at which the worker was silent.

Prometheus takes a counter that goes back for a restart and counts all of it again; so what these hold is never pruned, while
the rows of runs and calls are.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from whisper_enrich.storage.schema_metadata import metadata


def _count(name: str, comment: str | None = None) -> Column:
    return Column(name, BigInteger, nullable=False, server_default=text("0"), comment=comment)


stage_totals = Table(
    "stage_totals",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("stage", Text, nullable=False),
    _count("measurements", "Steps of runs whose time in the stage was measured."),
    Column("seconds", Double, nullable=False, server_default=text("0"), comment="Of these steps, together."),
    Column(
        "buckets",
        ARRAY(BigInteger),
        nullable=False,
        server_default=text("'{}'"),
        comment="How many of them took up to each bound and more than the one before; empty where none was measured.",
    ),
    _count("messages", "Worked off."),
    _count("results", "Assertions or summaries that came of them."),
    _count("failures", "Attempts at a message that failed."),
    PrimaryKeyConstraint("bot_name", "stage"),
    comment="What each stage took and did, over all runs there ever were.",
)

model_totals = Table(
    "model_totals",
    metadata,
    Column("day", Date, nullable=False, comment="UTC day of the calls."),
    Column("bot_name", String(100), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("model", Text, nullable=False, comment="The one that was asked."),
    Column("outcome", Text, nullable=False, comment="When the call was settled."),
    _count("calls"),
    _count("messages", "Sent as content, not as context."),
    _count("tokens_in"),
    _count("tokens_cached", "Of tokens_in."),
    _count("tokens_out"),
    Column(
        "cost", Numeric(18, 8), nullable=False, server_default=text("0"), comment="US dollars, of calls with a price."
    ),
    _count("unpriced", "Calls that took tokens and whose price nobody knows."),
    Column("seconds", Double, nullable=False, server_default=text("0"), comment="Waited for answers, together."),
    PrimaryKeyConstraint("day", "bot_name", "purpose", "model", "outcome"),
    comment="What settled calls of a model took, without whose messages they were about.",
)

worker_outages = Table(
    "worker_outages",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("silent_from", DateTime(timezone=True), nullable=False, comment="The last sign of life before."),
    Column("silent_until", DateTime(timezone=True), nullable=False, comment="The first one after."),
    PrimaryKeyConstraint("bot_name", "silent_from"),
    CheckConstraint("silent_from < silent_until", name="silence"),
    comment="Silences of the worker longer than WORKER_SILENCE_SECONDS, by bot; one that goes on is not here yet.",
)
