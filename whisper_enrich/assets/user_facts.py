"""Facts about the users, from their own messages.

- **Source:** the messages of the partition that wait for facts.
- **Destination:** `fact_assertions` (what each message supports, with the verbatim words); folded from all of a user's
  assertions, `user_facts`, `fact_evidence` and `fact_versions`; from the shared ones alone, where that differs, `shared_facts`,
  `shared_fact_evidence` and `shared_fact_versions`.
- **Cadence:** with every run of the bot.

By the extractive engine, or by a language model where one is set (ENRICHMENT_ENGINE, LLM_*): the model is asked when a
batch is full, the oldest message has waited for ENRICHMENT_MAX_WAIT_SECONDS, or the conversation has paused; what it
answers is stored only where the user's own words support it.

A message that fails is tried again later and in the end set aside; it stops no other. In the metadata, `messages_read`,
`assertions_new`, `failures`, what was rejected and what the model took are of this run, the rest is of the day as it stands.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, AssetKey, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.engines import Costs, derive_facts, facts_version
from whisper_enrich.assets.metadata import preview, table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import FactsResult
from whisper_enrich.storage import overview, previews


@asset(
    deps=["pending_messages"],
    group_name="knowledge",
    kinds={"postgres", "python"},
    description=__doc__,
    metadata=table_metadata("user_facts"),
    code_version=facts_version(load_settings()),
    # Before the summaries: one call of a model then brings both.
    op_tags={"dagster/priority": "1"},
    **COMMON,
)
def user_facts(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    gateway = pipeline.gateway(context.run.run_id) if pipeline.settings.uses_model else None
    with_summaries = AssetKey("conversation_summaries") in context.job_def.asset_layer.selected_asset_keys
    costs = Costs(gateway)

    def work(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, FactsResult]:
        nonlocal costs
        costs = Costs(gateway)
        return derive_facts(ctx, bot, days, gateway, with_summaries=with_summaries)

    def describe(ctx: StageContext, bot: BotCollection, day: date, result: FactsResult) -> dict[str, Any]:
        return {**_describe(ctx, bot, day, result), **costs.metadata(day)}

    yield from for_each_bot(context, pipeline, "facts", work, describe, gives_way=True)


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
        "rejected": sum(result.rejected.values()),
        "rejected_by_reason": MetadataValue.table(two_columns("reason", result.rejected)),
        "failures_by_kind": MetadataValue.table(two_columns("error", result.failures)),
        "preview": preview(rows),
    }
