"""One partition, a range of days, several bots at once, and what happens when some of it fails."""

from datetime import date

import pytest
from sqlalchemy import text

from whisper_enrich.assets import enrichment_metadata, user_facts
from whisper_enrich.assets.strategic import cache
from whisper_enrich.automation.jobs import PIPELINE_ASSETS, run_tags
from whisper_enrich.errors import StoreUnavailable
from whisper_enrich_tests.assets.conftest import DAY, key
from whisper_enrich_tests.builders import at, column, contents, scalar

BOTH_BOTS = {
    "dagster/asset_partition_range_start": key(),
    "dagster/asset_partition_range_end": key(bot="marcus"),
}
ALL_BOTS = {**BOTH_BOTS, "dagster/asset_partition_range_end": key(bot="ghost")}
"""Ranges are rectangles in the order in which bots became partitions: elena, marcus, ghost."""


def test_one_partition_is_materialised_by_its_key_and_stored(run, talk, ctx):
    talk(DAY)
    ran = run(partition=key())
    assert ran.success
    assert all(set(ran.materialisations(asset)) == {key()} for asset in PIPELINE_ASSETS)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 3
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [6]
    assert ctx.store.count("whisperengine_memory_elena", unmarked_for=ctx.ledger_id) == 0


def test_a_range_of_days_is_one_run_with_a_materialisation_a_day(run, talk, ctx):
    talk("2025-03-16", "2025-03-18")
    ran = run(first="2025-03-16", last="2025-03-18")
    assert ran.success
    days = {key(f"2025-03-{number}") for number in (16, 17, 18)}
    assert all(set(ran.materialisations(asset)) == days for asset in PIPELINE_ASSETS)
    assert sorted(set(column(ctx, "SELECT day FROM fact_assertions"))) == [date(2025, 3, 16), date(2025, 3, 18)]
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 2


def test_days_outside_the_range_wait(run, talk, ctx):
    talk("2025-03-16", "2025-03-18")
    run(first="2025-03-18")
    waiting = column(ctx, "SELECT DISTINCT day FROM message_ledger WHERE facts_state = 'waiting'")
    assert waiting == [date(2025, 3, 16)]


def test_materialising_again_changes_no_row(run, talk, ctx):
    talk(DAY)
    run(partition=key())
    before = contents(ctx, with_clocks=True)
    again = run(partition=key())
    assert again.success
    assert contents(ctx, with_clocks=True) == before
    assert again.metadata("user_facts", key())["messages_read"] == 0


def test_a_backfill_works_over_a_week_at_a_time_the_newest_first_and_a_live_run_over_all_at_once(
    run, talk, monkeypatch
):
    asked = []

    def watch(module, name, what):
        work = getattr(module, name)

        def watched(ctx, bot, days, *args, **more):
            asked.append((what, ctx.urgent, [day.isoformat() for day in days]))
            return work(ctx, bot, days, *args, **more)

        monkeypatch.setattr(module, name, watched)

    watch(user_facts, "derive_facts", "facts")
    watch(cache, "compute_caches", "caches")
    watch(enrichment_metadata, "complete_days", "marks")
    talk("2025-03-10", "2025-03-18")
    days = [f"2025-03-{day}" for day in range(10, 19)]
    backfill = run(
        first=days[0], last=days[-1], tags=run_tags("elena", at(days[0]).date(), at(days[-1]).date(), "backfill")
    )
    assert backfill.success
    in_blocks = [(False, days[2:]), (False, days[:2])]
    caches = 6
    for what, times in (("facts", 1), ("caches", caches), ("marks", 1)):
        assert [one[1:] for one in asked if one[0] == what] == in_blocks * times
    assert set(backfill.materialisations("user_facts")) == {key(day) for day in days}
    asked.clear()
    assert run(first=days[0], last=days[-1]).success
    assert {(urgent, tuple(block)) for _, urgent, block in asked} == {(True, tuple(days))}


def test_both_pipeline_jobs_do_the_same(run, talk, ctx):
    talk("2025-03-17", "2025-03-18")
    assert run(first="2025-03-17", job="backfill_enrichment").success
    assert run(first="2025-03-18", job="enrich_bot_day").success
    per_day = column(ctx, "SELECT count(*) FROM fact_assertions GROUP BY day")
    assert per_day == [3, 3]


def test_several_bots_share_a_run_without_mixing(run, talk, ctx):
    talk(DAY)
    talk(DAY, bot="marcus")
    ran = run(tags=BOTH_BOTS)
    assert ran.success
    assert set(ran.materialisations("enrichment_metadata")) == {key(), key(bot="marcus")}
    rows = column(ctx, "SELECT bot_name FROM user_facts ORDER BY bot_name")
    assert rows == ["elena"] * 3 + ["marcus"] * 3


def test_a_bot_without_collection_fails_the_step_by_name_and_stops_no_other(run, talk, ctx):
    talk(DAY)
    talk(DAY, bot="marcus")
    ran = run(tags=ALL_BOTS)
    assert not ran.success
    (message,) = ran.failed_steps().values()
    assert list(ran.failed_steps()) == ["pending_messages"]
    assert "intake failed for ghost (of 3 bots)" in message
    assert "Bots found: elena, marcus" in message
    assert "\n" not in message
    assert set(ran.materialisations("pending_messages")) == {key(), key(bot="marcus")}
    assert scalar(ctx, "SELECT count(*) FROM message_ledger") == 12


def test_a_bot_that_fails_in_a_later_stage_leaves_the_others_results_stored(run, talk, ctx, pipeline, monkeypatch):
    talk(DAY)
    talk(DAY, bot="marcus")
    read = type(pipeline.store).by_ids

    def unreachable_for_marcus(self, collection, *args, **kwargs):
        if collection.endswith("marcus"):
            raise StoreUnavailable("Qdrant does not answer. Start it.")
        return read(self, collection, *args, **kwargs)

    monkeypatch.setattr(type(pipeline.store), "by_ids", unreachable_for_marcus)
    ran = run(tags=BOTH_BOTS)
    assert "facts failed for marcus (of 2 bots): Qdrant does not answer. Start it." in ran.failed_steps()["user_facts"]
    assert set(ran.materialisations("user_facts")) == {key()}
    assert ran.metadata("user_facts", key())["assertions_new"] == 3
    assert column(ctx, "SELECT bot_name FROM user_facts") == ["elena"] * 3
    assert column(ctx, "SELECT bot_name FROM conversation_summaries") == ["elena"]

    monkeypatch.undo()
    assert run(tags=BOTH_BOTS).success
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE bot_name = 'marcus'") == 3


def test_a_single_bot_that_fails_says_so_in_its_own_words(run):
    message = run(bot="ghost").failed_steps()["pending_messages"]
    assert "The message store has no collection for bot 'ghost'. Bots found: none." in message
    assert "failed for" not in message


def test_drift_of_the_schema_fails_the_run_before_anything_is_written(run, talk, ctx):
    talk(DAY)
    with ctx.database.begin() as connection:
        connection.execute(text("ALTER TABLE user_facts RENAME COLUMN fact_content TO content"))
    message = run().failed_steps()["pending_messages"]
    assert "column user_facts.fact_content is missing" in message
    assert "whisper-enrich migrate" in message
    assert scalar(ctx, "SELECT count(*) FROM message_ledger") == 0


def test_one_poisonous_message_does_not_fail_the_partition(run, talk, ctx, monkeypatch):
    from whisper_enrich.facts import extractive as module

    real = module.extract

    def poisoned(message):
        if "nurse" in message.text:
            raise ValueError
        return real(message)

    monkeypatch.setattr(module, "extract", poisoned)
    talk(DAY)
    ran = run()
    assert ran.success
    found = ran.metadata("user_facts", key())
    assert (found["failures"], found["waiting"], found["assertions_new"]) == (1, 1, 2)
    assert column(ctx, "SELECT facts_reason FROM message_ledger WHERE facts_attempts > 0") == ["ValueError"]


@pytest.mark.parametrize("bot", ["elena", "marcus"])
def test_the_reconciliation_of_a_bot_is_an_asset_of_its_own(run, talk, ctx, bot):
    talk(DAY, bot=bot)
    run(bot=bot)
    ctx.store.delete(f"whisperengine_memory_{bot}", column(ctx, "SELECT point_id FROM message_ledger LIMIT 1"))
    ran = run(job="reconcile_ledger", partition=bot)
    assert ran.success
    assert ran.metadata("ledger_reconciliation", bot) == {"points": 5, "new": 0, "changed": 0, "deleted": 1}


def test_a_backfill_launched_from_a_job_does_its_whole_range(run, talk, ctx):
    """Dagster tags its runs with the first partition of the backfill besides the range, and looks at that alone."""
    talk("2025-03-16", "2025-03-17", "2025-03-18", bot="marcus")
    talk("2025-03-16", bot="elena")
    tags = {
        "dagster/asset_partition_range_start": key("2025-03-17", "marcus"),
        "dagster/asset_partition_range_end": key("2025-03-18", "marcus"),
        "dagster/partition/bot": "elena",
        "dagster/partition/day": "2025-03-16",
    }
    ran = run(tags=tags, job="backfill_enrichment")
    assert ran.success
    done = {key("2025-03-17", "marcus"), key("2025-03-18", "marcus"), key("2025-03-16", "elena")}
    assert all(set(ran.materialisations(asset)) == done for asset in PIPELINE_ASSETS)
    assert ran.metadata("user_facts", key("2025-03-18", "marcus"))["assertions_new"] == 3
    versions = {m.tags["dagster/code_version"] for m in ran.materialisations("user_facts").values()}
    assert len(versions) == 1
    facts = column(ctx, "SELECT DISTINCT bot_name || ' ' || day FROM fact_assertions ORDER BY 1")
    assert facts == ["elena 2025-03-16", "marcus 2025-03-17", "marcus 2025-03-18"]


def test_a_reconciliation_that_finds_most_messages_gone_says_what_to_do(run, ctx, talk):
    talk(*[f"2025-02-{number:02d}" for number in range(1, 21)])
    run(first="2025-02-01", last="2025-02-20")
    ctx.store.delete("whisperengine_memory_elena", column(ctx, "SELECT point_id FROM message_ledger LIMIT 115"))
    ran = run(job="reconcile_ledger", partition="elena")
    message = ran.failed_steps()["ledger_reconciliation"]
    assert "115 of 120 messages of 'elena' are gone from the message store at once; nothing was changed." in message
    assert "--accept-deletions" in message
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE disposition = 'deleted'") == 0


def test_a_run_says_which_process_carries_it(run, talk):
    from whisper_enrich.assets.run_process import signature

    talk(DAY)
    ran = run()
    tags = ran.instance.get_run_by_id(ran.result.run_id).tags
    assert signature(ran.result.run_id).items() <= tags.items()
