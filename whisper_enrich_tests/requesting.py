"""Asking for a user's messages as a bot does, over the connection of a test."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from whisper_enrich.hot_path.requests import request_query
from whisper_enrich.stages.context import StageContext
from whisper_enrich_tests.builders import scalar


def ask_for(ctx: StageContext, user: str = "ana", bot: str = "elena") -> None:
    """Request the messages of a user."""
    statement = request_query(ctx.settings.postgres_schema).text
    for parameter, name in (("$1::text", ":user"), ("$2::text", ":bot")):
        statement = statement.replace(parameter, f"CAST({name} AS text)")
    with ctx.database.begin() as connection:
        connection.execute(text(statement.replace("::text FROM noted", " FROM noted")), {"user": user, "bot": bot})


def state_of(ctx: StageContext, user: str = "ana", bot: str = "elena") -> str | None:
    """'waits', 'claimed' or 'done'; None where there is no request."""
    query = (
        "SELECT CASE WHEN done_at IS NOT NULL THEN 'done' WHEN claimed_at IS NOT NULL THEN 'claimed' ELSE 'waits' END "
        "FROM enrichment_requests WHERE user_id = :user AND bot_name = :bot"
    )
    return scalar(ctx, query, user=user, bot=bot)


def time_of(ctx: StageContext, column: str, user: str = "ana") -> datetime | None:
    """A time of a user's request."""
    return scalar(ctx, f"SELECT {column} FROM enrichment_requests WHERE user_id = :user", user=user)
