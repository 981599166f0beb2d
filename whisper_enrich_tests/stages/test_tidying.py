"""Tidying: what is past its time goes, once, and nothing that a rerun would make again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import text

from whisper_enrich.hot_path import Options, Reader
from whisper_enrich.hot_path.recall import recall
from whisper_enrich.llm.types import Usage
from whisper_enrich.messages.model import Point
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.stages.tidying import archive_summaries, consolidate_facts, drop_records
from whisper_enrich.storage import model_costs
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.builders import at, chat, column, contents, enrich, point_id, said, scalar
from whisper_enrich_tests.storage.model_builders import PRICES, reserve, settle, with_settings

GARDEN = ["I planted tomatoes.", "Which kind?", "Roma.", "Good.", "They need sun.", "They do."]
BOAT = ["I bought a boat.", "A big one?", "A dinghy.", "Nice.", "It is red.", "Red is good."]
DAYS = [date(2026, 1, 14), date(2026, 3, 18)]


@pytest.fixture
def talked(ctx, elena):
    """A talk in January and one in March, enriched and with their digests."""
    ctx.store.upsert(elena.collection, chat("2026-01-14", BOAT) + chat("2026-03-18", GARDEN))
    enrich(ctx, elena)
    roll_up(ctx, "elena")
    return elena


@pytest.fixture
def later(clock):
    """Ninety days and more after the first talk, not after the second."""
    clock.now = at("2026-05-01 12:00")


def archived(ctx):
    return column(ctx, "SELECT start_timestamp::date FROM conversation_summaries WHERE archived_at IS NOT NULL")


def test_an_old_summary_is_put_away_with_its_vector_and_a_rerun_leaves_it_so(ctx, talked, later):
    before = contents(ctx, with_clocks=True)
    assert archive_summaries(ctx, dry_run=True).rows == {"put away": 1, "brought back": 0}
    assert contents(ctx, with_clocks=True) == before
    assert archive_summaries(ctx, dry_run=False).rows == {"put away": 1, "brought back": 0}
    assert archived(ctx) == DAYS[:1]
    assert ctx.store.count_summary_vectors("elena") == 1

    tidied = contents(ctx, with_clocks=True)
    assert archive_summaries(ctx, dry_run=False).total == 0
    enrich(ctx, talked, days=DAYS)
    reconcile(ctx, talked)
    assert roll_up(ctx, "elena").looked_at == 0
    assert contents(ctx, with_clocks=True) == tidied


def test_a_summary_without_an_up_to_date_digest_stays_in_use(ctx, talked, later):
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM summary_rollups WHERE period = 'month' AND start_date = '2026-01-01'"))
    assert archive_summaries(ctx, dry_run=True).total == archive_summaries(ctx, dry_run=False).total == 0
    roll_up(ctx, "elena")
    assert archive_summaries(ctx, dry_run=False).total == 1


def test_a_late_message_changes_it_in_place_and_its_digest_and_a_longer_time_in_use_brings_it_back(ctx, talked, later):
    archive_summaries(ctx, dry_run=False)
    ctx.store.upsert(talked.collection, [said("I named the boat Gull.", at("2026-01-14 09:30"))])
    enrich(ctx, talked)
    assert column(ctx, "SELECT message_count FROM conversation_summaries ORDER BY start_timestamp") == [7, 6]
    assert archived(ctx) == DAYS[:1]
    assert ctx.store.count_summary_vectors("elena") == 1
    assert roll_up(ctx, "elena").written == 2
    assert archive_summaries(ctx, dry_run=False).total == 0

    longer = replace(ctx, settings=with_settings(ctx.settings, summary_archive_days=200))
    assert archive_summaries(longer, dry_run=False).rows == {"put away": 0, "brought back": 1}
    assert archived(ctx) == []
    assert ctx.store.count_summary_vectors("elena") == 2


def test_readers_pass_over_it_and_are_given_the_digest_of_its_time(ctx, talked, later, clock):
    archive_summaries(ctx, dry_run=False)
    with EmbeddedPostgres(ctx.settings.home) as info:
        reader = Reader(info.dsn, Options(schema=ctx.settings.postgres_schema, deadline_seconds=5.0))

        def asked(question):
            return recall(reader, "ana", "elena", question, clock(), UTC)

        of_reader = reader.get_summaries("ana", "elena", "shared", clock()).items
        by_words, by_day, first = asked("the boat"), asked("on January 14"), asked("the first time we talked")
        by_month, by_march = asked("in January"), asked("on March 18")
        reader.close()
    assert [each.start.date() for each in of_reader] == DAYS[1:]
    assert by_words.summaries == ()
    week = (date(2026, 1, 12), date(2026, 1, 19))
    for found in (by_day, first):
        assert found.summaries == ()
        assert [(each.start, each.end) for each in found.digests] == [week]
        assert [fact.content for fact in found.facts]
    assert [each.period for each in by_month.digests] == ["month"]
    assert len(by_march.summaries) == 1
    assert by_march.digests == ()
    view = f"{bots_schema(ctx.settings.postgres_schema)}.conversation_summaries"
    assert column(ctx, f"SELECT start_timestamp::date FROM {view}") == DAYS[1:]


def test_rows_go_by_age_once_and_a_dry_run_says_how_many(ctx, talked, clock):
    clock.forward(days=1)
    ctx.store.upsert(talked.collection, [said("I sail on Sundays.", at("2026-01-14 10:00"))])
    enrich(replace(ctx, run_id="run-2"), talked)
    newest = "SELECT max(last_enrichment_run) FROM enrichment_metadata GROUP BY day ORDER BY day"
    enriched = column(ctx, newest)
    # A request that was met, a touch, an earlier engine's assertion.
    with ctx.database.begin() as connection:
        connection.execute(
            text("INSERT INTO enrichment_requests VALUES ('elena', 'ana', now(), now(), :at)"), {"at": clock()}
        )
        connection.execute(text("INSERT INTO message_touches VALUES ('elena', 'ana', :at)"), {"at": clock()})
        connection.execute(text("INSERT INTO fact_redone VALUES ('elena', 'p', 'v0', 'ana', :at)"), {"at": clock()})
    kept = {
        name: rows for name, rows in contents(ctx).items() if name.startswith(("user_", "message_l", "conv", "fact_a"))
    }
    assert sum(finding.total for finding in drop_records(ctx, dry_run=True)) == 0
    clock.forward(days=400)
    found = {what: rows for finding in drop_records(ctx, dry_run=True) for what, rows in finding.rows.items()}
    assert {what for what, rows in found.items() if rows} == {
        "stage_runs", "enrichment_metadata", "enrichment_requests", "message_touches", "fact_redone",
    }  # fmt: skip
    done = {what: rows for finding in drop_records(ctx, dry_run=False) for what, rows in finding.rows.items()}
    assert done == found
    assert sum(finding.total for finding in drop_records(ctx, dry_run=False)) == 0
    assert {name: rows for name, rows in contents(ctx).items() if name in kept} == kept
    # When each day was last enriched is known for ever.
    assert column(ctx, newest) == enriched


def test_what_calls_took_is_known_after_the_calls_are_gone(ctx, clock):
    priced = with_settings(ctx.settings, llm_prices=PRICES)
    for user in ("ana", "ben"):
        settle(ctx, reserve(ctx, priced, clock(), user=user), clock(), Usage(80, 20, 0), cost=None)
    open_call = reserve(ctx, priced, clock())
    clock.forward(days=401)
    settle(ctx, reserve(ctx, priced, clock()), clock(), Usage(10, 5, 0))

    def sums():
        with ctx.database.connect() as connection:
            return {by: model_costs.costs(connection, by) for by in ("day", "bot", "model", "purpose")}

    before = sums()
    drop_records(ctx, dry_run=False)
    assert scalar(ctx, "SELECT count(*) FROM model_calls") == 2
    assert scalar(ctx, "SELECT outcome FROM model_calls WHERE id = :id", id=open_call) == "reserved"
    assert sums() == before
    with ctx.database.connect() as connection:
        by_user = {row.group: row.calls for row in model_costs.costs(connection, "user")}
    assert by_user == {model_costs.SUMMED_UP: 2, "ana": 1}


def test_a_quarantined_point_that_is_tidied_away_does_not_come_back_by_itself(ctx, elena, clock):
    broken = Point(point_id("broken"), {"role": "user", "content": 7}, {})
    ctx.store.upsert(elena.collection, [broken])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM quarantine") == 1
    clock.forward(days=181)
    drop_records(ctx, dry_run=False)
    reconcile(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM quarantine") == 0
    assert column(ctx, "SELECT disposition FROM message_ledger") == ["quarantined"]
    ctx.store.upsert(elena.collection, [Point(broken.id, {"role": "user", "content": 8, "more": 1}, {})])
    reconcile(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM quarantine") == 1


def test_facts_are_folded_anew_as_a_rerun_would_and_a_dry_run_only_counts(ctx, talked):
    right = contents(ctx)
    assert consolidate_facts(ctx, dry_run=False).total == 0
    with ctx.database.begin() as connection:
        connection.execute(text("UPDATE user_facts SET confidence = 0.5, mentions = 9"))
        connection.execute(text("DELETE FROM fact_versions"))
    wrong = contents(ctx)
    found = consolidate_facts(ctx, dry_run=True)
    assert found.total > 0
    assert contents(ctx) == wrong
    assert consolidate_facts(ctx, dry_run=False).rows == found.rows
    assert contents(ctx) == right
    assert consolidate_facts(ctx, dry_run=True).total == 0


HOMES = ("Lisbon", "Porto", "Faro")


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=strategies.lists(strategies.tuples(strategies.sampled_from(HOMES), strategies.integers(0, 40)), min_size=1,
                           max_size=6),
    damage=strategies.sampled_from(("user_facts", "fact_versions", "fact_evidence")),
)  # fmt: skip
def test_consolidation_ends_where_folding_everything_ends(ctx, elena, moves, damage):
    ctx.store.upsert(
        elena.collection,
        [said(f"I live in {home}.", at("2026-01-10 09:00") + timedelta(days=days)) for home, days in moves],
    )
    enrich(ctx, elena)
    right = contents(ctx)
    with ctx.database.begin() as connection:
        connection.execute(text(f"DELETE FROM {damage}"))
    consolidate_facts(ctx, dry_run=False)
    assert contents(ctx) == right
