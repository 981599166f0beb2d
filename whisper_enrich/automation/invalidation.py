"""`invalidate_caches`: what `whisper-enrich cache invalidate` does, for the launchpad of the UI."""

from dagster import Config, MetadataValue, OpExecutionContext, Output, ResourceParam, in_process_executor, job, op
from pydantic import Field

from whisper_enrich.assets.metadata import two_columns
from whisper_enrich.assets.partitioned import told_plainly
from whisper_enrich.errors import InputError
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import cache_rows
from whisper_enrich.storage.strategic_caches import BY_NAME


class RowsToInvalidate(Config):
    """Which rows. What is left empty stands for all; all three must not be."""

    bot: str = Field("", description="Only rows of this bot.")
    user: str = Field("", description="Only rows of this user's id.")
    table: str = Field("", description="Only this cache, e.g. strategic_memory_health or memory_health.")
    everything: bool = Field(False, description="Every row of every bot.")


@op(description="Declare rows void: they are stale at once, and due with the next run of their bot.")
def invalidate_rows(
    context: OpExecutionContext, config: RowsToInvalidate, pipeline: ResourceParam[Pipeline]
) -> Output[int]:
    with told_plainly():
        if not (config.bot or config.user or config.table or config.everything):
            raise InputError("Nothing says which rows. Give bot, user or table, or set everything to true.")
        try:
            caches = cache_rows.chosen_caches(config.table)
        except KeyError:
            raise InputError(f"There is no cache of that name. There are {', '.join(sorted(BY_NAME))}.") from None
        pipeline.preflight(context.run_id)
        with pipeline.database.begin() as connection:
            counts = cache_rows.invalidate(connection, caches, config.bot or None, config.user or None)
    rows = sum(counts.values())
    context.log.info(f"{rows} rows declared void")
    return Output(rows, metadata={"rows": rows, "by_cache": MetadataValue.table(two_columns("cache", counts))})


@job(
    executor_def=in_process_executor,
    description="Declare rows of the strategic caches void, chosen by bot, user or table in the launchpad.",
)
def invalidate_caches():
    invalidate_rows()
