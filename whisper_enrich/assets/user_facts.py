"""Facts about the users, from their own messages.

- **Source:** the messages of the partition that wait for facts.
- **Destination:** `fact_assertions` (what each message supports, with the verbatim words); folded from all of a user's
  assertions, `user_facts`, `fact_evidence` and `fact_versions`.
- **Cadence:** with every run of the bot.

A message that fails is tried again later and in the end set aside; it stops no other. In the metadata, `messages_read`,
`assertions_new` and `failures` are of this run, the rest is of the day as it stands.
"""

from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.metadata import preview, table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import FactsResult, extract_facts
from whisper_enrich.storage import overview, previews


@asset(
    deps=["pending_messages"],
    group_name="knowledge",
    kinds={"postgres", "python"},
    description=__doc__,
    metadata=table_metadata("user_facts"),
    code_version=ENGINE_VERSION,
    **COMMON,
)
def user_facts(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    def work(ctx, bot, days):
        return extract_facts(ctx, bot, days, extract, ENGINE_VERSION)

    yield from for_each_bot(context, pipeline, "facts", work, _describe)


def _describe(ctx: StageContext, bot: BotCollection, day: date, result: FactsResult) -> dict[str, Any]:
    with ctx.database.connect() as connection:
        figures = overview.partition_figures(connection, bot.bot_name, day)
        rows = previews.facts(connection, bot.bot_name, day, with_content=ctx.settings.enrichment_metadata_preview)
    return {
        "dagster/partition_row_count": sum(figures.facts_by_category.values()),
        "messages_read": result.messages,
        "assertions_new": result.assertions,
        "assertions_all": sum(figures.facts_by_category.values()),
        "failures": sum(result.failures.values()),
        "waiting": figures.waiting_facts,
        "facts_by_category": MetadataValue.table(two_columns("category", figures.facts_by_category)),
        "messages_by_outcome": MetadataValue.table(two_columns("outcome", figures.outcomes)),
        "failures_by_kind": MetadataValue.table(two_columns("error", result.failures)),
        "preview": preview(rows),
    }
