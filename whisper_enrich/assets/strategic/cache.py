"""What the six caches share: their declaration, and what they report of a partition."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    MetadataValue,
    ResourceParam,
    asset,
)

from whisper_enrich.assets.metadata import table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.automation.jobs import CAUSE_TAG
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.plots.partition import markdown, partition_picture
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic import CacheResult, compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import strategic_caches, strategic_rows
from whisper_enrich.strategic.engines import ENGINE_VERSION

GROUP = "strategic"
FEATURES = "conversation_features"
"""The asset that they are made from. A job without it (a cache alone, in the UI) has each cache see to it."""

CADENCE = """
- **Source:** `conversation_features` and the facts of the users of this bot.
- **Destination:** `{name}`, the latest row of each user, and `strategic_snapshots`, the row as of the end of this day.
- **Cadence:** with every run of the bot, for users who said something new; renewed before it ends for users seen within
  STRATEGIC_RENEW_DAYS.

A value that cannot be computed is null, and `reasons` says why. What is launched in the UI has a picture in the metadata of every
day, the sweep and the command line in that of the newest. The runs that follow each message draw none: the event log keeps
pictures for ever.
"""

FREQUENT_CAUSES = ("sensor", "renewal", "request")
"""Runs for these causes come by every few minutes and draw nothing; the sweep does, every six hours."""
NEWEST_ALONE = ("sweep", "command line")
"""Runs for these causes draw the newest of their days; whatever a person launches in the UI draws all."""


def is_drawn(cause: str | None, day: date, newest: date | None) -> bool:
    """Whether a day gets its picture in a run for ``cause``; ``newest`` is the newest of its days that has rows."""
    return cause not in FREQUENT_CAUSES and (cause not in NEWEST_ALONE or day == newest)


def cache_asset(name: str, summary: str) -> AssetsDefinition:
    """The asset of one cache. ``summary`` says what is computed."""

    @asset(
        name=name,
        deps=[FEATURES, "user_facts"],
        group_name=GROUP,
        kinds={"postgres", "python"},
        description=summary + "\n" + CADENCE.format(name=name),
        metadata=table_metadata(name),
        code_version=ENGINE_VERSION,
        **COMMON,
    )
    def compute(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
        cause = context.run.tags.get(CAUSE_TAG)
        pictured: dict[str, date | None] = {}

        def work(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, CacheResult]:
            if not context.job_def.has_node_named(FEATURES):
                bring_features_up_to_date(ctx, bot, days)
            results = compute_caches(ctx, bot, days, name, pipeline.surroundings(bot.bot_name))
            if pictured.get(bot.bot_name) is None:  # of a run in blocks of days the newest comes first
                with ctx.database.connect() as connection:
                    pictured[bot.bot_name] = strategic_caches.newest_day(connection, name, bot.bot_name, days)
            return results

        def describe(ctx: StageContext, bot: BotCollection, day: date, result: CacheResult) -> dict[str, Any]:
            described = _describe(ctx, name, bot, day, result)
            drawn = ctx.settings.enrichment_metadata_pictures and is_drawn(cause, day, pictured[bot.bot_name])
            return described | (_picture(ctx, name, bot, day) if drawn else {})

        stage = name.removeprefix("strategic_").replace("_", " ")
        yield from for_each_bot(context, pipeline, stage, work, describe, gives_way=True)

    return compute


def _describe(ctx: StageContext, name: str, bot: BotCollection, day: date, result: CacheResult) -> dict[str, Any]:
    with ctx.database.connect() as connection:
        stored = strategic_caches.count_snapshots(connection, name, bot.bot_name, day)
    return {
        "dagster/partition_row_count": stored,
        "messages_read": result.messages,
        "rows_written": result.rows,
        "snapshots_written": result.snapshots,
        "nulls_by_reason": MetadataValue.table(two_columns("reason", result.reasons)),
    }


def _picture(ctx: StageContext, name: str, bot: BotCollection, day: date) -> dict[str, Any]:
    with ctx.database.connect() as connection:
        shown = strategic_rows.of_day(connection, name, bot.bot_name, day, ENGINE_VERSION)
    rows = {row.user_id: row.values for row in shown}
    picture = partition_picture(name, rows, with_words=ctx.settings.enrichment_metadata_preview)
    return {"picture": MetadataValue.md(markdown(picture, name))} if picture else {}
