"""The check on the reads of the bots, and what becomes of their counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dagster import DagsterInstance
from sqlalchemy import text

from whisper_enrich.automation.reader_checks import cache_hit_rate
from whisper_enrich.definitions import defs
from whisper_enrich.metrics.reader_points import write
from whisper_enrich.storage import observations
from whisper_enrich_tests.automation.test_checks import plain
from whisper_enrich_tests.builders import column
from whisper_enrich_tests.metrics.fake_influx import FakeInflux, serving

PROFILES = "strategic_personality_profiles"


@pytest.fixture
def observe(ctx, clock):
    """Has a reader report a minute, so many minutes ago."""

    def report(table: str, hits: int, misses: int = 0, *, bot: str = "elena", ago: float = 5, **more: int) -> None:
        values = {"at": (clock() - timedelta(minutes=ago)).replace(second=0, microsecond=0), "table": table, "bot": bot,
                  "hits": hits, "misses": misses, "asked": 0, "found": 0} | more  # fmt: skip
        with ctx.database.begin() as connection:
            connection.execute(
                text(
                    """
                    INSERT INTO reader_observations (bucket_start, table_name, bot_name, reporter, hits, stale, misses, reasons,
                        round_trips, seconds, latencies, time_anchored, time_anchored_found)
                    VALUES (:at, :table, :bot, 'r', :hits, 0, :misses, jsonb_build_object('miss:no_row', CAST(:misses AS int)),
                        :hits, 0.002 * :hits, jsonb_build_object('0.002', CAST(:hits AS int)), :asked, :found)
                    """
                ),
                values,
            )

    return report


def test_without_reads_the_check_passes_and_says_so(pipeline, observe):
    observe(PROFILES, 0, 100, ago=61)
    result = cache_hit_rate(pipeline=pipeline)
    assert result.passed
    assert "No reader has reported" in result.description
    assert plain(result, "reads") == 0


def test_a_rate_below_95_percent_is_a_warning_with_the_numbers_of_each_table(pipeline, observe):
    observe(PROFILES, 94, 6)
    observe("user_facts", 100)
    observe("recall", 1, asked=4, found=3)
    result = cache_hit_rate(pipeline=pipeline)
    assert not result.passed
    assert plain(result, "hit_rate") == 0.97
    row = next(row for row in plain(result, "tables") if row["table"] == PROFILES)
    assert (row["hit_rate"], row["why"], row["p95_ms"]) == (0.94, "miss:no_row 6", "up to 2")
    assert (plain(result, "time_anchored_questions"), plain(result, "time_anchored_found")) == (4, 0.75)


def test_a_few_reads_without_a_row_do_not_decide_for_a_table(pipeline, observe):
    observe(PROFILES, 0, 2)
    observe("user_facts", 98)
    observe("context", 0, 500)  # how they were read, not what was read
    assert cache_hit_rate(pipeline=pipeline).passed
    observe(PROFILES, 0, 4, bot="marlow")
    assert not cache_hit_rate(pipeline=pipeline).passed


class TestInfluxDB:
    @pytest.fixture(autouse=True)
    def _client(self):
        pytest.importorskip("influxdb_client", reason="the client of the extra 'influxdb'")

    def minutes(self, ctx, clock):
        with ctx.database.connect() as connection:
            return observations.minutes(connection, clock() - timedelta(hours=1), clock())

    def settings(self, ctx, fake):
        return ctx.settings.model_copy(update={"influxdb_url": fake.url, "influxdb_org": "acme"})

    def test_a_minute_of_a_table_and_bot_is_a_point(self, ctx, clock, observe):
        observe(PROFILES, 3, 1)
        with serving(FakeInflux()) as fake:
            assert write(self.settings(ctx, fake), self.minutes(ctx, clock)).points == 1
        seconds = int((clock() - timedelta(minutes=5)).timestamp())
        assert fake.written == [
            f"strategic_cache,bot=elena,table={PROFILES} hit_rate=0.75,hits=3i,latency_ms=2,misses=1i,round_trips=3i,stale=0i "
            f"{seconds}"
        ]

    @pytest.mark.parametrize(("status", "reason"), [(403, "influxdb_refused"), (500, "influxdb_failed")])
    def test_a_token_that_may_only_read_is_said_and_stops_nothing(self, ctx, clock, observe, status, reason):
        observe(PROFILES, 3)
        with serving(FakeInflux(status=status)) as fake:
            written = write(self.settings(ctx, fake), self.minutes(ctx, clock))
        assert (written.points, written.failure) == (0, reason)
        assert ("allowed to write" in written.remedy) == (status == 403)

    def test_where_none_is_set_none_is_asked(self, ctx, clock, observe):
        observe(PROFILES, 3)
        assert write(ctx.settings, self.minutes(ctx, clock)).failure == "influxdb_is_not_set"


def test_the_job_drops_minutes_past_their_time_and_says_what_was_not_written(pipeline, ctx, observe):
    observe(PROFILES, 3, ago=4 * 24 * 60)
    observe("user_facts", 3)
    job = defs.resolve_job_def("tend_reader_observations")
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, resources={"pipeline": pipeline})
    (event,) = result.asset_materializations_for_node("reader_observations")
    told = {name: value.value for name, value in event.metadata.items()}
    assert (told["minutes_dropped"], told["points_written"]) == (1, 0)
    assert told["not_written_because"].startswith("influxdb_is_not_set")
    assert column(ctx, "SELECT table_name FROM reader_observations") == ["user_facts"]
