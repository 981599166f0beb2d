"""What was talked about: by time, by words, by meaning; nothing of a dm outside it; nothing lost when the database is gone."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.hot_path import Absence, Freshness, Reader
from whisper_enrich.hot_path.recall import recall, recall_async
from whisper_enrich.hot_path.recall_rows import anchors_of, fused
from whisper_enrich.hot_path.recall_words import sought
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich_tests.builders import vector
from whisper_enrich_tests.hot_path.conftest import NOW, SECRET, SECRET_WORDS
from whisper_enrich_tests.hot_path.readers import OnALoop


@dataclass(frozen=True)
class Hit:
    start: datetime
    scope: str


@pytest.fixture(scope="module", params=["sync", "async"])
def kind(request):
    return request.param


@contextmanager
def asking(world, kind, **options):
    """`recall` of either kind about ana, by a channel's scope."""
    if kind == "sync":
        reader = Reader(world.dsn, replace(world.options, **options))
        yield lambda text, scope="shared", user="ana", now=NOW, tz=UTC, **more: recall(
            reader, user, "elena", text, now, tz, scope, **more
        )
        reader.close()
        return
    loop = OnALoop(world.dsn, replace(world.options, **options))
    yield lambda text, scope="shared", user="ana", now=NOW, tz=UTC, **more: loop.run(
        recall_async(loop.reader, user, "elena", text, now, tz, scope, **more)
    )
    loop.close()


@pytest.fixture(scope="module")
def ask(world, kind):
    with asking(world, kind) as ask:
        yield ask


def days(found) -> list[date]:
    return sorted(each.start.date() for each in found.summaries)


def test_a_time_that_is_named_is_said_and_answered_with_its_windows_and_facts(ask):
    found = ask("what did we talk about yesterday?")
    assert found.understood.sentence == "yesterday: Tuesday 17 March 2026, UTC"
    assert days(found) == [date(2026, 3, 17)]
    assert found.summaries[0].found_by == ("time",)
    assert len(found.summaries[0].message_ids) == 6
    assert found.facts
    for fact in found.facts:
        assert fact.first_said_at.date() == fact.last_said_at.date() == date(2026, 3, 17)
        assert len(fact.message_ids) == 1
    assert found.freshness is Freshness.FRESH
    assert found.found


def test_the_range_is_that_of_the_persons_own_clock(ask):
    midnight = datetime(2026, 3, 18, 5, 0, tzinfo=UTC)
    found = ask("what did we talk about yesterday?", now=midnight, tz=ZoneInfo("America/Los_Angeles"))
    assert found.understood.range.start == datetime(2026, 3, 16, 7, tzinfo=UTC)
    assert days(found) == [date(2026, 3, 16), date(2026, 3, 17)]


def test_the_first_and_the_latest_time_are_one_window_each(ask):
    assert days(ask("what did we talk about the first time we talked?")) == [date(2026, 3, 16)]
    assert days(ask("what did we talk about the last time we talked?")) == [date(2026, 3, 18)]


def test_without_a_time_the_words_of_the_question_find_summaries_and_facts(ask):
    found = ask("where do I live?", scope="shared")
    assert found.understood.kind == "none"
    assert any("Leeds" in fact.content for fact in found.facts)
    assert all(each.found_by == ("words",) for each in (*found.summaries, *found.facts))
    assert days(ask("did I say anything about tomatoes?")) == [date(2026, 3, day) for day in (16, 17, 18)]
    assert not ask("did I say anything about submarines?").found
    assert not ask("did I say anything about leeks?").found


@pytest.fixture
def bare_summaries(world):
    """Summaries of ana that leave everything out, for one test."""
    columns = "id, summary_text, key_topics, input_hash"
    with world.ctx.database.begin() as connection:
        kept = [
            dict(row) for row in connection.execute(text(f"SELECT {columns} FROM conversation_summaries")).mappings()
        ]
    world.execute("UPDATE conversation_summaries SET summary_text = 'They talked.', key_topics = '{}'")
    yield
    back = "summary_text = :summary_text, key_topics = :key_topics, input_hash = :input_hash"
    for row in kept:
        world.execute(f"UPDATE conversation_summaries SET {back} WHERE id = :id", **row)


def test_words_that_a_summary_leaves_out_find_it_by_its_messages_as_they_are_now(world, ask, bare_summaries):
    assert days(ask("which tomatoes were yellow?")) == [date(2026, 3, day) for day in (16, 17, 18)]
    assert not ask("who was kissed?").found
    assert {each.scope for each in ask("who was kissed?", scope="dm").summaries} == {"dm"}
    world.execute("UPDATE conversation_summaries SET input_hash = 'newer' WHERE start_timestamp < '2026-03-17'")
    assert days(ask("which tomatoes were yellow?")) == [date(2026, 3, 17), date(2026, 3, 18)]


def test_a_fact_that_may_have_changed_since_is_less_sure_and_one_of_the_past_as_sure_as_it_was(ask):
    def told(now):
        found = ask("where do I live?", now=now, limit=20).facts
        return {fact.content: fact.confidence for fact in found if "Leeds" in fact.content}

    soon, late = told(NOW), told(NOW + timedelta(days=2 * 365))
    assert soon
    assert all(0 < late[content] < 0.7 * soon[content] for content in soon)


def test_what_has_both_the_time_and_the_words_comes_first(ask):
    found = ask("what did I say about tomatoes yesterday?")
    assert found.summaries[0].start.date() == date(2026, 3, 17)
    assert found.summaries[0].found_by == ("time", "words")
    assert [each.score for each in found.summaries] == sorted((each.score for each in found.summaries), reverse=True)


def test_nothing_of_a_dm_is_recalled_elsewhere(ask):
    questions = [
        "what did we talk about this week?",
        "who is Zebedee?",
        "what happened behind the bandstand?",
        "yesterday",
    ]
    hits = [Hit(datetime(2026, 3, day, tzinfo=UTC), scope) for day in (16, 17, 18) for scope in ("dm", "shared")]
    for question in questions:
        near = {"query_vector": [1.0], "search": lambda *_, **__: hits}
        said = repr(replace(ask(question, **near), understood=None)).lower()
        assert not [word for word in SECRET_WORDS if word in said], question
    assert "zebedee" in repr(ask("who is Zebedee?", scope="dm").summaries).lower()
    assert "zebedee" in repr(ask("what did we talk about yesterday?", scope="dm").facts).lower()


def test_nothing_of_another_user_is_recalled(ask):
    assert not ask("what did we talk about yesterday?", user="eve").found
    assert "leeks" not in repr(ask("what did we talk about this week?")).lower()


def test_summaries_that_are_near_in_meaning_take_part_for_whom_and_where_it_is_asked(ask):
    seen = {}

    def search(bot_name, vector, *, user_id, scopes, limit):
        seen.update(bot=bot_name, vector=vector, user=user_id, scopes=tuple(scopes))
        return [Hit(datetime(2026, 3, 16, tzinfo=UTC), "shared")]

    found = ask("submarines?", query_vector=[0.5], search=search)
    assert seen == {"bot": "elena", "vector": [0.5], "user": "ana", "scopes": ("shared",)}
    assert [(each.start.date(), each.found_by) for each in found.summaries] == [(date(2026, 3, 16), ("meaning",))]
    ask("submarines?", scope="dm", query_vector=[0.5], search=search)
    assert seen["scopes"] == ("dm", "shared")


def test_the_stores_own_search_finds_the_window_whose_messages_are_near_the_question(world, ask):
    near = {"query_vector": vector(SECRET[0]), "search": world.ctx.store.search_summary_vectors}
    assert {each.scope for each in ask("submarines?", **near).summaries} == {"shared"}
    best = ask("submarines?", scope="dm", **near).summaries[0]
    assert (best.scope, best.found_by) == ("dm", ("meaning",))


def test_a_search_by_meaning_that_fails_costs_only_itself(ask):
    def broken(*_, **__):
        raise RuntimeError("no server")

    found = ask("did I say anything about tomatoes?", query_vector=[0.5], search=broken)
    assert found.meaning_missing is Absence.UNREACHABLE
    assert found.missing is None
    assert found.summaries
    with pytest.raises(ValueError, match="belong together"):
        ask("tomatoes", query_vector=[0.5])


def test_a_whole_week_or_month_is_one_digest(ask, world):
    roll_up(world.ctx, "elena")
    later = NOW + timedelta(days=30)
    month = ask("what did we talk about last month?", now=later, tz=ZoneInfo("Europe/Berlin"))
    assert [(each.period, each.start, each.scope) for each in month.digests] == [("month", date(2026, 3, 1), "shared")]
    week = ask("between 15 March 2026 and 24 March 2026", now=later)
    assert [(each.period, each.start) for each in week.digests] == [("week", date(2026, 3, 16))]
    assert ask("what did we talk about on 17 March 2026?", now=later).digests == ()
    assert {each.scope for each in ask("what about March 2026?", scope="dm", now=later).digests} == {"dm", "shared"}


def test_an_ambiguous_time_is_passed_on(ask):
    understood = ask("what did we say on 3/4/2026?").understood
    assert understood.ambiguous
    assert understood.alternatives


def test_days_of_a_life_are_known_by_name(world, ask):
    world.execute(
        """
        INSERT INTO user_facts (user_id, bot_name, category, fact_content, confidence, source_collection, fact_key, attribute,
            value, scope, tense, mentions, first_said_at, last_said_at, valid_from, engine_version)
        VALUES ('ana', 'elena', 'personal', 'Ana has her birthday on 17 March.', 0.9, 'c', 'k', 'birthday', '03-17', :scope,
            'present', 1, :at, :at, '2026-03-17', 'test')
        """,
        at=NOW, scope="dm",
    )  # fmt: skip
    try:
        asked = "what did we talk about on my birthday?"
        assert days(ask(asked, scope="dm"))[-1] == date(2026, 3, 17)
        assert ask(asked).understood.range is None
        world.execute("UPDATE user_facts SET scope = 'shared', audience = 'all' WHERE attribute = 'birthday'")
        assert days(ask(asked)) == [date(2026, 3, 17)]
    finally:
        world.execute("DELETE FROM user_facts WHERE attribute = 'birthday'")


def test_anchors_are_birthdays_weddings_and_events_of_one_day():
    told = (
        '[["birthday", "02-29", "a", "2026-03-01", null], ["relationship_status", "married", "b", "2020-05-02", null],'
        ' ["", "", "Ana has a trip to Rome.", "2026-04-04", "2026-04-04"],'
        ' ["", "", "Ana has a trip to Oslo in May.", "2026-05-01", "2026-05-31"]]'
    )
    assert anchors_of((*[None] * 7, told)) == {
        "birthday": date(2000, 2, 29), "wedding": date(2020, 5, 2), "trip": date(2026, 4, 4),
    }  # fmt: skip


def test_without_a_database_the_range_is_told_all_the_same(world, proxy):
    proxy.refusing = True
    reader = Reader(proxy.dsn(world.user, world.database), world.options)
    found = recall(reader, "ana", "elena", "yesterday", NOW, UTC)
    assert found.missing is Absence.UNREACHABLE
    assert found.understood.range is not None
    assert not found.found
    with pytest.raises(DatabaseUnavailable):
        recall(reader, "ana", "elena", "yesterday", NOW, UTC, strict=True)
    reader.close()


def test_mistakes_of_the_caller_are_raised(ask):
    for mistake in ({"scope": "guild"}, {"limit": 0}, {"now": datetime(2026, 3, 18)}):  # noqa: DTZ001 - the mistake.
        with pytest.raises(ValueError):
            ask("yesterday", **mistake)


def test_fusion_adds_the_reciprocal_ranks():
    lists = {"a": [{"n": 1}, {"n": 2}], "b": [{"n": 2}, {"n": 3}]}
    found = fused(lists, lambda item: item["n"], 2)
    assert [(item["n"], names) for item, _, names in found] == [(2, ("a", "b")), (1, ("a",))]
    assert found[0][1] == pytest.approx(1 / 12 + 1 / 11)
    (_, score, _), *_ = fused({"meaning": [{"n": 1}]}, lambda item: item["n"], 1)
    assert score == pytest.approx(0.5 / 11)


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("What did we talk about last week?", "last week", []),
        ("When did I go camping with Melanie?", "", ["'camp':*", "'melani':*"]),
        ("the tax o'clock' & !(b|c):*", "", ["'tax'", "'clock':*"]),
        ("Was haben wir über Käse gesagt?", "", ["'käs':*"]),
    ],
)
def test_words_of_asking_are_not_looked_for(text, phrase, expected):
    assert [prefix for prefix, _ in sought(text, phrase)] == expected


def test_a_slow_search_by_meaning_is_not_waited_for(world, kind):
    released = threading.Event()

    def slow(*_, **__):
        released.wait(5)
        return []

    with asking(world, kind, recall_deadline_seconds=1.5) as ask:
        started = time.monotonic()
        found = ask("did I say anything about tomatoes?", query_vector=[1.0], search=slow)
        assert time.monotonic() - started < 3
        released.set()
    assert found.meaning_missing is Absence.DEADLINE
    assert found.summaries
