"""Users for the benchmark of the reader: the sample conversations through the pipeline, then copied to as many as wanted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from reader_shapes import Person
from sqlalchemy import Connection, text

from whisper_enrich.facts.extractive import ENGINE_VERSION as FACTS_VERSION
from whisper_enrich.facts.extractive import extract
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.sample.loading import load_sample
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.storage import overview, strategic_caches
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.tables import CACHES, metadata
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich.summaries.extractive import input_hash, summarise

BOT = "copied-{bot}"
"""The bots of the copies: they have no messages, and a run of theirs would take the copies' rows away."""

NEWEST = {
    "user_facts": (20, "last_said_at"), "conversation_summaries": (6, "start_timestamp"),
    "message_ledger": (20, "event_time"), "fact_versions": (3, "known_from"), "summary_vectors": (3, "start_timestamp"),
    "summary_rollups": (3, "start_date"),
}  # fmt: skip
"""How many rows a user, and of which time the newest; one of tables that are not here. Of the ledger, a context looks at 20."""
FACTS_OF = {"fact_evidence": "user_facts", "shared_fact_evidence": "shared_facts"}
"""Tables of evidence, and whose."""
COPIED = (
    *(table.name for table in CACHES), "user_facts", "shared_facts", "fact_versions", "shared_fact_versions",
    "conversation_summaries", "summary_vectors", "summary_rollups", "message_ledger", *FACTS_OF,
)  # fmt: skip


def enrich_sample(ctx: StageContext) -> None:
    """Everything that a reader reads, of the people of the sample."""
    load_sample(ctx.store, ctx.clock())
    for bot in ctx.store.bots():
        enrich_bot(ctx, bot)
        roll_up(ctx, bot.bot_name)
    with ctx.database.begin() as connection:
        strategic_caches.beat(connection, [bot.bot_name for bot in ctx.store.bots()], ctx.clock())


def enrich_bot(ctx: StageContext, bot: BotCollection) -> None:
    """What a run does for a bot, without Dagster."""
    take_in(ctx, bot)
    with ctx.database.connect() as connection:
        days = sorted(overview.due_days(connection, ctx.clock()).get(bot.bot_name, ()))
    if not days:
        return
    extract_facts(ctx, bot, days, extract, FACTS_VERSION)
    summarise_days(ctx, bot, days, Engine(summarise, input_hash, SUMMARY_VERSION))
    bring_features_up_to_date(ctx, bot, days)
    for cache in strategic_caches.BY_NAME:
        compute_caches(ctx, bot, days[-1:], cache)


def copy_people(database: Database, count: int) -> list[Person]:
    """``count`` users more, each with the rows of somebody in the sample; returns them."""
    tables = [name for name in COPIED if name in metadata.tables]
    with database.begin() as connection:
        people, stride = _templates(connection, tables)
    _alter_system(database, "max_wal_size = '4GB'", "autovacuum = off")
    half = count // 2
    with ThreadPoolExecutor(2) as pool:  # as many as cores; each takes its users
        list(pool.map(lambda some: _copy(database, tables, *some, stride), [(1, half), (half + 1, count)]))
    with database.begin() as connection:
        for name in tables:
            if (sequence := connection.execute(text(f"SELECT pg_get_serial_sequence('{name}', 'id')")).scalar() if
                    "id" in metadata.tables[name].columns else None):  # fmt: skip
                connection.execute(text(f"SELECT setval('{sequence}', {stride * (count + 2)})"))
        connection.execute(
            text(
                "INSERT INTO message_touches (bot_name, user_id, at) SELECT bot_name, user_id, read_up_to "
                "FROM strategic_memory_health"
            )
        )
        strategic_caches.beat(connection, [BOT.format(bot=bot) for bot in {bot for _, bot in people}],
                              connection.execute(text("SELECT now() + interval '1 day'")).scalar_one())  # fmt: skip
    return [(f"user-{n}", BOT.format(bot=people[n % len(people)][1])) for n in range(1, count + 1)]


def settle(database: Database) -> None:
    """As the tables are some time after a large import, so that nothing disturbs the measurements by itself."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE, PROCESS_TOAST false)"))
        connection.execute(text("CHECKPOINT"))


def _alter_system(database: Database, *settings: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in settings:
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))


def sizes(database: Database) -> str:
    """Of the database, and rows by table."""
    with database.connect() as connection:
        size = connection.execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))")).scalar_one()
        rows = connection.execute(
            text(
                "SELECT relname, reltuples::bigint AS rows FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                "AND relkind = 'r' AND reltuples >= 1000 ORDER BY 1"
            )
        )
        return f"{size}: " + ", ".join(f"{row.relname} {row.rows:,}" for row in rows)


def _templates(connection: Connection, tables: list[str]) -> tuple[list[Person], int]:
    """The rows that are copied, in a schema of their own; the people, and by how much ids of one copy differ from the next."""
    connection.execute(text("CREATE SCHEMA template"))
    connection.execute(
        text(
            "CREATE TABLE template.people AS SELECT user_id, bot_name, row_number() OVER (ORDER BY user_id, bot_name) - 1 "
            "AS place FROM strategic_memory_health"
        )
    )
    for name in tables:
        if name in FACTS_OF:
            rows = (
                f"SELECT t.*, f.user_id, f.bot_name FROM {name} t JOIN template.{FACTS_OF[name]} f ON f.id = t.fact_id"
            )
        else:
            most, at = NEWEST.get(name, (1, "user_id"))
            newest_first = f"row_number() OVER (PARTITION BY t.user_id, t.bot_name ORDER BY t.{at} DESC)"
            rows = (
                f"SELECT * FROM (SELECT t.*, {newest_first} AS rank FROM {name} t "
                f"JOIN template.people USING (user_id, bot_name)) r WHERE rank <= {most}"
            )
        connection.execute(text(f"CREATE TABLE template.{name} AS {rows}"))
        connection.execute(text(f"ANALYZE template.{name}"))
    stride = max(
        connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {name}")).scalar_one()
        for name in tables
        if "id" in metadata.tables[name].columns and not name.startswith("strategic")
    )
    _tell_others_less(connection, stride)
    people = connection.execute(text("SELECT user_id, bot_name FROM template.people ORDER BY place"))
    return [(row.user_id, row.bot_name) for row in people], 2 * stride + 1


def _tell_others_less(connection: Connection, stride: int) -> None:
    """In the sample hardly a fact reads otherwise in a shared channel: here a few of everybody's do."""
    others = ("user_facts", "shared_facts", 4), ("fact_versions", "shared_fact_versions", 1)
    for whole, shared, most in others:
        columns = [c.name for c in metadata.tables[shared].columns if c.computed is None]
        values = ", ".join(f"id + {stride}" if name == "id" else name for name in columns)
        connection.execute(
            text(
                f"INSERT INTO template.{shared} ({', '.join(columns)}) SELECT {values} FROM template.{whole} WHERE rank <= {most}"
            )
        )
        connection.execute(text(f"UPDATE template.{whole} SET audience = 'dm' WHERE rank <= {most}"))
    columns = ", ".join(c.name for c in metadata.tables["shared_fact_evidence"].columns if c.name != "fact_id")
    connection.execute(
        text(
            f"INSERT INTO template.shared_fact_evidence (fact_id, user_id, bot_name, {columns}) "
            f"SELECT fact_id + {stride}, user_id, bot_name, {columns} FROM template.fact_evidence "
            f"WHERE fact_id IN (SELECT id - {stride} FROM template.shared_facts)"
        )
    )


def _copy(database: Database, tables: list[str], first: int, last: int, stride: int) -> None:
    """One table after the other, so that a user's rows lie apart as years of writing leave them."""
    with database.begin() as connection:
        # Every copied row of evidence has its fact: to look that up for each would take as long as all else.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        for name in tables:
            columns = [c for c in metadata.tables[name].columns if c.computed is None and str(c.type) != "UUID"]
            values = ", ".join(_copied(c.name, stride) for c in columns)
            connection.execute(
                text(
                    f"INSERT INTO {name} ({', '.join(c.name for c in columns)}) SELECT {values} "
                    f"FROM generate_series({first}, {last}) n "
                    "JOIN template.people p ON p.place = n % (SELECT count(*) FROM template.people) "
                    f"JOIN template.{name} t ON t.user_id = p.user_id AND t.bot_name = p.bot_name"
                )
            )


def _copied(column: str, stride: int) -> str:
    return {
        "user_id": "'user-' || n",
        "bot_name": f"replace('{BOT}', '{{bot}}', t.bot_name)",
        "id": f"t.id + n * {stride}",
        "fact_id": f"t.fact_id + n * {stride}",
        "point_id": "t.point_id || '-' || n",
        "expires_at": "now() + interval '30 days'",
    }.get(column, f"t.{column}")
