"""The platform's own tables, in whatever form this database has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from whisper_enrich.storage.platform import platform_states
from whisper_enrich.strategic.performance_inputs import DailyMean, EmotionalState, PlatformState, Relationship

SINCE = date(2026, 3, 1)


@pytest.fixture
def connection(pipeline) -> Iterator[Connection]:
    """In a transaction that is rolled back: the tables are in the schema that all tests share."""
    with pipeline.database.connect() as opened:
        yield opened
        opened.rollback()


def state(connection: Connection, user: str = "u1", bot: str = "ines") -> PlatformState:
    return platform_states(connection, bot, ["u1", "u2"], SINCE)[user]


def run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def test_a_database_without_the_platform_says_nothing(connection):
    assert platform_states(connection, "ines", ["u1"], SINCE) == {"u1": PlatformState()}
    assert platform_states(connection, "ines", [], SINCE) == {}


class TestRelationships:
    def test_scores_are_read_by_user_and_bot(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_scores (user_id text, bot_name text, trust numeric(5,4), affection real, "
            "attunement float8, interaction_count int, last_updated timestamp)",
            "INSERT INTO public.relationship_scores VALUES ('u1', 'Ines', 0.75, 0.5, 0.25, 12, '2026-03-04 05:06:07'), "
            "('u2', 'juno', 0.1, 0.1, 0.1, 1, NULL), ('u3', 'ines', 0.1, 0.1, 0.1, 1, NULL)",
        )
        updated = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
        assert state(connection).relationship == Relationship(0.75, 0.5, 0.25, 12, updated)
        assert state(connection, "u2").relationship is None
        assert state(connection, "u2", "juno").relationship.trust == pytest.approx(0.1)

    def test_columns_may_be_missing_or_of_another_type(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_scores (user_id bigint, bot_name text, trust text, affection real)",
            "INSERT INTO public.relationship_scores VALUES (7, 'ines', 'high', 0.5)",
        )
        found = platform_states(connection, "ines", ["7"], SINCE)["7"].relationship
        assert found == Relationship(affection=0.5)

    def test_what_is_no_share_is_left_out(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_scores (user_id text, bot_name text, trust real, affection real)",
            "INSERT INTO public.relationship_scores VALUES ('u1', 'ines', 75, NULL)",
        )
        assert state(connection).relationship == Relationship()
        assert state(connection).relationship.mean() is None

    def test_of_several_rows_the_newest_counts(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_scores (user_id text, bot_name text, trust real, last_updated timestamptz)",
            "INSERT INTO public.relationship_scores VALUES ('u1', 'ines', 0.5, '2026-03-05'), "
            "('u1', 'ines', 0.25, '2026-03-04'), ('u1', 'ines', 0.125, NULL)",
        )
        assert state(connection).relationship.trust == 0.5

    def test_a_table_that_may_not_be_read_is_as_good_as_none(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_scores (user_id text, bot_name text, trust real)",
            "CREATE ROLE reads_nothing",
            "GRANT USAGE ON SCHEMA public TO reads_nothing",
            "SET LOCAL ROLE reads_nothing",
        )
        assert state(connection).relationship is None


class TestEmotions:
    def test_levels_are_paired_with_their_baselines_by_name(self, connection):
        run(
            connection,
            "CREATE TABLE public.character_emotional_states (character_name text, user_id text, joy real, baseline_joy real, "
            "current_stress float8, stress_baseline float8, trust real, updated int, baseline_fear real)",
            "INSERT INTO public.character_emotional_states VALUES ('Ines', 'u1', 0.5, 0.75, 0.25, 0.125, 0.9, 3, 0.1), "
            "('ines', 'u2', 5, 0.75, NULL, 0.125, 0.9, 3, 0.1)",
        )
        found = state(connection).emotions
        assert found == EmotionalState({"joy": 0.5, "stress": 0.25}, {"joy": 0.75, "stress": 0.125})
        assert found.stability() == pytest.approx(1 - 0.375 / 2)
        assert state(connection, "u2").emotions is None

    def test_without_baselines_there_is_nothing_to_hold_them_against(self, connection):
        run(connection, "CREATE TABLE public.character_emotional_states (character_name text, user_id text, joy real)")
        assert state(connection).emotions is None


class TestEvents:
    def test_the_quality_of_conversations_is_averaged_by_utc_day(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_events (user_id text, bot_name text, trust_delta real, "
            "conversation_quality real, created_at timestamptz)",
            "INSERT INTO public.relationship_events VALUES ('u1', 'ines', 0, 0.5, '2026-03-04 23:30+00'), "
            "('u1', 'ines', 0, 1.0, '2026-03-04 17:00-07'), ('u1', 'ines', 0, 0.75, '2026-03-04 12:00+00'), "
            "('u1', 'ines', 0, 88, '2026-03-04 12:00+00'), ('u1', 'ines', 0, 0.1, '2026-02-28 12:00+00'), "
            "('u1', 'juno', 0, 0.1, '2026-03-04 12:00+00')",
        )
        assert state(connection).quality == [DailyMean(date(2026, 3, 4), 0.625, 2), DailyMean(date(2026, 3, 5), 1.0, 1)]
        assert state(connection, "u2").quality == ()

    def test_a_quality_in_words_is_no_number(self, connection):
        run(
            connection,
            "CREATE TABLE public.relationship_events (user_id text, bot_name text, conversation_quality text, "
            "created_at timestamp)",
            "INSERT INTO public.relationship_events VALUES ('u1', 'ines', 'good', '2026-03-04')",
        )
        assert state(connection).quality == ()
