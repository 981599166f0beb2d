"""Users for the benchmark of the reader: the sample conversations through the pipeline, then copied to as many as wanted."""

from __future__ import annotations

from reader_shapes import Person
from sqlalchemy import Connection, text

from whisper_enrich.facts.extractive import ENGINE_VERSION as FACTS_VERSION
from whisper_enrich.facts.extractive import extract
from whisper_enrich.sample.loading import load_sample
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.storage import overview, strategic_caches
from whisper_enrich.storage.tables import CACHES, metadata
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich.summaries.extractive import input_hash, summarise


def enrich_sample(ctx: StageContext) -> None:
    """Everything that a reader reads, of the people of the sample."""
    load_sample(ctx.store, ctx.clock())
    for bot in ctx.store.bots():
        take_in(ctx, bot)
        with ctx.database.connect() as connection:
            days = sorted(overview.due_days(connection, ctx.clock()).get(bot.bot_name, ()))
        extract_facts(ctx, bot, days, extract, FACTS_VERSION)
        summarise_days(ctx, bot, days, Engine(summarise, input_hash, SUMMARY_VERSION))
        bring_features_up_to_date(ctx, bot, days)
        for cache in strategic_caches.BY_NAME:
            compute_caches(ctx, bot, days[-1:], cache)
    with ctx.database.begin() as connection:
        strategic_caches.beat(connection, [bot.bot_name for bot in ctx.store.bots()], ctx.clock())


def copy_people(connection: Connection, count: int) -> list[Person]:
    """``count`` users more, each with all rows of somebody in the sample; returns them."""
    connection.execute(
        text(
            """
            CREATE TEMPORARY TABLE copied AS
            SELECT 'copy-' || n AS new_user, p.user_id, p.bot_name
            FROM generate_series(1, :count) n
            JOIN (SELECT user_id, bot_name, row_number() OVER (ORDER BY user_id, bot_name) - 1 AS place, count(*) OVER () AS all
                  FROM strategic_memory_health) p ON p.place = n % p.all
            """
        ),
        {"count": count},
    )
    fresh = {"id": "nextval(pg_get_serial_sequence('{table}', 'id'))", "point_id": "gen_random_uuid()::text"}
    for name in (*(table.name for table in CACHES), "user_facts", "conversation_summaries", "message_ledger"):
        columns = [c.name for c in metadata.tables[name].columns if c.name not in ("user_id", "id", "point_id")]
        made = [
            c for c in fresh if c in metadata.tables[name].columns and not (c == "id" and name.startswith("strategic"))
        ]
        connection.execute(
            text(
                f"INSERT INTO {name} ({', '.join(['user_id', *columns, *made])}) "
                f"SELECT {', '.join(['c.new_user', *(f't.{c}' for c in columns), *(fresh[c].format(table=name) for c in made)])} "
                f"FROM copied c JOIN {name} t ON t.user_id = c.user_id AND t.bot_name = c.bot_name"
            )
        )
    # As scattered as many years of writing leave it would be fairer; what counts here is that plans are those of many rows.
    rows = connection.execute(text("SELECT new_user, bot_name FROM copied ORDER BY new_user"))
    return [(row.new_user, row.bot_name) for row in rows]
