"""What every message store promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from whisper_enrich.errors import InputError, StoreError
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import content_hash
from whisper_enrich.messages.store import (
    FILTER_FIELDS,
    MARK_HASH,
    MARK_LEDGER,
    MARK_STATUS,
    MARK_TIME,
    MARK_VERSION,
    VALID_STATUSES,
    MessageStore,
)
from whisper_enrich_tests.messages.builders import LEDGER, mark_of, point, uuid_of
from whisper_enrich_tests.messages.conftest import Subject

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


@pytest.fixture
def store(subject: Subject) -> MessageStore:
    return subject.store


@pytest.fixture
def elena(store: MessageStore) -> str:
    """An empty collection."""
    return store.create_collection("elena").collection


def ids(points: Iterable[Point]) -> list[str]:
    return [each.id for each in points]


def scanned(store: MessageStore, collection: str, **options: Any) -> list[str]:
    return [each.id for page in store.scan(collection, **options) for each in page]


def unit(direction: int) -> list[float]:
    return [1.0 if index == direction else 0.0 for index in range(384)]


# Bots


def test_an_empty_store_has_no_bots(store: MessageStore) -> None:
    assert store.bots() == []
    assert store.unread_collections() == []


def test_a_collection_is_created_once_under_the_first_prefix(subject: Subject) -> None:
    created = subject.store.create_collection("elena")
    assert created.collection == subject.prefixes[0] + "elena"
    assert subject.store.create_collection("elena") == created
    subject.store.create_collection("aria")
    assert [bot.bot_name for bot in subject.store.bots()] == ["aria", "elena"]


def test_a_name_that_is_no_bot_name_creates_nothing(store: MessageStore) -> None:
    with pytest.raises(InputError):
        store.create_collection("../elena")
    assert store.bots() == []


def test_an_old_collection_behind_an_alias_is_the_bots(subject: Subject) -> None:
    if subject.client is None:
        pytest.skip("the embedded engine has no aliases")
    from qdrant_client import models

    prefix = subject.prefixes[0]
    for name in (f"{prefix}elena_7d", subject.prefixes[1] + "elena", f"{prefix}Wrong"):
        subject.client.create_collection(name, vectors_config={})
    alias = models.CreateAlias(collection_name=f"{prefix}elena_7d", alias_name=f"{prefix}elena")
    subject.client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    assert [(bot.bot_name, bot.collection) for bot in subject.store.bots()] == [("elena", f"{prefix}elena_7d")]
    assert {item.collection for item in subject.store.unread_collections()} == {
        subject.prefixes[1] + "elena",
        f"{prefix}Wrong",
    }
    assert subject.store.create_collection("elena").collection == f"{prefix}elena_7d"


# Reading


def test_points_come_back_as_they_were_written(store: MessageStore, elena: str) -> None:
    written = point(
        content="Grüße 🐝\nsecond line",
        nested={"list": [1, 2.5, None, {"deep": "x"}]},
        big=2**53 + 1,
        small=-3,
        ratio=0.1,
        nothing=None,
        truth=True,
    )
    store.upsert(elena, [written])
    (read,) = store.by_ids(elena, [written.id], fields=list(written.payload))
    assert read.payload == written.payload
    assert content_hash(read.payload) == content_hash(written.payload)


def test_points_are_found_by_id_in_the_order_asked_for_each_once(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(1), point(2), Point("7", {}), Point(str(2**64 - 1), {})])
    wanted = [uuid_of(2), "7", uuid_of(99), uuid_of(1), "no id", "-1", "07", str(2**64), str(2**64 - 1), "7"]
    assert ids(store.by_ids(elena, wanted)) == [uuid_of(2), "7", uuid_of(1), str(2**64 - 1)]
    assert store.by_ids(elena, []) == []


def test_only_the_fields_asked_for_are_read(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(content="hello", keywords=["x"])])
    (page,) = store.scan(elena, fields=["content", "absent"])
    assert page[0].payload == {"content": "hello"}
    assert store.by_ids(elena, [uuid_of(1)], fields=()) == [Point(uuid_of(1), {})]
    (usual,) = store.by_ids(elena, [uuid_of(1)])
    assert "keywords" not in usual.payload and usual.payload["user_id"] == "672814231002939413"


def test_vectors_are_read_only_when_asked_for_and_are_normalised(store: MessageStore, elena: str) -> None:
    store.upsert(
        elena,
        [
            point(1, {"content": np.full(384, 2.0, dtype=np.float32), "emotion": unit(3), "semantic": unit(4)}),
            point(2, {"emotion": tuple(unit(5))}),
            point(3),
        ],
    )
    everything = [uuid_of(1), uuid_of(2), uuid_of(3)]
    assert [each.vectors for each in store.by_ids(elena, everything)] == [{}, {}, {}]
    first, second, third = store.by_ids(elena, everything, vectors=["content", "semantic"])
    assert list(first.vectors["content"]) == pytest.approx([384**-0.5] * 384)
    assert list(first.vectors["semantic"]) == unit(4)
    assert set(first.vectors) == {"content", "semantic"}
    assert second.vectors == third.vectors == {}
    (page,) = store.scan(elena)
    assert all(each.vectors == {} for each in page)


def test_an_unknown_vector_is_refused(store: MessageStore, elena: str) -> None:
    with pytest.raises(StoreError, match="no vector 'toxicity'"):
        store.by_ids(elena, [uuid_of(1)], vectors=["toxicity"])


MISSING: list[Callable[[MessageStore], object]] = [
    lambda store: store.count("whisperengine_memory_nobody"),
    lambda store: list(store.scan("whisperengine_memory_nobody")),
    lambda store: store.by_ids("whisperengine_memory_nobody", [uuid_of(1)]),
    lambda store: store.mark("whisperengine_memory_nobody", [mark_of(point())]),
    lambda store: store.ensure_indexes("whisperengine_memory_nobody"),
    lambda store: store.upsert("whisperengine_memory_nobody", [point()]),
    lambda store: store.delete("whisperengine_memory_nobody", [uuid_of(1)]),
]


@pytest.mark.parametrize("call", MISSING)
def test_a_collection_that_does_not_exist_is_an_error_never_an_empty_result(
    store: MessageStore, call: Callable[[MessageStore], object]
) -> None:
    with pytest.raises(StoreError, match=r"whisperengine_memory_nobody"):
        call(store)


# Paging


def test_many_points_are_scanned_each_exactly_once_however_small_the_page(subject: Subject) -> None:
    store, elena = subject.store, subject.store.create_collection("elena").collection
    expected = [uuid_of(number) for number in range(2500)]
    store.upsert(elena, [point(number) for number in range(2500)])
    pages = list(store.scan(elena, page_size=130, fields=["user_id"]))
    found = [each.id for page in pages for each in page]
    assert [len(page) for page in pages] == [130] * 19 + [30]
    assert sorted(found) == sorted(expected)
    assert found == scanned(store, elena, fields=())
    assert store.count(elena) == 2500


@pytest.mark.parametrize("page_size", [1, 7, 40, 41])
def test_points_of_one_and_the_same_time_are_not_lost_between_pages(
    store: MessageStore, elena: str, page_size: int
) -> None:
    store.upsert(elena, [point(number, timestamp="2026-01-14T10:00:00") for number in range(40)])
    assert sorted(scanned(store, elena, page_size=page_size)) == sorted(uuid_of(number) for number in range(40))


def test_whole_numbers_and_uuids_are_scanned_together(store: MessageStore, elena: str) -> None:
    written = [Point(str(number), {}) for number in (0, 3, 10, 2**64 - 1)] + [point(number) for number in range(5)]
    store.upsert(elena, written)
    assert sorted(scanned(store, elena, page_size=2)) == sorted(ids(written))


def test_a_scan_ends_after_as_many_pages_as_were_asked_for(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(number) for number in range(30)])
    assert [len(page) for page in store.scan(elena, page_size=4, max_pages=3)] == [4, 4, 4]
    assert list(store.scan(elena, max_pages=0)) == []
    assert len(scanned(store, elena, page_size=30, max_pages=1)) == 30


def test_an_empty_collection_has_no_pages(store: MessageStore, elena: str) -> None:
    assert list(store.scan(elena)) == []
    assert list(store.scan(elena, unmarked_for=LEDGER)) == []


@pytest.mark.parametrize("wrong", [{"page_size": 0}, {"max_pages": -1}])
def test_an_impossible_page_is_refused_at_once(store: MessageStore, elena: str, wrong: dict[str, int]) -> None:
    with pytest.raises(StoreError, match="page"):
        store.scan(elena, **wrong)


def test_points_that_come_and_go_during_a_scan_do_not_disturb_the_others(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(number) for number in range(200)])
    found: list[str] = []
    for turn, page in enumerate(store.scan(elena, page_size=11)):
        found += ids(page)
        store.upsert(elena, [point(1000 + turn), point(2000 + turn)])
        store.delete(elena, [uuid_of(1000 + turn - 1)])
    assert len(found) == len(set(found))
    assert {uuid_of(number) for number in range(200)} <= set(found)


def test_marking_page_by_page_reaches_every_unmarked_point_once(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(number) for number in range(120)])
    found: list[str] = []
    for page in store.scan(elena, unmarked_for=LEDGER, page_size=9):
        found += ids(page)
        store.mark(elena, [mark_of(each) for each in page])
    assert sorted(found) == sorted(uuid_of(number) for number in range(120))
    assert store.count(elena, unmarked_for=LEDGER) == 0
    assert scanned(store, elena, unmarked_for=LEDGER) == []


# Marks


UNMARKED: list[dict[str, Any]] = [
    {},
    {MARK_STATUS: None, MARK_LEDGER: None},
    {MARK_STATUS: "pending"},
    {MARK_STATUS: "pending", MARK_LEDGER: LEDGER},
    {MARK_STATUS: "completed"},
    {MARK_STATUS: "completed", MARK_LEDGER: None},
    {MARK_STATUS: "completed", MARK_LEDGER: "another"},
    {MARK_STATUS: None, MARK_LEDGER: LEDGER},
    {MARK_STATUS: "", MARK_LEDGER: LEDGER},
    {MARK_STATUS: "COMPLETED", MARK_LEDGER: LEDGER},
    {MARK_STATUS: 1, MARK_LEDGER: 1},
    {MARK_LEDGER: LEDGER},
]


@pytest.mark.parametrize("indexed", [False, True])
def test_a_mark_counts_only_with_a_valid_status_and_our_ledger(store: MessageStore, elena: str, indexed: bool) -> None:
    if indexed:
        store.ensure_indexes(elena)
    unmarked = [point(number, **fields) for number, fields in enumerate(UNMARKED)]
    marked = [
        point(100 + number, **{MARK_STATUS: status, MARK_LEDGER: LEDGER})
        for number, status in enumerate(VALID_STATUSES)
    ]
    store.upsert(elena, unmarked + marked)
    assert store.count(elena, unmarked_for=LEDGER) == len(unmarked)
    assert sorted(scanned(store, elena, unmarked_for=LEDGER, page_size=5)) == sorted(ids(unmarked))
    assert store.count(elena) == len(unmarked) + len(marked)
    assert store.count(elena, unmarked_for="another") == len(unmarked) + len(marked) - 1


def test_a_mark_is_set_where_the_content_is_what_it_was(store: MessageStore, elena: str) -> None:
    same, edited, gone, number = point(1), point(2), point(3), Point("12", dict(point().payload))
    store.upsert(elena, [same, point(2, content="I moved to Lyon."), number])
    outcome = store.mark(elena, [mark_of(each) for each in (same, edited, gone, number)])
    assert sorted(outcome.marked) == sorted([same.id, "12"])
    assert outcome.changed == [edited.id]
    assert outcome.missing == [gone.id]
    fields = [MARK_STATUS, MARK_VERSION, MARK_HASH, MARK_TIME, MARK_LEDGER]
    marked, unchanged = store.by_ids(elena, [same.id, edited.id], fields=fields)
    assert marked.payload == {
        MARK_STATUS: "completed",
        MARK_VERSION: "1",
        MARK_HASH: content_hash(same.payload),
        MARK_TIME: "2026-01-20T12:00:00Z",
        MARK_LEDGER: LEDGER,
    }
    assert unchanged.payload == {}


def test_a_mark_leaves_everything_else_as_it_was(store: MessageStore, elena: str) -> None:
    written = point(1, {"content": unit(1)}, keywords=["a"], bot_emotion={"joy": 0.5})
    store.upsert(elena, [written])
    store.mark(elena, [mark_of(written)])
    (read,) = store.by_ids(elena, [written.id], fields=list(written.payload), vectors=["content"])
    assert read.payload == written.payload
    assert list(read.vectors["content"]) == unit(1)


def test_marking_again_is_harmless_and_the_last_of_several_marks_counts(store: MessageStore, elena: str) -> None:
    written = point(1)
    store.upsert(elena, [written])
    first = store.mark(elena, [mark_of(written, "completed"), mark_of(written, "left_out")])
    again = store.mark(elena, [mark_of(written, "left_out")])
    assert first.marked == again.marked == [written.id]
    assert store.by_ids(elena, [written.id])[0].payload[MARK_STATUS] == "left_out"
    store.mark(elena, [mark_of(written, "pending")])
    assert store.count(elena, unmarked_for=LEDGER) == 1


def test_a_point_that_a_bot_writes_anew_is_unmarked_again(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(1)])
    store.mark(elena, [mark_of(point(1))])
    store.upsert(elena, [point(1, content="edited")])
    assert store.count(elena, unmarked_for=LEDGER) == 1


def test_a_mark_for_an_id_that_cannot_exist_is_missing(store: MessageStore, elena: str) -> None:
    outcome = store.mark(elena, [replace(mark_of(point()), point_id="no id")])
    assert (outcome.marked, outcome.changed, outcome.missing) == ([], [], ["no id"])
    assert store.mark(elena, []).marked == []


def test_many_marks_are_set_in_one_call(store: MessageStore, elena: str) -> None:
    points = [point(number, content=f"message {number}") for number in range(1200)]
    store.upsert(elena, points)
    outcome = store.mark(elena, [mark_of(each) for each in points])
    assert sorted(outcome.marked) == sorted(ids(points))
    assert store.count(elena, unmarked_for=LEDGER) == 0


# Writing


def test_a_point_of_the_same_id_is_replaced(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(1, {"content": unit(1)}, keywords=["a"])])
    store.upsert(elena, [Point(uuid_of(1), {"content": "new"})])
    assert store.count(elena) == 1
    (read,) = store.by_ids(elena, [uuid_of(1)], fields=["content", "keywords"], vectors=["content"])
    assert (read.payload, read.vectors) == ({"content": "new"}, {})


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


BROKEN: list[tuple[Point, str]] = [
    (Point("no id", {}), "point id"),
    (Point("-1", {}), "point id"),
    (Point(str(2**64), {}), "point id"),
    (point(content="secret", ratio=float("nan")), "not finite"),
    (point(content="secret", when=object()), "object"),
    (point(content="secret", big=2**64), "64 bits"),
    (point(content="secret \ud800"), "surrogate"),
    (point(content="secret", nested={1: 2}), "field name"),
    (point(content="secret", nested=deep(100)), "64 levels"),
    (point(vectors={"content": [1.0, 2.0]}), "has 2 numbers"),
    (point(vectors={"content": [float("nan")] * 384}), "no finite number"),
    (point(vectors={"content": ["x"] * 384}), "no finite number"),
    (point(vectors={"toxicity": [1.0] * 384}), "no vector 'toxicity'"),
    (Point(uuid_of(1), ["secret"]), "no object"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("broken", "problem"), BROKEN)
def test_a_broken_point_is_refused_before_anything_is_written_and_its_text_is_not_told(
    store: MessageStore, elena: str, broken: Point, problem: str
) -> None:
    with pytest.raises(StoreError, match=problem) as caught:
        store.upsert(elena, [point(50), broken])
    assert "secret" not in str(caught.value)
    assert store.count(elena) == 0


def test_long_texts_are_written_in_several_requests(store: MessageStore, elena: str) -> None:
    written = [point(number, content="é" * 90_000) for number in range(60)]
    store.upsert(elena, written)
    assert store.count(elena) == 60


def test_deleting_removes_what_exists_and_ignores_the_rest(store: MessageStore, elena: str) -> None:
    store.upsert(elena, [point(1), point(2), Point("5", {})])
    store.delete(elena, [uuid_of(1), uuid_of(99), "5", "no id"])
    store.delete(elena, [])
    assert scanned(store, elena) == [uuid_of(2)]


def test_the_indexes_that_our_filters_need_are_created_once_and_reported(subject: Subject) -> None:
    elena = subject.store.create_collection("elena").collection
    assert subject.store.ensure_indexes(elena) == list(FILTER_FIELDS)
    if subject.remembers_indexes:
        assert subject.store.ensure_indexes(elena) == []


def test_a_closed_store_can_be_used_again(subject: Subject) -> None:
    if subject.kind == "memory":
        pytest.skip("an in-memory client cannot be opened again")
    subject.store.create_collection("elena")
    subject.store.close()
    assert [bot.bot_name for bot in subject.store.bots()] == ["elena"]
