"""Small builders of points, and the whole pipeline in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from sqlalchemy import text

from whisper_enrich.facts.model import Assertion, Category, Evidence, Extraction, Outcome, Polarity, Tense
from whisper_enrich.messages.model import Message, Point
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.storage import overview
from whisper_enrich.storage.tables import metadata
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich.summaries.extractive import input_hash, summarise


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def vector(words: str) -> list[float]:
    """A unit vector of 384 floats that depends on the words alone."""
    seed = uuid5(NAMESPACE_URL, words).int % 2**32
    drawn = np.random.default_rng(seed).normal(size=384)
    return (drawn / np.linalg.norm(drawn)).tolist()


def point_id(name: str) -> str:
    """A stable UUID for a name."""
    return str(uuid5(NAMESPACE_URL, name))


def at(stamp: str) -> datetime:
    """An aware UTC time from ``YYYY-MM-DD HH:MM``."""
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def said(
    words: str,
    when: datetime,
    *,
    user: str = "ana",
    role: str = "user",
    name: str | None = None,
    channel: str = "guild",
    **payload: object,
) -> Point:
    """A point as today's bots write it."""
    fields = {
        "user_id": user, "role": role, "memory_type": "conversation", "content": words, "channel_type": channel,
        "timestamp": when.astimezone(UTC).replace(tzinfo=None).isoformat(), "timestamp_unix": when.timestamp(),
        "emotional_context": "joy", "emotional_intensity": 0.6, **payload,
    }  # fmt: skip
    vectors = {which: vector(words) for which in ("content", "emotion", "semantic")}
    return Point(point_id(name or f"{user}/{role}/{when.isoformat()}/{words}"), fields, vectors)


def pair(question: str, answer: str, when: datetime, *, user: str = "ana", name: str | None = None) -> Point:
    """A point of the generation that holds question and answer."""
    built = said(f"{question}\n{answer}", when, user=user, role="conversation_pair", name=name or f"pair/{question}")
    fields = {**built.payload, "user_message": question, "bot_response": answer, "source": "conversation_pair"}
    return Point(built.id, fields, built.vectors)


def chat(day: str, lines: Sequence[str], *, user: str = "ana", channel: str = "guild", hour: int = 9) -> list[Point]:
    """Alternating user and bot messages of one day, a minute apart, the user first."""
    start = at(f"{day} {hour:02d}:00")
    return [
        said(line, start + timedelta(minutes=i), user=user, role="user" if i % 2 == 0 else "assistant", channel=channel)
        for i, line in enumerate(lines)
    ]


def extract_statements(message: Message) -> Extraction:
    """A stand-in extractor: ``I live in X`` is a home, any other sentence that begins with ``I`` an event."""
    words = message.text
    if not words.startswith("I "):
        return Extraction(message.point_id, Outcome.NO_FACTS, ())
    home = words.removeprefix("I live in ").rstrip(".") if words.startswith("I live in ") else ""
    assertion = Assertion(
        message.bot_name, message.user_id, Category.PLACE if home else Category.EVENT,
        f"{{user}} lives in {home}." if home else f"{{user}} {words[2:]}",
        "lives_in" if home else "", home, Polarity.AFFIRM, Tense.PRESENT if home else Tense.PAST, None, None, 0.8,
        Evidence(message.point_id, 0, len(words), words, message.at, message.scope), "test",
    )  # fmt: skip
    return Extraction(message.point_id, Outcome.FACTS, (assertion,))


Extractor = Callable[[Message], Extraction]


def enrich(
    ctx: StageContext, bot: BotCollection, extract: Extractor = extract_statements, days: Iterable[date] | None = None
) -> list[date]:
    """All stages over the days with work (or those given), as the assets run them; returns the days."""
    take_in(ctx, bot)
    mark_left_out(ctx, bot)
    chosen = list(days) if days is not None else due(ctx, bot)
    extract_facts(ctx, bot, chosen, extract, "test-1")
    summarise_days(ctx, bot, chosen, Engine(summarise, input_hash, SUMMARY_VERSION))
    complete_days(ctx, bot, chosen)
    return chosen


def due(ctx: StageContext, bot: BotCollection) -> list[date]:
    """The bot's days with work."""
    with ctx.database.connect() as connection:
        return sorted(overview.due_days(connection, ctx.clock()).get(bot.bot_name, ()))


CLOCK_COLUMNS = {
    "first_seen_at", "extracted_at", "created_at", "updated_at", "discovered_at", "id", "fact_id", "computed_at", "expires_at",
}  # fmt: skip
RUN_TABLES = {
    "stage_runs", "enrichment_metadata", "leases", "store_identity", "reconciliations", "worker_heartbeats",
    "worker_outages", "stage_totals", "model_totals",
}  # fmt: skip


def contents(ctx: StageContext, *, with_clocks: bool = False) -> dict[str, list[tuple]]:
    """All rows of all tables in order, without clock columns and the records of runs; for comparison."""
    found = {}
    with ctx.database.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name in RUN_TABLES:
                continue
            columns = [c.name for c in table.columns if with_clocks or c.name not in CLOCK_COLUMNS]
            rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM {table.name}")).all()
            found[table.name] = sorted(map(tuple, rows), key=repr)
    return found


def scalar(ctx: StageContext, query: str, **parameters: object) -> object:
    """One value from the database."""
    with ctx.database.connect() as connection:
        return connection.execute(text(query), parameters).scalar()


def column(ctx: StageContext, query: str, **parameters: object) -> list:
    """One column from the database."""
    with ctx.database.connect() as connection:
        return list(connection.execute(text(query), parameters).scalars())
