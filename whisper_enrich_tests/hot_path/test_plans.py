"""No query of the reader reads more of a table than an index leads to; `benchmarks/reader.py` looks at 100,000 users."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from whisper_enrich.hot_path import queries
from whisper_enrich.storage.database import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plans():
    spec = importlib.util.spec_from_file_location("reader_plans", ROOT / "benchmarks" / "reader_plans.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def explain(settings, plans):
    """As if every table were too large to be read whole; where no index serves, it is read whole all the same."""
    database = Database(settings, pooled=False)
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_tidscan = off")
        yield lambda statement: plans.explain(cursor, statement)
    database.close()


def test_every_query_goes_by_conditions_on_indexes(settings, plans, explain):
    statements = plans.statements(settings.postgres_schema)
    found = {name: explain(statement) for name, statement in statements.items()}
    assert {name: plan.scans for name, plan in found.items() if plan.scans} == {}
    read = found["hot_context"].tables
    assert {*queries.CACHES, "user_facts", "conversation_summaries", "message_ledger", "message_touches"} <= read
    assert len(found) == 8 + len(queries.CACHES)


def test_no_statement_is_too_long_for_a_pool_to_keep_it_prepared(settings, plans):
    # asyncpg's max_cacheable_statement_size; a longer one would be planned anew by every call.
    assert max(len(text.encode()) for text in plans.statements(settings.postgres_schema).values()) < 15 * 1024


def test_a_query_that_no_index_serves_is_noticed(settings, explain):
    schema = settings.postgres_schema
    by_text = explain(f"SELECT * FROM {schema}.conversation_summaries WHERE summary_text = $1")
    assert by_text.scans == ("Seq Scan on conversation_summaries",)
    in_order = explain(
        f"SELECT user_id FROM {schema}.strategic_memory_health WHERE messages_read = $1 ORDER BY expires_at"
    )
    assert in_order.scans == ("Index Scan of the whole of strategic_memory_health_expires_at_idx",)
