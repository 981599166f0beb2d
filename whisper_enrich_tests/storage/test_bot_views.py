"""The views of the field contract, read as unmodified bots read them: asyncpg, text parameters, no JSON codec."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text

from whisper_enrich.settings import utc_now
from whisper_enrich.stages.strategic_histories import known_of
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.strategic import gaps, memory_aging, proactive_engagement
from whisper_enrich.strategic.history import History
from whisper_enrich_tests.builders import column

BOT = "ines"
TRENDS = {"improving", "stable", "declining"}


@dataclass(frozen=True)
class View:
    """What the bots ask of a view: the columns with their Python types, and the one that they order by."""

    columns: Mapping[str, type]
    time_column: str
    never_null: tuple[str, ...] = ()


VIEWS = {
    "strategic_memory_health": View(
        {"memory_snapshot": str, "avg_memory_age_hours": float, "retrieval_frequency_trend": str,
         "forgetting_risk_memories": str},
        "computed_at", ("memory_snapshot", "forgetting_risk_memories", "avg_memory_age_hours"),
    ),
    "strategic_personality_profiles": View(
        {"communication_style": str, "formality_level": str, "verbosity_level": str, "primary_topics": str,
         "topic_diversity_score": float, "emotional_range": str, "dominant_emotions": str, "question_frequency": float,
         "avg_message_length": float, "interaction_frequency_pattern": str, "preferred_times": str,
         "personality_summary": str},
        "updated_at", ("communication_style", "formality_level", "verbosity_level", "primary_topics"),
    ),
    "strategic_conversation_patterns": View(
        {"question_patterns": str, "temporal_patterns": str, "length_patterns": str, "initiation_patterns": str,
         "topic_patterns": str, "style_evolution": str},
        "analysis_timestamp", ("question_patterns", "temporal_patterns", "length_patterns"),
    ),
    "strategic_character_performance": View(
        {"avg_response_time": float, "response_time_trend": str, "quality_trend": str, "engagement_trend": str,
         "avg_quality_score": float, "avg_engagement_score": float, "conversation_count": int,
         "performance_summary": str, "recommendations": list},
        "updated_at", ("conversation_count", "performance_summary", "recommendations"),
    ),
    "strategic_context_patterns": View(
        {"switch_count": int, "switch_frequency": float, "avg_topic_duration_minutes": float, "switch_patterns": str,
         "common_transitions": str, "abrupt_switch_rate": float, "context_coherence_score": float},
        "updated_at", ("switch_count", "switch_frequency", "context_coherence_score"),
    ),
    "strategic_memory_behavior": View(
        {"decay_rate": float, "retention_baseline": float, "reinforced_topic_count": int, "total_retrieval_count": int,
         "avg_retrieval_interval_days": float, "reinforcement_opportunities": str, "optimal_recall_days": float,
         "recall_strategy": str, "confidence": float},
        "analysis_timestamp", ("decay_rate", "total_retrieval_count", "recall_strategy", "confidence"),
    ),
    "strategic_engagement_opportunities": View(
        {"is_in_lull": bool, "hours_since_last_message": float, "lull_severity": str, "unresolved_topic_count": int,
         "milestone_count": int, "optimal_engagement_hour": int, "optimal_engagement_day": int,
         "recommendations": list},
        "analysis_timestamp", ("is_in_lull", "hours_since_last_message", "lull_severity", "unresolved_topic_count"),
    ),
}  # fmt: skip

WORDS = {
    "retrieval_frequency_trend": {"increasing", "stable", "declining"},
    "formality_level": {"casual", "neutral", "formal"},
    "verbosity_level": {"brief", "moderate", "detailed"},
    "emotional_range": {"narrow", "moderate", "wide"},
    "interaction_frequency_pattern": {"daily", "several a week", "weekly", "sporadic"},
    "quality_trend": TRENDS,
    "engagement_trend": TRENDS,
    "response_time_trend": TRENDS,
    "lull_severity": {"none", "mild", "moderate", "severe"},
}
SHARES = {
    "topic_diversity_score", "question_frequency", "avg_quality_score", "avg_engagement_score", "abrupt_switch_rate",
    "context_coherence_score", "retention_baseline", "confidence",
}  # fmt: skip
SENTENCES = {"communication_style", "personality_summary", "performance_summary", "recall_strategy"}
OBJECTS = {
    "memory_snapshot", "question_patterns", "temporal_patterns", "length_patterns", "initiation_patterns",
    "topic_patterns", "style_evolution", "switch_patterns",
}  # fmt: skip
ARRAYS = {"primary_topics", "dominant_emotions", "preferred_times", "forgetting_risk_memories", "common_transitions",
          "reinforcement_opportunities"}  # fmt: skip


def statement(view: str) -> str:
    """The readers' one form."""
    asked = VIEWS[view]
    return (
        f"SELECT {', '.join([*asked.columns, asked.time_column])} FROM {view} WHERE user_id = $1 AND bot_name = $2 "
        f"AND expires_at > NOW() ORDER BY {asked.time_column} DESC LIMIT 1"
    )


@dataclass(frozen=True)
class Seen:
    """What a reader got, and the database's now() of that moment."""

    rows: list[asyncpg.Record]
    now: datetime

    @property
    def row(self) -> asyncpg.Record:
        """The one row."""
        (row,) = self.rows
        return row


def ask(ctx, query: str, *parameters: object, first: Sequence[str] = (), path: str | None = None) -> Seen:
    """Rows by asyncpg in a transaction that is rolled back; ``first`` are statements before the query."""

    async def asked() -> Seen:
        url = ctx.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        seen_first = path or f"{bots_schema(ctx.database.schema)}, public"
        connection = await asyncpg.connect(url, server_settings={"search_path": seen_first})
        try:
            transaction = connection.transaction()
            await transaction.start()
            for one in first:
                await connection.execute(one.format(ours=ctx.database.schema))
            seen = Seen(await connection.fetch(query, *parameters), await connection.fetchval("SELECT now()"))
            await transaction.rollback()
            return seen
        finally:
            await connection.close()

    return asyncio.run(asked())


def read(ctx, view: str, user: str, *first: str) -> Seen:
    """What a bot reads of a user."""
    return ask(ctx, statement(view), user, BOT, first=first)


@pytest.fixture(scope="module")
def users(sampled) -> list[str]:
    """Everybody who wrote to the bot, the most talkative first."""
    return column(sampled, "SELECT user_id FROM strategic_memory_health ORDER BY messages_read DESC, user_id")


@pytest.mark.parametrize("view", VIEWS)
def test_every_user_has_a_row_of_the_contracts_types(sampled, users, view):
    asked = VIEWS[view]
    for user in users:
        row = read(sampled, view, user).row
        for name, kind in asked.columns.items():
            assert row[name] is None or type(row[name]) is kind, name
        assert row[asked.time_column].tzinfo is not None
    row = read(sampled, view, users[0]).row
    assert [name for name in asked.never_null if row[name] is None] == []


@pytest.mark.parametrize("view", VIEWS)
def test_values_are_in_the_contracts_words_and_ranges(sampled, users, view):
    for user in users:
        row = read(sampled, view, user).row
        for name in VIEWS[view].columns:
            value = row[name]
            if value is None:
                continue
            if name in WORDS:
                assert value in WORDS[name]
            elif name in SHARES:
                assert 0.0 <= value <= 1.0, name
            elif isinstance(value, (int, float)):
                assert value >= 0, name
            elif VIEWS[view].columns.get(name) is list:
                assert all(isinstance(sentence, str) and re.search(r"[.!?\"]$", sentence) for sentence in value)
            elif name in ARRAYS:
                assert isinstance(json.loads(value), list), name
            elif name in OBJECTS:
                assert isinstance(json.loads(value), dict), name
            else:
                assert name in SENTENCES and value, name


KNOWN_AS = {
    "avg_engagement_score": "engagement_score_avg", "is_in_lull": "lull", "lull_severity": "lull",
    "hours_since_last_message": "last_message_at",
}  # fmt: skip
"""Names under which the tables give the reason of a null, where the view's is another."""


@pytest.mark.parametrize("view", VIEWS)
def test_the_tables_say_why_a_value_is_null(sampled, in_private, view):
    table = "strategic_conversation_patterns" if view == "strategic_context_patterns" else view
    for ctx in (sampled, in_private):
        with ctx.database.connect() as connection:
            rows = connection.execute(text(f"SELECT user_id, reasons FROM {table} WHERE user_id IS NOT NULL")).all()
        for user, reasons in rows:
            row = read(ctx, view, user).row
            nulls = {KNOWN_AS.get(name, name) for name in VIEWS[view].columns if row[name] is None}
            assert nulls <= reasons.keys()


def test_what_the_bots_put_into_their_prompt_is_there(sampled, users):
    health = read(sampled, "strategic_memory_health", users[0]).row
    risks = json.loads(health["forgetting_risk_memories"])
    assert risks and all(entry["id"] and entry["topic"] for entry in risks)
    profile = read(sampled, "strategic_personality_profiles", users[0]).row
    assert all(isinstance(hour, int) and 0 <= hour <= 23 for hour in json.loads(profile["preferred_times"]))
    times = [read(sampled, "strategic_engagement_opportunities", user).row for user in users]
    assert all(row["optimal_engagement_hour"] in {None, *range(24)} for row in times)
    assert all(row["optimal_engagement_day"] in {None, *range(7)} for row in times)
    assert any(row["optimal_engagement_hour"] is not None for row in times)
    assert all(row["recommendations"] for row in times)


def test_the_bot_wide_row_reaches_no_user(sampled, users):
    assert ask(sampled, "SELECT count(*) FROM strategic_character_performance WHERE user_id IS NULL").row[0] == 0
    assert ask(sampled, statement("strategic_character_performance"), "", BOT).rows == []


def history_at(ctx, user: str, as_of: datetime) -> History:
    """The user's history as it is at a later time."""
    with ctx.database.connect() as connection:
        (known,) = known_of(connection, BOT, [user])
    return known.now(as_of)


SILENT_FOR = """
    UPDATE {{ours}}.strategic_engagement_opportunities
    SET details = jsonb_set(details, array['proactive_engagement', 'last_message_at'], to_jsonb(now() - interval '{hours} hours'))
    WHERE user_id = '{user}'
"""
OLDER_BY = """
    UPDATE {{ours}}.strategic_memory_health
    SET details = jsonb_set(details, age.path, to_jsonb((details #>> age.path)::float8
        - {hours} * 3600 * (details #>> array['memory_aging', 'age_parameters', 'count'])::float8))
    FROM (SELECT array['memory_aging', 'age_parameters', 'sum_last_at'] AS path) age
    WHERE user_id = '{user}'
"""


def test_silence_and_lull_are_those_of_the_moment_of_reading_and_what_the_engine_would_say_then(sampled, users):
    severities = set()
    for user in users:
        now = history_at(sampled, user, utc_now())
        last = datetime.fromtimestamp(float(now.turns.at[now.turns.from_user].max()), UTC)
        untouched = read(sampled, "strategic_engagement_opportunities", user)
        silence = (untouched.now - last).total_seconds() / 3600
        assert untouched.row["hours_since_last_message"] == pytest.approx(silence, abs=1e-5)
        for hours in (0, 20, 60, 200, 2000):
            moved = SILENT_FOR.format(hours=hours, user=user)
            row = read(sampled, "strategic_engagement_opportunities", user, moved).row
            then = proactive_engagement.compute(replace(now, as_of=last + timedelta(hours=hours)))
            assert row["hours_since_last_message"] == pytest.approx(then.last_engagement_gap_hours, abs=1e-3)
            if then.lull is None:
                assert row["lull_severity"] is None and row["is_in_lull"] is None
                continue
            severity = gaps.GapModel(**then.lull).severity(then.last_engagement_gap_hours)
            assert (row["lull_severity"], row["is_in_lull"]) == (severity, severity != "none")
            severities.add(str(severity))
    assert severities == WORDS["lull_severity"]


def test_the_age_of_memories_is_that_of_the_moment_of_reading_and_what_the_engine_would_say_then(sampled, users):
    for user in users:
        for hours in (0, 100):
            seen = read(sampled, "strategic_memory_health", user, OLDER_BY.format(hours=hours, user=user))
            then = history_at(sampled, user, seen.now + timedelta(hours=hours))
            expected = memory_aging.compute(then).avg_memory_age_hours
            assert seen.row["avg_memory_age_hours"] == pytest.approx(expected, abs=1e-3)


UNKNOWN = """
    UPDATE {{ours}}.{table} SET details = jsonb_set(details, array[{path}], 'null') WHERE user_id = '{user}'
"""


def test_what_is_not_known_is_null_at_the_moment_of_reading_too(sampled, users):
    unknown = UNKNOWN.format(table="strategic_memory_health", path="'memory_aging', 'age_parameters'", user=users[0])
    assert read(sampled, "strategic_memory_health", users[0], unknown).row["avg_memory_age_hours"] is None
    table = "strategic_engagement_opportunities"
    for field in ("lull", "last_message_at"):
        unknown = UNKNOWN.format(table=table, path=f"'proactive_engagement', '{field}'", user=users[0])
        row = read(sampled, table, users[0], unknown).row
        assert row["is_in_lull"] is None and row["lull_severity"] is None
        assert (row["hours_since_last_message"] is None) == (field == "last_message_at")


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_is_seen_until_its_end_and_ten_minutes_into_the_workers_silence(sampled, users, view):
    table = "strategic_conversation_patterns" if view == "strategic_context_patterns" else view
    silent = (
        "UPDATE {{ours}}.worker_heartbeats SET beat_at = now() - interval '{0}'",
        f"UPDATE {{{{ours}}}}.{table} SET computed_at = now() - interval '{{0}}'",
    )
    user = users[0]
    for since, visible in (("9 minutes 50 seconds", 1), ("10 minutes 10 seconds", 0)):
        assert len(read(sampled, view, user, *(one.format(since) for one in silent)).rows) == visible
    # A run that computed the row without a worker is a sign of life as well.
    assert len(read(sampled, view, user, silent[0].format("1 hour")).rows) == 1
    without = "DELETE FROM {{ours}}.worker_heartbeats".format()
    assert len(read(sampled, view, user, without).rows) == 1
    assert len(read(sampled, view, user, without, silent[1].format("1 hour")).rows) == 0
    ended = f"UPDATE {{ours}}.{table} SET expires_at = now()"
    assert len(read(sampled, view, user, ended).rows) == 0


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_is_seen_until_the_grace_of_a_message_that_the_bot_told_of_and_that_it_has_not_read(sampled, users, view):
    table = "strategic_conversation_patterns" if view == "strategic_context_patterns" else view
    user = users[0]
    read_up_to = f"UPDATE {{{{ours}}}}.{table} SET read_up_to = now() - interval '{{0}}'"
    told = (
        "INSERT INTO {{ours}}.message_touches (bot_name, user_id, at, recent) SELECT '{0}', '{1}', at, ARRAY[now() - "
        "interval '{2}'] || array_fill(at, ARRAY[{3}]) FROM (SELECT now() - interval '3 seconds' AS at) last"
    )
    for since, visible in (("4 minutes 50 seconds", 1), ("5 minutes 10 seconds", 0)):
        unread = (read_up_to.format("1 hour"), told.format(BOT, user, since, 19))
        assert len(read(sampled, view, user, *unread).rows) == visible
    assert (
        len(read(sampled, view, user, read_up_to.format("1 minute"), told.format(BOT, user, "10 minutes", 1)).rows) == 1
    )
    assert len(read(sampled, view, user, read_up_to.format("1 hour"), told.format(BOT, "x", "10 minutes", 1)).rows) == 1
    many = (read_up_to.format("1 hour"), told.format(BOT, user, "4 minutes", 20))
    assert len(read(sampled, view, user, *many).rows) == 0


def test_a_role_that_may_only_use_the_views_reads_them_and_still_may_after_the_next_migration(sampled, users):
    ours = sampled.database
    role, schema = f"reader of {ours.schema}", bots_schema(ours.schema)
    with ours.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{role}"'))
        connection.execute(text(f'GRANT USAGE ON SCHEMA {schema} TO "{role}"'))
    try:
        migrate(ours)
        for view in VIEWS:
            assert len(read(sampled, view, users[0], f'SET LOCAL ROLE "{role}"').rows) == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            ask(sampled, f"SELECT 1 FROM {ours.schema}.user_facts", first=[f'SET LOCAL ROLE "{role}"'])
    finally:
        with ours.begin() as connection:
            connection.execute(text(f'DROP OWNED BY "{role}"'))
            connection.execute(text(f'DROP ROLE "{role}"'))
