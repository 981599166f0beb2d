"""The bots' messages in Qdrant, one collection a bot. Written by the bots in their hot path; this project only reads
them and, when it is done with a message, marks its point completed."""

from dagster import AssetSpec

from whisper_enrich.assets.partitioned import OWNERS
from whisper_enrich.partitions import bot_day_partitions

conversation_memory = AssetSpec(
    key="conversation_memory",
    description=__doc__,
    group_name="sources",
    kinds={"qdrant"},
    owners=OWNERS,
    partitions_def=bot_day_partitions,
)
