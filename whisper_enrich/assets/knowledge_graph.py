"""Current facts in the platform's own knowledge graph, for bots that look there.

- **Source:** `user_facts` and `shared_facts` of the users who said something in the partition, from all bots.
- **Destination:** `fact_entities` and `user_fact_relationships` in the schema `public`, where this database has them.
- **Cadence:** with every run of the bot; for all users nightly, with `ledger_reconciliation`.

There only with KNOWLEDGE_GRAPH=on. The graph knows no scope: what was said in a dm is left out unless KNOWLEDGE_GRAPH_SCOPE=all.
Relations are those of the platform's readers where one fits; what they take for outdated (a place of work after 180 days, a
plan after 60, a feeling after 7) is withdrawn, as is what holds no longer. Relationships that the platform wrote itself are
never changed: ours say so in `context_metadata`. What a constraint refuses is counted by the constraint's name and stops
nothing else; users whom the platform does not know are left out.
"""

from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.metadata import two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.knowledge_graph import GraphResult, publish_days


@asset(deps=["user_facts"], group_name="knowledge", kinds={"postgres"}, description=__doc__, **COMMON)
def knowledge_graph(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    yield from for_each_bot(context, pipeline, "graph", publish_days, describe)


def describe(ctx: StageContext, bot: BotCollection, day: date, result: GraphResult) -> dict[str, Any]:
    """The metadata of a partition: counts alone."""
    return {
        "graph_found": result.found,
        "users": result.users,
        "users_unknown_to_the_platform": result.users_unknown,
        "relationships_published": result.published,
        "relationships_changed": result.changed,
        "relationships_unchanged": result.unchanged,
        "relationships_withdrawn": result.withdrawn,
        "relationships_of_the_platform": result.of_the_platform,
        "facts_left_out": MetadataValue.table(two_columns("reason", result.left_out)),
        "refused": sum(result.refused.values()),
        "refused_by_reason": MetadataValue.table(two_columns("reason", result.refused)),
    }
