"""The role that bots are given: all that a reader asks for goes through, everything else is refused."""

from __future__ import annotations

import ast
import inspect
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from whisper_enrich import hot_path
from whisper_enrich.hot_path import Reader
from whisper_enrich.hot_path.queries import CACHES, Query
from whisper_enrich.storage import bot_role
from whisper_enrich.storage.migrate import scripts_folder
from whisper_enrich_tests.hot_path.conftest import NOW, world  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def role(world) -> str:  # noqa: F811
    return bot_role.role_name(world.ctx.database.schema)


def test_every_question_of_a_reader_is_answered_to_a_bots_role(world, role):  # noqa: F811
    with Reader(f"{world.dsn}&options=-c%20role%3D{role}", world.options) as reader:
        context = reader.get_context("ana", "elena", "dm", NOW, strict=True)
        assert context.degraded is None and context.facts and context.summaries
        for cache in CACHES:
            assert all(reader.get_strategic(cache, "ana", "elena", "shared", NOW, strict=True).values()), cache
        assert reader.get_facts("ana", "elena", "shared", NOW, strict=True)
        reader.get_facts("ana", "elena", "dm", NOW, as_of=NOW.date(), known_as_of=NOW, strict=True)
        assert (
            reader.get_summaries("ana", "elena", "dm", NOW, topics=("x",), between=(NOW, None), strict=True) is not None
        )
        assert reader.touch("ana", "elena", NOW, strict=True)
        assert reader.request_enrichment("ana", "elena", strict=True)


def test_recall_and_reports_are_allowed_to_a_bots_role(world, role):  # noqa: F811
    schema = world.ctx.database.schema
    with world.ctx.database.begin() as connection:
        connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')
        for query in [*bot_role.reads(schema), *bot_role.writes(schema)]:
            values = bot_role._PARAMETER.sub("NULL", query.text)  # what is allowed does not depend on the values
            if query.name not in ("hot_touch", "hot_request"):
                connection.exec_driver_sql(values.replace("%", "%%"))
        connection.exec_driver_sql(f"SELECT user_id, fact_content FROM {schema}_bots.user_facts")
        connection.exec_driver_sql(
            f"INSERT INTO {schema}.feedback (user_id, bot_name, score, kind) VALUES ('ana', 'elena', 1, 'answer')"
        )


def test_every_query_of_the_hot_path_is_one_that_the_role_is_made_for(world):  # noqa: F811
    schema = world.ctx.database.schema
    known = {query.name for query in [*bot_role.reads(schema), *bot_role.writes(schema)]}
    folder = inspect.getfile(hot_path).removesuffix("__init__.py")
    made = set()
    for module in ("queries", "recall_queries", "reports", "requests"):
        tree = ast.parse(Path(f"{folder}{module}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.endswith("_query") and not node.name.startswith("_"):
                loaded = __import__(f"whisper_enrich.hot_path.{module}", fromlist=[node.name])
                arguments = (schema, "strategic_memory_health")[: len(node.args.args)]
                query = getattr(loaded, node.name)(*arguments)
                assert isinstance(query, Query)
                made.add(query.name)
    assert made <= known


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE user_facts SET confidence = 0.5", "DELETE FROM user_facts", "SELECT * FROM fact_assertions",
        "SELECT answer FROM model_answers", "SELECT user_id FROM model_calls", "SELECT key FROM erasure_keys",
        "SELECT person FROM erasures", "SELECT features FROM strategic_features", "SELECT token FROM leases",
        "SELECT content_hash FROM message_ledger", "UPDATE message_ledger SET facts_state = 'done'",
        "SELECT display_name FROM user_profiles", "SELECT kind FROM feedback", "DELETE FROM message_touches",
        "DELETE FROM enrichment_requests", "INSERT INTO strategic_snapshots DEFAULT VALUES", "CREATE TABLE x (y int)",
        "TRUNCATE message_touches", "SELECT version_num FROM alembic_version",
    ],
)  # fmt: skip
def test_nothing_else_is_allowed_to_a_bots_role(world, role, statement):  # noqa: F811
    with pytest.raises(DBAPIError, match="permission denied"), world.ctx.database.begin() as connection:
        connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')
        connection.execute(text(statement))


def test_who_may_not_create_roles_migrates_all_the_same_and_is_told_what_to_do(ctx):
    spec = spec_from_file_location("erasures_migration", next(scripts_folder().glob("versions/*_erasures.py")))
    migration = module_from_spec(spec)
    spec.loader.exec_module(migration)
    with ctx.database.connect() as connection, connection.begin() as transaction:
        name = f"{ctx.database.schema}_poor"
        connection.exec_driver_sql(f'CREATE ROLE "{name}" NOLOGIN')
        connection.exec_driver_sql(f'SET LOCAL ROLE "{name}"')
        connection.exec_driver_sql(migration.MAKE_ROLE.format(role="nobody_bot"))
        assert not bot_role._make(connection, "nobody_bot")
        connection.exec_driver_sql("RESET ROLE")
        connection.exec_driver_sql(f'ALTER ROLE "{bot_role.role_name(ctx.database.schema)}" RENAME TO gone')
        told = bot_role.found(connection, ctx.database)
        assert "CREATE ROLE" in told.remedy and "whisper-enrich migrate" in told.remedy
        transaction.rollback()
    with ctx.database.connect() as connection:
        assert bot_role.found(connection, ctx.database).remedy is None


@pytest.fixture(scope="module")
def logins(world, role):  # noqa: F811
    """Two logins with the role, of which one is elena's and one another bot's."""
    own, other = f"{role}_elena", f"{role}_marlow"
    schema = world.ctx.database.schema
    world.execute(
        f'CREATE ROLE "{own}" LOGIN IN ROLE "{role}"; CREATE ROLE "{other}" LOGIN IN ROLE "{role}"; '
        f"INSERT INTO {schema}.bot_logins VALUES ('{own}', '{{elena}}'), ('{other}', '{{marlow}}')"
    )
    yield own, other
    world.execute(f'DELETE FROM {schema}.bot_logins; DROP ROLE "{own}"; DROP ROLE "{other}"')


def test_a_login_of_one_bot_sees_and_writes_its_rows_alone(world, logins):  # noqa: F811
    own, other = logins
    schema = world.ctx.database.schema
    counts = [
        f"SELECT count(bot_name) FROM {table}"
        for table in ("user_facts", "message_touches", f"{schema}_bots.user_facts")
    ]
    counts.append("SELECT count(fact_id) FROM fact_evidence")
    counts.append(f"SELECT count(bot_name) FROM {schema}_bots.strategic_memory_health")
    touch = "INSERT INTO message_touches (bot_name, user_id, at) VALUES ('elena', 'zoe', now())"
    for login, sees in ((own, True), (other, False)):
        with world.ctx.database.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql(touch.replace("zoe", "yan"))
            connection.exec_driver_sql(f'SET LOCAL ROLE "{login}"')
            assert [connection.exec_driver_sql(count).scalar_one() > 0 for count in counts] == [sees] * len(counts)
            if sees:
                connection.exec_driver_sql(touch)
            else:
                with pytest.raises(DBAPIError, match="row-level security"):
                    connection.exec_driver_sql(touch)
            transaction.rollback()
    with Reader(f"{world.dsn}&options=-c%20role%3D{other}", world.options) as reader:
        context = reader.get_context("ana", "elena", "dm", NOW, strict=True)
        assert not context.facts.items and not context.summaries.items and not context.memory_health
