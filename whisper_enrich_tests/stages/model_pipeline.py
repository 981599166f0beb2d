"""The pipeline with a scripted model, in a few lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from whisper_enrich.llm.client import ChatClient
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.model_facts import ask_facts
from whisper_enrich.stages.model_summaries import ModelSummariser
from whisper_enrich.stages.summaries import summarise_days
from whisper_enrich_tests.builders import due
from whisper_enrich_tests.scripted_model import Script, ScriptedModel

TALK = [
    "I live in Lisbon.", "Lovely! How long have you been there?", "I painted the kitchen yellow.", "Yellow suits you.",
    "I saw two storks today.", "Where was that?",
]  # fmt: skip
"""A talk of six messages, the user first."""
FACTS = ["ana lives in Lisbon.", "ana painted the kitchen yellow.", "ana saw two storks today."]
"""What `sensible` finds in it of ana."""


@dataclass
class Enrichment:
    """Runs over one bot, each with a gateway of its own, as a Dagster run has."""

    ctx: StageContext
    bot: BotCollection
    model: ScriptedModel
    runs: int = 0

    def set(self, **settings: Any) -> None:
        """Change settings."""
        self.ctx = replace(self.ctx, settings=self.ctx.settings.model_copy(update=settings))

    def gateway(self) -> Gateway:
        """A new run's."""
        self.runs += 1
        self.ctx = replace(self.ctx, run_id=f"run-{self.runs}")
        client = ChatClient.connect(self.ctx.settings, sleep=lambda seconds: None)
        return Gateway(client, self.ctx.database, self.ctx.settings, self.ctx.clock)

    def run(self, days: Iterable[date] | None = None, *, facts: bool = True, summaries: bool = True) -> list[date]:
        """One run over the days with work, or those given."""
        gateway = self.gateway()
        take_in(self.ctx, self.bot)
        mark_left_out(self.ctx, self.bot)
        chosen = list(days) if days is not None else due(self.ctx, self.bot)
        failures = []
        if facts:
            try:
                ask_facts(self.ctx, self.bot, chosen, gateway, with_summaries=summaries)
            except Exception as error:  # noqa: BLE001 - in Dagster, too, the other step runs; raised below.
                failures.append(error)
        if summaries:
            try:
                summarise_days(self.ctx, self.bot, chosen, self.summariser(gateway))
            except Exception as error:  # noqa: BLE001 - likewise.
                failures.append(error)
        if failures:
            raise failures[0]
        complete_days(self.ctx, self.bot, chosen)
        return chosen

    def summariser(self, gateway: Gateway) -> ModelSummariser:
        return ModelSummariser.of(self.ctx.settings, gateway)

    def asked(self) -> list[str]:
        """The purposes of the calls so far, in order."""
        return [request.schema_name for request in self.model.requests]


def model_settings(url: str) -> dict[str, Any]:
    """What makes the engine a model."""
    return {
        "enrichment_engine": "llm", "llm_chat_api_url": url, "llm_chat_model": "scripted", "llm_timeout_seconds": 5.0,
        "llm_max_retries": 1, "llm_concurrency": 4,
    }  # fmt: skip


def enrichment(ctx: StageContext, bot: BotCollection, model: ScriptedModel) -> Enrichment:
    """Over an empty bot."""
    return Enrichment(replace(ctx, settings=ctx.settings.model_copy(update=model_settings(model.url))), bot, model)


__all__ = ["FACTS", "TALK", "Enrichment", "Script", "enrichment", "model_settings"]
