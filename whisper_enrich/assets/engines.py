"""Which engine the settings ask for: how the assets derive facts and summaries, and what that cost."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from whisper_enrich.asking.questions import version
from whisper_enrich.facts import extractive as extractive_facts
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.spent import Spent
from whisper_enrich.llm.types import Purpose
from whisper_enrich.messages.model import Message
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.settings import Settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import FactsResult, extract_facts
from whisper_enrich.stages.summaries import EXTRACTIVE, Engine, SummariesResult, summarise_days
from whisper_enrich.summaries.model import Summary

EXTRACTIVE_SUMMARIES = EXTRACTIVE


def facts_version(settings: Settings) -> str:
    """The version that facts derived now bear."""
    if settings.uses_model:
        return version(Purpose.FACTS, settings)
    return extractive_facts.ENGINE_VERSION + settings.pii_policy.mark


def summaries_version(settings: Settings) -> str:
    """The version that summaries derived now bear."""
    return version(Purpose.SUMMARY, settings) if settings.uses_model else extractive_summariser(settings).version


def extractive_summariser(settings: Settings) -> Engine:
    """The engine that makes extractive summaries; under another policy about personal data than the usual, it is another."""
    mark = settings.pii_policy.mark
    if not mark:
        return EXTRACTIVE_SUMMARIES
    name = EXTRACTIVE_SUMMARIES.version + mark

    def hashed(messages: Sequence[Message]) -> str:
        return hashlib.sha256((name + EXTRACTIVE_SUMMARIES.input_hash(messages)).encode()).hexdigest()

    def summarise(messages: Sequence[Message], **about: Any) -> Summary:
        made = EXTRACTIVE_SUMMARIES.summarise(messages, **about)
        return replace(made, engine_version=name, input_hash=hashed(messages))

    return Engine(summarise, hashed, name)


def derive_facts(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway | None, *, with_summaries: bool
) -> dict[date, FactsResult]:
    """Facts by the model where there is a ``gateway`` to one, by the extractive engine else."""
    if gateway is None:
        return extract_facts(ctx, bot, days, extractive_facts.extract, facts_version(ctx.settings))
    from whisper_enrich.stages.model_facts import ask_facts

    return ask_facts(ctx, bot, days, gateway, with_summaries=with_summaries)


def derive_summaries(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway | None
) -> dict[date, SummariesResult]:
    """Summaries likewise."""
    if gateway is None:
        return summarise_days(ctx, bot, days, extractive_summariser(ctx.settings))
    from whisper_enrich.stages.model_summaries import ModelSummariser

    return summarise_days(
        ctx, bot, days, ModelSummariser.of(ctx.settings, gateway, extractive_summariser(ctx.settings))
    )


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
