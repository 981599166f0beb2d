"""Small builders of errands, prompts and stored calls."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text

from whisper_enrich.llm.types import Errand, Prompt, Purpose, Usage
from whisper_enrich.settings import Settings
from whisper_enrich.storage import model_calls
from whisper_enrich.storage.model_calls import Outcome

MODEL = "acme/small"
PRICES = {MODEL: {"in": 1.0, "out": 2.0}}
"""A dollar a million tokens in, two out."""


def with_settings(settings: Settings, **changes: object) -> Settings:
    """The same settings with others in place, validated."""
    return Settings.model_validate({**settings.model_dump(by_alias=True), **changes})


def errand(
    bot: str = "elena", user: str = "ana", run: str = "run-1", *, points: int = 3, day: date = date(2026, 3, 18)
) -> Errand:
    """An errand with so many messages."""
    return Errand(run, bot, user, day, "v1", tuple((f"point-{i}", f"hash-{i}") for i in range(points)))


def prompt(
    material: str = "1 U 09:00: I live in Lisbon.", *, purpose: Purpose = Purpose.FACTS, out: int = 100
) -> Prompt:
    """A question."""
    return Prompt(
        purpose, "p1", MODEL, 0.0, "List the facts.", material, "facts", {"type": "object", "properties": {}}, out
    )


def reserve(ctx, settings: Settings, now: datetime, *, tokens_in: int = 100, out: int = 100, **whose: object) -> int:
    """A reservation in a transaction of its own."""
    with ctx.database.begin() as connection:
        return model_calls.reserve(connection, errand(**whose), prompt(out=out), tokens_in, settings, now)


def settle(
    ctx, call_id: int, now: datetime, usage: Usage | None = None, outcome: Outcome = Outcome.ANSWERED, **figures: object
) -> str:
    """A settlement in a transaction of its own."""
    with ctx.database.begin() as connection:
        return model_calls.settle(connection, call_id, outcome, now, usage=usage, **figures)


def sums_by_call(ctx) -> dict[tuple[str, str, str], tuple[int, int, Decimal, Decimal]]:
    """What `model_spending` must hold, summed up from the calls."""
    query = """
        SELECT holder, period, name, sum(tokens_in + tokens_out)::bigint,
            coalesce(sum(tokens_in + tokens_out) FILTER (WHERE outcome = 'reserved'), 0)::bigint,
            coalesce(sum(cost), 0), coalesce(sum(cost) FILTER (WHERE outcome = 'reserved'), 0)
        FROM model_calls, LATERAL (SELECT ((called_at AT TIME ZONE 'UTC')::date)::text AS utc_day) d,
            LATERAL (VALUES ('day', utc_day, ''), ('bot', utc_day, bot_name), ('user', utc_day, user_id), ('run', '', run_id))
            v (holder, period, name)
        GROUP BY 1, 2, 3
    """
    with ctx.database.connect() as connection:
        return {(r[0], r[1], r[2]): tuple(r[3:]) for r in connection.execute(text(query))}


def sums_held(ctx) -> dict[tuple[str, str, str], tuple[int, int, Decimal, Decimal]]:
    """What `model_spending` holds."""
    query = "SELECT holder, period, name, tokens, tokens_open, cost, cost_open FROM model_spending"
    with ctx.database.connect() as connection:
        return {(r[0], r[1], r[2]): tuple(r[3:]) for r in connection.execute(text(query))}
