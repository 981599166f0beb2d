"""Vectors of summaries and hashes of their words: written with them, made good where that failed, never of what is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sqlalchemy import text

from whisper_enrich.errors import StoreUnavailable
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.summaries.vectors import mean_direction
from whisper_enrich.text.terms import term, terms
from whisper_enrich_tests.builders import chat, contents, enrich, scalar, vector

LINES = ["I planted tomatoes.", "Which kind?", "Roma.", "Good.", "They need sun.", "They do."]
OTHER = ["I bought a boat.", "A big one?", "A dinghy.", "Nice.", "It is red.", "Red is good."]


@pytest.fixture
def elena(ctx):
    bot = ctx.store.create_collection("elena")
    ctx.store.upsert(bot.collection, chat("2026-03-01", LINES))
    ctx.store.upsert(bot.collection, chat("2026-03-02", OTHER))
    ctx.store.upsert(bot.collection, chat("2026-03-02", LINES, channel="dm", hour=11))
    return bot


def near(ctx, line, scopes=("shared",)):
    found = ctx.store.search_summary_vectors("elena", vector(line), user_id="ana", scopes=scopes, limit=5)
    return [(each.start.date(), str(each.scope)) for each in found]


class Refusing:
    """A store that refuses vectors of summaries."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put_summary_vectors(self, bot_name, vectors):
        raise StoreUnavailable("The store does not answer.")


def test_every_summary_has_the_mean_direction_of_its_messages(ctx, elena):
    enrich(ctx, elena)
    assert ctx.store.count_summary_vectors("elena") == 3
    assert near(ctx, OTHER[0]) == [(date(2026, 3, 2), "shared"), (date(2026, 3, 1), "shared")]
    assert near(ctx, LINES[0], ("dm", "shared"))[2] == (date(2026, 3, 2), "shared")
    best = ctx.store.search_summary_vectors("elena", vector(LINES[0]), user_id="ana", scopes=("shared",), limit=1)[0]
    expected = np.dot(mean_direction([vector(line) for line in LINES]), vector(LINES[0]))
    assert best.score == pytest.approx(expected, abs=1e-4)


def test_a_second_run_writes_nothing(ctx, elena):
    enrich(ctx, elena)
    before = contents(ctx)
    assert scalar(ctx, "SELECT count(*) FROM summary_vectors WHERE stored") == 3
    enrich(replace(ctx, store=Refusing(ctx.store)), elena, days=[date(2026, 3, 1), date(2026, 3, 2)])
    assert contents(ctx) == before
    reconcile(ctx, elena)
    assert contents(ctx) == before


def test_a_window_that_gains_messages_gets_its_vector_anew(ctx, elena):
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, chat("2026-03-01", OTHER[:1] * 40, hour=12))
    assert near(ctx, OTHER[0])[0] == (date(2026, 3, 2), "shared")
    enrich(ctx, elena)
    assert near(ctx, OTHER[0])[0] == (date(2026, 3, 1), "shared")
    assert ctx.store.count_summary_vectors("elena") == 3


def test_a_window_that_loses_its_messages_loses_its_vector(ctx, elena):
    enrich(ctx, elena)
    ctx.store.delete(elena.collection, [point.id for point in chat("2026-03-01", LINES)])
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert (date(2026, 3, 1), "shared") not in near(ctx, LINES[0])
    assert ctx.store.count_summary_vectors("elena") == scalar(ctx, "SELECT count(*) FROM summary_vectors") == 2


def test_summaries_stand_without_vectors_that_the_store_refuses_and_the_next_run_or_reconciliation_writes_them(
    ctx, elena, caplog
):
    enrich(replace(ctx, store=Refusing(ctx.store)), elena)
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 3
    assert "stored without their vectors for now" in caplog.text
    assert ctx.store.count_summary_vectors("elena") == 0
    enrich(ctx, elena, days=[date(2026, 3, 1)])
    assert ctx.store.count_summary_vectors("elena") == 1
    reconcile(ctx, elena)
    assert ctx.store.count_summary_vectors("elena") == 3


def test_vectors_that_the_store_has_lost_are_written_again_by_reconciliation(ctx, elena):
    enrich(ctx, elena)
    found = ctx.store.search_summary_vectors("elena", vector("x"), user_id="ana", scopes=("shared",), limit=5)
    ctx.store.delete_summary_vectors("elena", [found[0].window])
    reconcile(ctx, elena)
    assert ctx.store.count_summary_vectors("elena") == 3


def test_messages_without_vectors_give_a_summary_without_one_that_is_not_tried_again(ctx):
    bot = ctx.store.create_collection("elena")
    ctx.store.upsert(bot.collection, [replace(point, vectors={}) for point in chat("2026-03-01", LINES)])
    enrich(ctx, bot)
    assert ctx.store.count_summary_vectors("elena") == 0
    assert scalar(ctx, "SELECT stored FROM summary_vectors") is False


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        ([], None),
        ([[0.0, 0.0]], None),
        ([[1.0, 0.0], [-1.0, 0.0]], None),
        ([[2.0, 0.0], [0.0, 0.5]], [0.5**0.5, 0.5**0.5]),
    ],
)
def test_the_mean_direction_weighs_every_message_alike(vectors, expected):
    found = mean_direction(vectors)
    assert found == (expected if expected is None else pytest.approx(expected))


def kept(ctx):
    """By day of a shared window, the hashes of its messages' words."""
    with ctx.database.connect() as connection:
        rows = connection.execute(
            text("SELECT start_timestamp::date AS day, terms FROM summary_vectors WHERE scope = 'shared'")
        )
        return {row.day: row.terms for row in rows}


def test_the_words_of_a_windows_messages_are_kept_as_hashes_that_follow_them(ctx, elena):
    enrich(ctx, elena)
    expected = sorted(terms(" ".join(LINES)))
    assert kept(ctx)[date(2026, 3, 1)] == expected
    ctx.store.upsert(elena.collection, chat("2026-03-01", ["A heron came."], hour=12))
    enrich(ctx, elena)
    assert set(kept(ctx)[date(2026, 3, 1)]) == {*expected, term("heron"), term("came")}
    ctx.store.delete(elena.collection, [point.id for point in chat("2026-03-01", ["A heron came."], hour=12)])
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert kept(ctx)[date(2026, 3, 1)] == expected


def test_summaries_of_before_there_were_hashes_get_theirs_by_reconciliation(ctx, elena):
    enrich(ctx, elena)
    before = kept(ctx)
    with ctx.database.begin() as connection:
        connection.execute(text("UPDATE summary_vectors SET terms = NULL"))
    reconcile(ctx, elena)
    assert kept(ctx) == before
