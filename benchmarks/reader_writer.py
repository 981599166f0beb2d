"""A run that does not end: what the reader's benchmark reads while it writes, in a process of its own.

In turn: new messages of a sample bot's people, through intake, facts, summaries, features and caches, by the stages that
Dagster calls; then the six caches of 50 copied users, written anew by `write_rows` in one transaction a cache, as a run does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from reader_rows import enrich_bot
from reader_shapes import Person
from sqlalchemy import Connection, text

from whisper_enrich.loading.loaded import message_point, point_id
from whisper_enrich.loading.vectors import with_hashed_vectors
from whisper_enrich.messages.model import Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic import USERS_AT_ONCE
from whisper_enrich.storage import strategic_caches
from whisper_enrich.strategic.engines import ENGINE_VERSION

SAID = (
    ("I moved to Porto in the spring and I work at a bakery now.", "How do you like it there?"),
    ("I love the mornings, but the ovens make the room terribly hot.", "Do you bake at home, too?"),
    ("My sister Ana visits me next week, we want to see the lighthouse.", "That sounds like a good plan."),
)
"""By the user and by the bot."""


def write(state: Path, copies: Sequence[Person], written: Any, stop: Event) -> None:
    """Write until told to stop. ``written`` counts messages and cache rows."""
    pipeline = Pipeline(load_settings(whisper_enrich_home=state))
    ctx = pipeline.context("reader-benchmark")
    try:
        for turn in count():
            for bot in ctx.store.bots():
                written[0] += _new_messages(ctx, bot, turn)
                enrich_bot(ctx, bot)
                some = [copies[(turn * USERS_AT_ONCE + place) % len(copies)] for place in range(USERS_AT_ONCE)]
                written[1] += _written_anew(ctx, some)
                if stop.is_set():
                    return
    finally:
        pipeline.close()


def _new_messages(ctx: StageContext, bot: BotCollection, turn: int) -> int:
    with ctx.database.connect() as connection:
        users = connection.execute(
            text("SELECT user_id FROM strategic_memory_health WHERE bot_name = :bot"), {"bot": bot.bot_name}
        ).scalars()
        names = list(users)
    now = datetime.now(UTC)
    points = [
        message_point(
            point_id(bot.bot_name, user, str(turn), str(place)), user_id=user, speaker=speaker, channel="guild",
            at=now - timedelta(seconds=60 - place), text=words, emotion="joy", intensity=0.5,
        )
        for user in names
        for place, (speaker, words) in enumerate(
            zip((Speaker.USER, Speaker.BOT) * len(SAID), (line for pair in SAID for line in pair), strict=True)
        )
    ]  # fmt: skip
    ctx.store.upsert(bot.collection, with_hashed_vectors(points))
    return len(points)


def _written_anew(ctx: StageContext, people: Sequence[Person]) -> int:
    rows = 0
    for cache in strategic_caches.BY_NAME:
        for bot in sorted({bot for _, bot in people}):
            users = [user for user, own in people if own == bot]
            with ctx.database.begin() as connection:
                stored = _rows(connection, cache, bot, users)
                strategic_caches.write_rows(connection, cache, bot, ENGINE_VERSION, stored)
            rows += len(stored)
        time.sleep(0.01)  # a run computes in between
    return rows


def _rows(connection: Connection, cache: str, bot: str, users: Sequence[str]) -> list[strategic_caches.CacheRow]:
    found = connection.execute(
        text(f"SELECT * FROM {cache} WHERE bot_name = :bot AND user_id = ANY(:users)"), {"bot": bot, "users": users}
    )
    made = []
    for row in found:
        engines = {engine: dict(fields) for engine, fields in row.details.items()}
        next(iter(engines.values())).update({name: row._mapping[name] for name in strategic_caches.VALUES[cache]})
        made.append(
            strategic_caches.CacheRow(
                row.user_id, engines, row.reasons, row.read_up_to, row.messages_read, row.input_key,
                datetime.now(UTC), row.expires_at,
            )
        )  # fmt: skip
    return made
