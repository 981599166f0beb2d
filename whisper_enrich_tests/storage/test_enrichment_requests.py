"""The table of requests stays quick to look at, however many were met."""

import pytest
from sqlalchemy import event, text

from whisper_enrich.storage import enrichment_requests
from whisper_enrich_tests.builders import at

NOW = at("2026-03-20 12:00")


@pytest.fixture
def many_met(ctx):
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO enrichment_requests SELECT 'elena', 'user' || n, now() - interval '2 hours', "
                "now() - interval '2 hours', now() - interval '1 hour' FROM generate_series(1, 20000) n"
            )
        )
        connection.execute(
            text("INSERT INTO enrichment_requests (bot_name, user_id, requested_at) VALUES ('elena', 'ana', now())")
        )
    with ctx.database.begin() as connection:
        connection.execute(text("ANALYZE enrichment_requests"))
    return ctx


LOOKS = {
    "open_requests": lambda c: enrichment_requests.open_requests(c, "elena"),
    "lifted_users": lambda c: enrichment_requests.lifted_users(c, "elena"),
    "finish": enrichment_requests.finish,
    "wanted": lambda c: enrichment_requests.wanted(c, NOW),
    "waiting": enrichment_requests.waiting,
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_goes_by_an_index(many_met, look):
    plans = []
    with many_met.database.begin() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def explain(conn, cursor, statement, parameters, context, executemany):
            cursor.execute("EXPLAIN " + statement, parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

        LOOKS[look](connection)
    assert plans
    for plan in plans:
        assert "Seq Scan on enrichment_requests" not in plan, plan
        assert "enrichment_requests_done_idx" in plan, plan


def test_a_request_that_was_met_a_while_ago_lifts_nobody_any_more(many_met):
    with many_met.database.begin() as connection:
        assert enrichment_requests.lifted_users(connection, "elena") == {"ana"}
        assert enrichment_requests.lifted_users(connection, "marcus") == frozenset()
        connection.execute(text("UPDATE enrichment_requests SET done_at = now() WHERE user_id = 'user7'"))
        assert enrichment_requests.lifted_users(connection, "elena") == {"ana", "user7"}
        assert enrichment_requests.requested_users(connection, "elena") == {"ana"}


def test_bots_come_in_the_order_of_their_oldest_open_request(ctx):
    with ctx.database.begin() as connection:
        for bot, minutes in (("zoe", 5), ("ada", 3), ("bea", 9)):
            connection.execute(
                text(
                    "INSERT INTO enrichment_requests (bot_name, user_id, requested_at) "
                    "VALUES (:bot, 'ana', now() - make_interval(mins => :minutes)), (:bot, 'ben', now())"
                ),
                {"bot": bot, "minutes": minutes},
            )
        found = enrichment_requests.wanted(connection, NOW)
        assert list(found) == ["bea", "zoe", "ada"]
        assert found["zoe"].days_to_launch(NOW.date()) == {NOW.date()}
        assert [(w.bot_name, w.requests) for w in enrichment_requests.waiting(connection)] == [
            ("ada", 2), ("bea", 2), ("zoe", 2),
        ]  # fmt: skip
