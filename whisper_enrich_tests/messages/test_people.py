"""What a store holds of one person: found, told from others', and freed of our marks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from whisper_enrich.messages.model import Point, Scope
from whisper_enrich.messages.points import MARK_FIELDS
from whisper_enrich.messages.store import SummaryWindow
from whisper_enrich_tests.messages.builders import LEDGER, mark_of, point, uuid_of
from whisper_enrich_tests.messages.conftest import Subject

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

SNOWFLAKE = "731777000111222333"


def test_points_of_a_person_are_found_whether_their_id_is_text_or_number(subject: Subject) -> None:
    store = subject.store
    elena = store.create_collection("elena").collection
    texts = [(1, SNOWFLAKE), (2, int(SNOWFLAKE)), (3, "731777000111222334"), (4, f"{SNOWFLAKE}0")]
    points = [Point(uuid_of(number), {"user_id": user, "content": "hi", "other": number}, {}) for number, user in texts]
    store.upsert(elena, points)
    found = store.points_of_user(elena, SNOWFLAKE)
    assert sorted(each.payload["other"] for each in found) == [1, 2]
    assert store.points_of_user(elena, "nobody") == []


def test_marks_come_off_and_unknown_points_do_no_harm(subject: Subject) -> None:
    store = subject.store
    elena = store.create_collection("elena").collection
    marked, other = point(1), point(2)
    store.upsert(elena, [marked, other])
    store.mark(elena, [mark_of(marked), mark_of(other)])
    store.unmark(elena, [marked.id, uuid_of(99)])
    assert store.count(elena, unmarked_for=LEDGER) == 1
    [bare] = store.by_ids(elena, [marked.id], fields=MARK_FIELDS)
    assert bare.payload == {}
    store.unmark(elena, [])


def test_windows_with_a_vector_are_listed_of_all_or_of_one(subject: Subject) -> None:
    store = subject.store
    assert store.summary_windows("elena") == []
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    windows = [SummaryWindow(user, start, end, Scope.SHARED) for user in ("ana", "ben")]
    store.put_summary_vectors("elena", {window: [1.0] + [0.0] * 383 for window in windows})
    assert sorted(store.summary_windows("elena"), key=lambda w: w.user_id) == windows
    assert store.summary_windows("elena", "ben") == windows[1:]
