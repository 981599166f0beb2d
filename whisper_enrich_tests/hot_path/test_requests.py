"""The fast track as a bot takes it: one open request a user, told to whoever listens, kept whatever ends."""

from __future__ import annotations

import re
import select
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg2
import pytest

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.hot_path.queries import Query
from whisper_enrich.hot_path.requests import CHANNEL, request_query
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import enrichment_requests
from whisper_enrich.storage.tables import enrichment_requests as table
from whisper_enrich_tests.builders import column
from whisper_enrich_tests.hot_path.readers import open_reader
from whisper_enrich_tests.requesting import state_of, time_of


@pytest.fixture(params=["sync", "async"])
def reader(request, world):
    opened = open_reader(request.param, world.dsn, world.options)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _no_request_from_before(world):
    world.execute("DELETE FROM enrichment_requests")


def test_a_request_is_noted_as_open(world, reader):
    assert reader.request_enrichment("ana", "elena") is True
    assert state_of(world.ctx) == "waits"
    assert state_of(world.ctx, "ben") is None


def test_a_request_that_is_repeated_stays_one_row_and_counts_from_its_last_time(world, reader):
    reader.request_enrichment("ana", "elena")
    first = time_of(world.ctx, "requested_at")
    reader.request_enrichment("ana", "elena")
    assert time_of(world.ctx, "requested_at") > first
    assert column(world.ctx, "SELECT user_id FROM enrichment_requests") == ["ana"]


def test_many_requests_at_once_are_one(world, reader):
    with ThreadPoolExecutor(8) as pool:
        noted = list(pool.map(lambda _: reader.request_enrichment("ana", "elena"), range(40)))
    assert any(noted)
    assert column(world.ctx, "SELECT user_id FROM enrichment_requests") == ["ana"]


def test_a_request_that_is_repeated_while_a_run_is_at_it_is_to_be_claimed_anew(world, reader):
    reader.request_enrichment("ana", "elena")
    with world.ctx.database.begin() as connection:
        seen = enrichment_requests.open_requests(connection, "elena")
    reader.request_enrichment("ana", "elena")
    with world.ctx.database.begin() as connection:
        enrichment_requests.claim(connection, "elena", seen)
    assert state_of(world.ctx) == "waits"


def test_where_nothing_waits_it_is_done_after_the_next_look_at_the_store(world, reader):
    reader.request_enrichment("ana", "elena")
    take_in(world.ctx, world.ctx.collection_of("elena"))
    assert state_of(world.ctx) == "done"
    reader.request_enrichment("ana", "elena")
    assert state_of(world.ctx) == "waits"


def test_whoever_listens_is_told_the_bots_name(world, reader):
    connection = psycopg2.connect(world.dsn)
    connection.autocommit = True
    connection.cursor().execute(f"LISTEN {CHANNEL}")
    reader.request_enrichment("ana", "elena")
    assert select.select([connection], [], [], 10) != ([], [], [])
    connection.poll()
    assert [(told.channel, told.payload) for told in connection.notifies] == [(CHANNEL, "elena")]
    connection.close()


def test_the_request_outlives_the_connection_that_made_it(world):
    opened = open_reader("sync", world.dsn, world.options)
    opened.request_enrichment("ana", "elena")
    opened.close()
    world.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                  "AND datname = current_database() AND query LIKE '%enrichment_requests%'")  # fmt: skip
    assert state_of(world.ctx) == "waits"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_without_a_database_it_says_no_within_the_deadline_and_raises_only_if_asked_to(world, proxy, kind):
    options = replace(world.options, deadline_seconds=0.2)
    opened = open_reader(kind, proxy.dsn(world.user, world.database), options)
    proxy.close()
    assert opened.request_enrichment("ana", "elena") is False
    with pytest.raises(DatabaseUnavailable):
        opened.request_enrichment("ana", "elena", strict=True)
    opened.close()
    assert state_of(world.ctx) is None


def test_an_id_that_cannot_be_stored_is_not_noted(world, reader):
    assert reader.request_enrichment("a\0na", "elena") is False
    assert reader.request_enrichment("a" * 300, "elena") is False
    assert reader.request_enrichment("ana", "elena") is True


def test_the_query_names_the_columns_of_the_table():
    query = request_query("some_schema")
    assert isinstance(query, Query)
    assert '"some_schema".enrichment_requests' in query.text
    assert {column.name for column in table.columns} <= set(re.findall(r"\w+", query.text))
