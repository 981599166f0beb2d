"""The checks on the caches, each where all is well and where it is not."""

import numpy as np
import pytest
from sqlalchemy import text

from whisper_enrich.automation.cache_checks import cache_checks, cycles_are_in_time, kolmogorov_smirnov
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich_tests.automation.test_checks import plain
from whisper_enrich_tests.builders import at, chat, said

CACHE = "strategic_engagement_opportunities"
CHECKS = {check.check_key.name: check for check in cache_checks if check.check_key.asset_key.path == [CACHE]}
DAY = "2026-03-18"


@pytest.fixture
def computed(ctx, elena, clock):
    """Two users with rows in every cache."""
    clock.now = at(f"{DAY} 20:00")
    ctx.store.upsert(elena.collection, chat(DAY, ["I saw a stork.", "Where was that?"]))
    ctx.store.upsert(elena.collection, chat(DAY, ["Hello there.", "Hi!"], user="ben"))
    compute(ctx, elena)
    return elena


def compute(ctx, bot) -> None:
    take_in(ctx, bot)
    days = [ctx.clock().date()]
    bring_features_up_to_date(ctx, bot, days)
    for cache in BY_NAME:
        compute_caches(ctx, bot, days, cache)


def test_all_pass_where_every_row_is_there_and_up_to_date(pipeline, computed):
    for check in (*cache_checks, cycles_are_in_time):
        assert check(pipeline=pipeline).passed, check.check_key


def test_all_pass_where_there_is_no_bot_yet(pipeline):
    for check in (*cache_checks, cycles_are_in_time):
        assert check(pipeline=pipeline).passed, check.check_key


def test_an_active_user_without_a_row_is_reported_after_the_grace(pipeline, ctx, computed, clock):
    with ctx.database.begin() as connection:
        connection.execute(text(f"DELETE FROM {CACHE} WHERE user_id = 'ben'"))
    check = CHECKS["row_for_every_active_user"]
    assert check(pipeline=pipeline).passed
    clock.forward(minutes=16)
    result = check(pipeline=pipeline)
    assert not result.passed
    assert plain(result, "bots") == [{"bot": "elena", "users": 2, "without": 1}]
    clock.forward(days=31)
    assert check(pipeline=pipeline).passed  # nobody is active any more


def test_a_row_that_stays_behind_its_user_is_reported_after_the_grace(pipeline, ctx, computed, clock):
    ctx.store.upsert(computed.collection, [said("And a crane.", at(f"{DAY} 20:00"))])
    take_in(ctx, computed)
    check = CHECKS["rows_have_read_everything"]
    assert check(pipeline=pipeline).passed
    clock.forward(minutes=16)
    result = check(pipeline=pipeline)
    assert not result.passed
    assert (plain(result, "rows_behind"), plain(result, "oldest_seconds")) == (1, 960.0)
    compute(ctx, computed)
    assert check(pipeline=pipeline).passed


def test_a_null_without_a_reason_is_an_error(pipeline, ctx, computed):
    check = CHECKS["nulls_have_reasons"]
    assert plain(check(pipeline=pipeline), "nulls") > 0
    with ctx.database.begin() as connection:
        connection.execute(
            text(f"UPDATE {CACHE} SET receptivity_score = NULL, reasons = reasons - 'receptivity_score'")
        )
    result = check(pipeline=pipeline)
    assert not result.passed
    assert plain(result, "without_reason") == [{"column": "receptivity_score", "count": 2}]


def test_values_that_move_all_at_once_are_reported_and_the_usual_scatter_is_not(pipeline, ctx, computed, clock):
    def fill(shift: float) -> None:
        with ctx.database.begin() as connection:
            connection.execute(text(f"DELETE FROM {CACHE}"))
            connection.execute(text("DELETE FROM strategic_snapshots"))
            connection.execute(
                text(
                    f"""
                    INSERT INTO {CACHE} (user_id, bot_name, receptivity_score, details, reasons, expires_at, read_up_to,
                        messages_read, input_key, engine_version)
                    SELECT 'u' || n, 'elena', n % 50 / 100.0 + :shift, '{{}}', '{{}}', now(), now(), 1, 1, 'e'
                    FROM generate_series(1, 100) n
                    """
                ),
                {"shift": shift},
            )
            connection.execute(
                text(
                    """
                    INSERT INTO strategic_snapshots (cache, bot_name, user_id, day, row, computed_at, input_key, engine_version)
                    SELECT :cache, 'elena', 'u' || n, CAST(:day AS date) - 1,
                        jsonb_build_object('receptivity_score', n % 47 / 100.0),
                        now(), 1, 'e' FROM generate_series(1, 100) n
                    """
                ),
                {"cache": CACHE, "day": clock().date()},
            )

    check = CHECKS["values_are_steady"]
    fill(0.0)
    assert check(pipeline=pipeline).passed
    fill(0.4)
    result = check(pipeline=pipeline)
    assert not result.passed
    assert [row["column"] for row in plain(result, "moved")] == ["receptivity_score"]


def test_a_cycle_that_takes_too_long_for_its_days_is_reported(pipeline, ctx, computed):
    with ctx.database.begin() as connection:
        connection.execute(text("UPDATE stage_runs SET seconds = 121 WHERE stage = 'features'"))
    assert not cycles_are_in_time(pipeline=pipeline).passed


def test_the_two_sample_test_agrees_with_the_reference():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(4)
    for shift in (0.0, 0.2, 0.6):
        first, second = random.normal(size=150), random.normal(shift, 1.0, size=200)
        distance, p = kolmogorov_smirnov(list(first), list(second))
        reference = stats.ks_2samp(first, second, method="asymp")
        assert distance == pytest.approx(reference.statistic)
        assert p == pytest.approx(reference.pvalue, abs=0.02)
    assert kolmogorov_smirnov([1.0, 2.0], [1.0, 2.0]) == (0.0, 1.0)
