"""What every message store promises about the vectors of summaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from whisper_enrich.errors import InputError, StoreError
from whisper_enrich.messages.bots import bot_of_collection, discover, summaries_collection
from whisper_enrich.messages.model import Scope
from whisper_enrich.messages.store import MessageStore, SummaryWindow
from whisper_enrich_tests.messages.conftest import Subject

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")
BOT = "recall_test"


@pytest.fixture
def store(subject: Subject) -> MessageStore:
    return subject.store


def window(day: int, user: str = "ana", scope: Scope = Scope.SHARED) -> SummaryWindow:
    start = datetime(2026, 3, day, tzinfo=UTC)
    return SummaryWindow(user, start, start + timedelta(days=1), scope)


def towards(*shares: float) -> list[float]:
    return [*shares, *[0.0] * (384 - len(shares))]


def near(store: MessageStore, vector: list[float], **more) -> list[SummaryWindow]:
    asked = {"user_id": "ana", "scopes": ("shared",), "limit": 5} | more
    return [each.window for each in store.search_summary_vectors(BOT, vector, **asked)]


def test_without_any_summary_nothing_is_found_counted_or_deleted(store: MessageStore) -> None:
    assert near(store, towards(1.0)) == []
    assert store.count_summary_vectors(BOT) == 0
    store.delete_summary_vectors(BOT, [window(1)])


def test_the_nearest_come_first_with_their_cosine(store: MessageStore) -> None:
    store.put_summary_vectors(
        BOT, {window(1): towards(0.0, 1.0), window(2): towards(1.0), window(3): towards(0.6, 0.8)}
    )
    found = store.search_summary_vectors(BOT, towards(1.0), user_id="ana", scopes=("shared",), limit=2)
    assert [each.window for each in found] == [window(2), window(3)]
    assert [each.score for each in found] == pytest.approx([1.0, 0.6], abs=1e-5)
    assert found[0].start == datetime(2026, 3, 2, tzinfo=UTC)
    assert found[0].scope == "shared"


def test_only_summaries_of_the_user_and_scopes_asked_for_are_found(store: MessageStore) -> None:
    mine, private, other = window(1), window(2, scope=Scope.DM), window(3, user="ben")
    store.put_summary_vectors(BOT, dict.fromkeys((mine, private, other), towards(1.0)))
    assert near(store, towards(1.0)) == [mine]
    assert set(near(store, towards(1.0), scopes=("dm", "shared"))) == {mine, private}
    assert near(store, towards(1.0), user_id="ben") == [other]
    assert near(store, towards(1.0), scopes=()) == []


def test_a_summary_has_one_vector_the_last_one_written(store: MessageStore) -> None:
    store.put_summary_vectors(BOT, {window(1): towards(1.0), window(2): towards(0.8, 0.6)})
    store.put_summary_vectors(BOT, {window(1): towards(0.0, 1.0)})
    assert store.count_summary_vectors(BOT) == 2
    assert near(store, towards(1.0))[0] == window(2)


def test_what_is_deleted_is_not_found_any_more(store: MessageStore) -> None:
    store.put_summary_vectors(BOT, {window(1): towards(1.0), window(2): towards(1.0)})
    store.delete_summary_vectors(BOT, [window(1), window(9)])
    assert near(store, towards(1.0)) == [window(2)]
    assert store.count_summary_vectors(BOT) == 1


def test_a_vector_of_another_length_is_refused(store: MessageStore) -> None:
    with pytest.raises(StoreError, match="must have 384"):
        store.put_summary_vectors(BOT, {window(1): [1.0, 2.0]})


def test_the_collection_of_summaries_is_no_bots_and_no_oddity(store: MessageStore) -> None:
    store.create_collection(BOT)
    store.put_summary_vectors(BOT, {window(1): towards(1.0)})
    assert [bot.bot_name for bot in store.bots()] == [BOT]
    assert store.unread_collections() == []


def test_no_prefix_makes_a_bot_of_a_collection_of_summaries() -> None:
    name = summaries_collection("elena")
    assert name == "whisperengine_summaries_elena"
    for prefixes in (("whisperengine_",), ("whisperengine",), ("whisperengine_summaries_",)):
        assert bot_of_collection(name, prefixes) is None
        assert discover([name], {}, prefixes) == ([], [])
        assert discover([name], {"whisperengine_elena": name}, prefixes) == ([], [])
    with pytest.raises(InputError):
        summaries_collection("../elena")
