"""Housekeeping: raw answers of the language model that are older than LLM_ANSWER_RETENTION_DAYS are dropped.

- **Source:** `model_answers`, `model_calls`, `model_spending`.
- **Destination:** the same. What was made of an answer stays, and so do the figures of every call.
- **Cadence:** daily.

An answer is kept so that a run that was killed does not pay for it twice, and for looking into what a model said. It holds
what users said, in other words: hence the limit. Calls that a killed process left open are named lost, and stay in every
sum at the most that they might take.
"""

from datetime import timedelta

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import model_answers, model_calls

SPENDING_DAYS = 40
"""Days for which running sums are kept after the last call that they count: no budget looks back further than a day, and no
run is that long."""


@asset(group_name="housekeeping", kinds={"postgres"}, owners=OWNERS, description=__doc__)
def model_answers_retention(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]) -> MaterializeResult:
    ctx = begin(context, pipeline)
    now = ctx.clock()
    with told_plainly(), ctx.database.begin() as connection:
        answers = model_answers.prune(connection, now, ctx.settings.llm_answer_retention_days)
        lost = model_calls.mark_lost(connection, ctx.settings, now)
        model_calls.prune_spending(connection, now - timedelta(days=SPENDING_DAYS))
    return MaterializeResult(metadata={"answers_dropped": answers, "calls_lost": lost})
