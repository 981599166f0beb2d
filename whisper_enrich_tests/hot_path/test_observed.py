"""What the reader counts, and how it gets to the worker: without costing a read anything, whatever the database does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from whisper_enrich.hot_path import Absence, Freshness, Missing, Options, StaleReason, recall
from whisper_enrich.hot_path.guard import Circuit, NoAnswer
from whisper_enrich.hot_path.observed import BOUNDS, KEPT_MINUTES, MOST_SERIES, OTHERS, Observed, prometheus_collector
from whisper_enrich.hot_path.reports import AsyncReports, Reports, report_query
from whisper_enrich.storage import bot_role, observations
from whisper_enrich_tests.hot_path.contexts import Parts
from whisper_enrich_tests.hot_path.readers import open_reader

FRESH = SimpleNamespace(freshness=Freshness.FRESH, stale_reason=None)
STALE = SimpleNamespace(freshness=Freshness.STALE, stale_reason=StaleReason.WORKER_SILENT)


class Seconds:
    def __init__(self) -> None:
        self.now = 600_000.0

    def __call__(self) -> float:
        return self.now


def question(name: str, bot: str = "elena") -> SimpleNamespace:
    return SimpleNamespace(query=SimpleNamespace(name=name), request=SimpleNamespace(bot_name=bot))


def rows(observed: Observed) -> dict[tuple[str, str], dict]:
    return {(row["table_name"], row["bot_name"]): row for row in observed.unreported().rows}


class TestCounting:
    def test_hit_stale_and_miss_by_table_with_the_reason(self):
        observed = Observed()
        for found in (FRESH, STALE, Missing(Absence.DEADLINE)):
            observed.saw(question("hot_facts"), found)
        observed.saw(question("hot_strategic_memory_health"), {"memory_health": FRESH})
        told = rows(observed)
        facts = told["user_facts", "elena"]
        assert (facts["hits"], facts["stale"], facts["misses"]) == (1, 1, 1)
        assert facts["reasons"] == {"stale:worker_silent": 1, "miss:deadline": 1}
        assert told["strategic_memory_health", "elena"]["hits"] == 1

    def test_a_table_of_a_context_counts_once_and_only_when_it_is_looked_at(self):
        observed = Observed()
        contents = Parts(context_switches=FRESH, conversation_patterns=FRESH, facts=STALE)
        watched = observed.context(contents, "elena", None, remembered=False)
        for name in ("context_switches", "conversation_patterns", "facts"):
            watched.part(name)
        assert {table: (row["hits"], row["stale"]) for (table, _), row in rows(observed).items()} == {
            "context": (1, 0), "strategic_conversation_patterns": (1, 0), "user_facts": (0, 1),
        }  # fmt: skip

    def test_a_context_from_memory_is_stale_and_one_without_anything_a_miss(self):
        observed = Observed()
        observed.context(Parts(), "elena", Absence.DEADLINE, remembered=True)
        observed.context(Parts(), "elena", Absence.DEADLINE, remembered=False)
        assert rows(observed)["context", "elena"]["reasons"] == {"stale:unreachable": 1, "miss:deadline": 1}

    def test_latencies_are_counted_by_the_bound_that_they_stay_within(self):
        observed = Observed()
        for seconds in (0.0005, 0.0007, 0.004, 9.0):
            observed.took(question("hot_context"), seconds)
        row = rows(observed)["context", "elena"]
        assert row["latencies"] == {"0.0005": 1, "0.001": 1, "0.005": 1, "+Inf": 1}
        assert (row["round_trips"], row["seconds"]) == (4, pytest.approx(9.0052))

    def test_threads_lose_no_count(self):
        observed = Observed()

        def read() -> None:
            for _ in range(500):
                observed.saw(question("hot_facts"), FRESH)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rows(observed)["user_facts", "elena"]["hits"] == 2000

    def test_minutes_are_kept_until_they_are_confirmed_and_for_half_an_hour_at_most(self):
        clock = Seconds()
        observed = Observed(clock=clock)
        for _ in range(KEPT_MINUTES + 10):
            observed.saw(question("hot_facts"), FRESH)
            clock.now += 60
        observed.saw(question("hot_facts"), FRESH)
        told = observed.unreported()
        assert len(told.rows) == KEPT_MINUTES + 1
        observed.reported(told)
        observed.saw(question("hot_facts"), FRESH)
        clock.now -= 3600  # a clock that is set back opens no minute anew
        observed.saw(question("hot_facts"), FRESH)
        latest = max(row["minute"] for row in told.rows)
        assert [(row["minute"], row["hits"]) for row in observed.unreported().rows] == [(latest, 3)]
        assert observed.totals()["user_facts", "elena"].outcomes == {("hit", ""): KEPT_MINUTES + 13}

    def test_a_clock_that_was_years_ahead_and_is_set_right_counts_by_the_right_minute(self):
        clock = Seconds()
        clock.now += 10 * 365 * 86_400
        observed = Observed(clock=clock)
        observed.saw(question("hot_facts"), FRESH)
        clock.now -= 10 * 365 * 86_400
        observed.saw(question("hot_facts"), FRESH)
        told = observed.unreported()
        assert [(row["minute"], row["hits"]) for row in told.rows] == [(5_266_000, 1), (10_000, 1)]
        observed.reported(told)
        assert [row["minute"] for row in observed.unreported().rows] == [10_000]

    def test_bots_that_are_made_up_make_nothing_grow(self):
        observed = Observed()
        for number in range(MOST_SERIES + 20):
            observed.saw(question("hot_facts", f"bot-{number}"), FRESH)
        for impossible in ("a\0b", "x" * 101, "\ud800"):
            observed.saw(question("hot_facts", impossible), FRESH)
        told = rows(observed)
        assert len(told) == MOST_SERIES + 1
        assert told["user_facts", OTHERS]["hits"] == 23


class TestReporting:
    def reports(self, observed: Observed, send, seconds: float = 60.0) -> Reports:
        options = Options(report_seconds=seconds)
        return Reports(observed, options, Circuit(options), send)

    def test_what_could_not_be_sent_is_sent_the_next_time_and_the_log_says_so_without_a_trace(self, caplog):
        sent, failing = [], [NoAnswer(Absence.SCHEMA, "UndefinedTable 42P01"), RuntimeError("secret"), None]

        def send(query, values):
            if (error := failing.pop(0)) is not None:
                raise error
            sent.append(values)

        observed = Observed()
        observed.saw(question("hot_facts"), FRESH)
        reports = self.reports(observed, send)
        assert [reports.flush() for _ in range(3)] == [False, False, True]
        assert '"hits": 1' in sent[0][1]
        (line,) = caplog.messages
        assert "could not be reported" in line
        assert "secret" not in line

    def test_a_thread_reports_in_the_background_and_ends_with_the_reader(self):
        sent = threading.Event()
        reports = self.reports(Observed(), lambda query, values: sent.set(), seconds=0.01)
        before = set(threading.enumerate())
        reports.noted(question("hot_facts"), 0.001)
        (thread,) = set(threading.enumerate()) - before
        assert sent.wait(5)
        del reports
        thread.join(5)
        assert not thread.is_alive()

    def test_switched_off_nothing_is_sent_or_kept(self):
        observed = Observed(kept=False)
        reports = self.reports(observed, lambda *_: pytest.fail("nothing is to be sent"), seconds=0)
        before = threading.active_count()
        reports.noted(question("hot_facts"), 0.001)
        reports.close()
        assert threading.active_count() == before
        assert observed.totals()["user_facts", "elena"].round_trips == 1

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
    def test_a_forked_process_reports_its_own_counts_under_a_name_of_its_own(self, tmp_path):
        sent = []
        observed = Observed()
        reports = self.reports(observed, lambda query, values: sent.append(values))
        reports.noted(question("hot_facts"), 0.001)
        child = os.fork()
        if child == 0:
            try:
                reports.noted(question("hot_summaries"), 0.001)
                reports.close()
                (tmp_path / "child").write_text(" ".join(sent[0]))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        reports.close()
        theirs = (tmp_path / "child").read_text()
        assert sent[0][0] not in theirs
        assert ("user_facts" in theirs, "conversation_summaries" in theirs) == (False, True)


def test_the_asynchronous_report_waits_until_the_pool_has_a_connection_to_spare():
    pool = SimpleNamespace(get_max_size=lambda: 4, get_size=lambda: 4, get_idle_size=lambda: 1)
    observed, sent, options = Observed(), [], Options(report_seconds=0.01)

    async def send(query, values):
        sent.append(values)

    async def talk() -> None:
        reports = AsyncReports(observed, options, Circuit(options), send, pool)
        reports.noted(question("hot_facts"), 0.001)
        await asyncio.sleep(0.05)
        assert sent == []
        pool.get_idle_size = lambda: 2
        await asyncio.sleep(0.05)
        assert len(sent) == 1
        await reports.close()

    asyncio.run(talk())


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_readers_counts_are_in_the_table_once_it_is_closed(pipeline, kind, clock):
    options = Options(schema=pipeline.settings.postgres_schema, deadline_seconds=5.0)
    dsn = pipeline.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    reader = open_reader(kind, dsn, options)
    try:
        now = clock()
        context = reader.get_context("ana", "elena", "shared", now)
        assert not context.engagement
        reader.get_facts("ana", "elena", "shared", now)
        reader.get_strategic("strategic_memory_health", "ana", "elena", "shared", now)
        if kind == "sync":
            recall(reader, "ana", "elena", "What did we do yesterday?", now, now.tzinfo)
        if kind == "async":
            reader.run(reader.reader.close())
    finally:
        reader.close()
    with pipeline.database.connect() as connection:
        found = {one.table_name: one for one in observations.observed(connection, now - timedelta(days=9999))}
        ahead = "INSERT INTO reader_observations SELECT (jsonb_populate_record(o, :far)).* FROM reader_observations o"
        connection.execute(text(ahead), {"far": f'{{"bucket_start": "{now + timedelta(days=9999)}"}}'})
        again = {one.table_name: one for one in observations.observed(connection, now - timedelta(days=9999))}
        assert again == found
        assert observations.prune(connection, now, now + timedelta(days=9000)) == len(found)
        assert observations.prune(connection, now + timedelta(days=9000), now + timedelta(days=9999)) == len(found)
    hit = {table: (one.hits, one.misses, one.round_trips) for table, one in found.items()}
    expected = {
        "context": (1, 0, 1), "user_facts": (1, 0, 1), "strategic_memory_health": (0, 1, 1),
        "strategic_engagement_opportunities": (0, 1, 0),
    }  # fmt: skip
    assert {table: hit[table] for table in expected} == expected
    assert found["strategic_memory_health"].reasons == {"miss:no_row": 1}
    assert sum(found["context"].latencies.values()) == 1
    if kind == "sync":
        asked = found["recall"]
        assert (asked.hits, asked.time_anchored, asked.time_anchored_found, asked.round_trips) == (1, 1, 0, 2)


def test_a_login_of_one_bot_reports_its_counts_whatever_other_names_were_read_by(pipeline):
    observed, schema = Observed(), pipeline.settings.postgres_schema
    for bot_name in ("elena", "marlow", "x" * 101):
        observed.saw(question("hot_facts", bot_name), FRESH)
    report = re.sub(r"\$\d", "%s", report_query(schema).text)
    login = f"{schema}_bot_elena"
    with pipeline.database.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(f'CREATE ROLE "{login}" IN ROLE "{bot_role.role_name(schema)}"')
        connection.exec_driver_sql(f'INSERT INTO "{schema}".bot_logins VALUES (%s, %s)', (login, ["elena"]))
        connection.exec_driver_sql(f'SET LOCAL ROLE "{login}"')
        connection.exec_driver_sql(report, ("r", json.dumps(observed.unreported().rows)))
        connection.exec_driver_sql("RESET ROLE")
        told = connection.exec_driver_sql("SELECT bot_name, hits FROM reader_observations").all()
        transaction.rollback()
    assert told == [("elena", 1)]


def test_prometheus_reads_the_same_counts():
    registry_of = pytest.importorskip("prometheus_client").CollectorRegistry
    observed = Observed()
    for found in (FRESH, FRESH, STALE):
        observed.saw(question("hot_facts"), found)
    observed.took(question("hot_facts"), 0.004)
    registry = registry_of()
    registry.register(prometheus_collector(SimpleNamespace(answers=SimpleNamespace(observed=observed))))
    labels = {"table": "user_facts", "bot": "elena"}
    reads = "whisper_enrich_reader_reads_total"
    assert registry.get_sample_value(reads, labels | {"outcome": "hit", "reason": ""}) == 2
    assert registry.get_sample_value(reads, labels | {"outcome": "stale", "reason": "worker_silent"}) == 1
    bucket = "whisper_enrich_reader_round_trip_seconds_bucket"
    assert [registry.get_sample_value(bucket, labels | {"le": str(bound)}) for bound in BOUNDS[3:5]] == [0, 1]
