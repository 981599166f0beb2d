"""Which engine the settings ask for: how the assets derive facts and summaries, and what that cost."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from whisper_enrich.asking.questions import version
from whisper_enrich.facts import extractive as extractive_facts
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.spent import Spent
from whisper_enrich.llm.types import Purpose
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.settings import Settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import FactsResult, extract_facts
from whisper_enrich.stages.summaries import EXTRACTIVE, SummariesResult, summarise_days
from whisper_enrich.summaries import extractive as extractive_summaries

EXTRACTIVE_SUMMARIES = EXTRACTIVE


def facts_version(settings: Settings) -> str:
    """The version that facts derived now bear."""
    return version(Purpose.FACTS, settings) if settings.uses_model else extractive_facts.ENGINE_VERSION


def summaries_version(settings: Settings) -> str:
    """The version that summaries derived now bear."""
    return version(Purpose.SUMMARY, settings) if settings.uses_model else extractive_summaries.ENGINE_VERSION


def derive_facts(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway | None, *, with_summaries: bool
) -> dict[date, FactsResult]:
    """Facts by the model where there is a ``gateway`` to one, by the extractive engine else."""
    if gateway is None:
        return extract_facts(ctx, bot, days, extractive_facts.extract, extractive_facts.ENGINE_VERSION)
    from whisper_enrich.stages.model_facts import ask_facts

    return ask_facts(ctx, bot, days, gateway, with_summaries=with_summaries)


def derive_summaries(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway | None
) -> dict[date, SummariesResult]:
    """Summaries likewise."""
    if gateway is None:
        return summarise_days(ctx, bot, days, EXTRACTIVE_SUMMARIES)
    from whisper_enrich.stages.model_summaries import ModelSummariser

    return summarise_days(ctx, bot, days, ModelSummariser.of(ctx.settings, gateway, EXTRACTIVE_SUMMARIES))


class Costs:
    """What a gateway has spent by day since this was made: a step's own share of its run."""

    def __init__(self, gateway: Gateway | None) -> None:
        self._gateway = gateway
        self._before: Mapping[date, Spent] = gateway.spent_by_day if gateway is not None else {}

    def metadata(self, day: date) -> dict[str, Any]:
        """Metadata of one partition; none where no model is used. Cost in US dollars, as far as prices are known."""
        if self._gateway is None:
            return {}
        spent = self._gateway.spent_by_day.get(day, Spent()) - self._before.get(day, Spent())
        return {
            "model_calls": spent.calls,
            "model_answers_reused": spent.reused,
            "messages_per_call": round(spent.messages / spent.calls, 2) if spent.calls else 0.0,
            "tokens_in": spent.tokens_in,
            "tokens_cached": spent.tokens_cached,
            "tokens_out": spent.tokens_out,
            "cost_usd": float(spent.cost),
            "cost_per_1000_messages_usd": float(spent.cost) / spent.messages * 1000 if spent.messages else 0.0,
        }
