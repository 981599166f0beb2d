"""Intake: which points of this bot and day need what.

- **Source:** the bot's Qdrant collection, every point without a valid mark, whatever its id or time.
- **Destination:** `message_ledger`, and `quarantine` for points that cannot be read.
- **Cadence:** with every run of the bot.

The intake runs once for the bot; each partition then reports its own day as it stands. Points without a usable time count
on the day of their discovery.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.metadata import table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.completion import mark_left_out
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import IntakeResult, take_in
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.storage import overview
from whisper_enrich.storage.overview import PartitionFigures


@asset(
    deps=["conversation_memory"],
    group_name="intake",
    kinds={"postgres", "qdrant"},
    description=__doc__,
    metadata=table_metadata("message_ledger"),
    **COMMON,
)
def pending_messages(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    def work(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, PartitionFigures]:
        intake = take_in(ctx, bot)
        context.log.info(f"{bot.bot_name}: {describe_intake(intake, bot)}")
        if intake.unknown_points:
            context.log.warning(
                f"{bot.bot_name}: {intake.unknown_points} points carry our mark but are not in the ledger (was the "
                "database restored from a backup?). Walking all points."
            )
            reconcile(ctx, bot)
        mark_left_out(ctx, bot)
        with ctx.database.connect() as connection:
            return {day: overview.partition_figures(connection, bot.bot_name, day) for day in days}

    yield from for_each_bot(context, pipeline, "intake", work, _describe)


def describe_intake(intake: IntakeResult, bot: BotCollection) -> str:
    """What an intake saw, in one line."""
    line = (
        f"{intake.points} unmarked points in {bot.collection}; {intake.new} new, {intake.changed} changed, "
        f"{sum(intake.left_out.values())} left out, {sum(intake.quarantined.values())} quarantined, "
        f"{intake.skewed} with a clock that is off"
    )
    return line + (f"; payload indexes created: {', '.join(intake.indexes_created)}" if intake.indexes_created else "")


def _describe(ctx: StageContext, bot: BotCollection, day: date, figures: PartitionFigures) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": figures.points,
        "messages_read": figures.points,
        "users": figures.users,
        "waiting_for_facts": figures.waiting_facts,
        "waiting_for_summary": figures.waiting_summaries,
        "clocks_that_disagree": figures.skewed,
        "left_out": sum(figures.left_out.values()),
        "quarantined": sum(figures.quarantined.values()),
        "left_out_by_reason": MetadataValue.table(two_columns("reason", figures.left_out)),
        "quarantined_by_reason": MetadataValue.table(two_columns("reason", figures.quarantined)),
    }
