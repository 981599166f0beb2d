"""What the strategic engines need of a user's day with the bot: one row of features a user and day, no message text.

- **Source:** the messages of the day in Qdrant with their vectors, reactions among them.
- **Destination:** `strategic_features`.
- **Cadence:** with every run of the bot. A day whose messages changed is read again as a whole; all others stay.

The engines fold over these rows, so that a day's cost does not grow with a user's history.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, ResourceParam, asset

from whisper_enrich.assets.metadata import table_metadata
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.assets.strategic.cache import GROUP
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic_features import FeaturesResult, bring_features_up_to_date
from whisper_enrich.strategic.reading import ENGINE_VERSION


@asset(
    deps=["pending_messages"],
    group_name=GROUP,
    kinds={"postgres", "python"},
    description=__doc__,
    metadata=table_metadata("strategic_features"),
    code_version=ENGINE_VERSION,
    **COMMON,
)
def conversation_features(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    def work(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, FeaturesResult]:
        return bring_features_up_to_date(ctx, bot, days)

    yield from for_each_bot(context, pipeline, "features", work, _describe)


def _describe(ctx: StageContext, bot: BotCollection, day: date, result: FeaturesResult) -> dict[str, Any]:
    return {
        "messages_read": result.messages,
        "users": result.users,
        "users_removed": result.removed,
        "messages_without_vectors": result.without_vectors,
        "reactions": result.reactions,
    }
