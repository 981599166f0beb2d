"""Reading what a portrait is made of."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from whisper_enrich.errors import InputError
from whisper_enrich.portrait.assemble import Known
from whisper_enrich.storage import portraits, strategic_rows
from whisper_enrich.strategic.validity import Limits

SUMMARIES = 5


def read_person(
    connection: Connection,
    bot: str,
    user: str,
    *,
    now: datetime,
    day: date | None,
    private: bool,
    limits: Limits,
) -> Known:
    """All that is stored of a person (id or name) with a bot, now or as of the end of a UTC day.

    ``limits`` are those by which a row is stale. Raises `InputError` for an unknown bot or user, for a day before the first
    message, and for one to come.
    """
    bot_name, user_id = portraits.find_person(connection, bot, user)
    if day is not None and day > now.date():
        raise InputError(f"{day} is still to come. Give a day up to {now.date()}, or no --as-of.")
    at = now if day is None else min(now, datetime.combine(day + timedelta(days=1), time(), UTC))
    who = portraits.who(connection, bot_name, user_id, at)
    if not who.messages:
        raise InputError(f"{who.name} had not written to {bot_name} by {day}. Give a later day, or no --as-of.")
    rows = (
        strategic_rows.latest(connection, bot_name, user_id, limits)
        if day is None
        else strategic_rows.as_of(connection, bot_name, user_id, day)
    )
    scopes = ("dm", "shared") if private else ("shared",)
    return Known(
        who=who,
        facts=portraits.facts_as_of(connection, bot_name, user_id, at, private=private),
        summaries=portraits.last_summaries(
            connection, bot_name, user_id, until=day or now.date(), most=SUMMARIES, scopes=scopes
        ),
        rows=rows,
        at=at,
        day=day,
    )
