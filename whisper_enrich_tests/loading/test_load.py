"""Loading: what is new is written, what is there stays as it is."""

import json
from datetime import UTC, date, datetime

import pytest

from whisper_enrich.errors import InputError, StoreError
from whisper_enrich.loading.files import read_file
from whisper_enrich.loading.load import BotLoad, load
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Disposition
from whisper_enrich.messages.parsing import content_hash, parse_point
from whisper_enrich.messages.store import MARK_STATUS, VECTOR_NAMES, Mark

NOW = datetime(2026, 11, 21, 8, 20, tzinfo=UTC)


def message(number, bot="elena", **more):
    at = f"2026-01-05T06:{number // 60:02d}:{number % 60:02d}"
    return {"bot": bot, "user": "u1", "speaker": "user", "at": at, "text": f"message {number}"} | more


def file_of(folder, *messages):
    path = folder / "chat.jsonl"
    path.write_text("\n".join(json.dumps(found) for found in messages))
    return path


@pytest.fixture
def store(tmp_path):
    return EdgeStore(tmp_path / "qdrant", ("whisperengine_memory_",))


def collection_of(store, bot):
    return next(found.collection for found in store.bots() if found.bot_name == bot)


def test_loading_creates_the_bots_and_writes_their_messages_with_vectors(store, tmp_path):
    steps = []
    loaded = read_file(file_of(tmp_path, message(1), message(2), message(3, bot="juno")))
    result = load(store, loaded, steps.append)
    assert result.bots == {"elena": BotLoad(2, 0), "juno": BotLoad(1, 0)}
    assert sum(steps) == loaded.total
    assert [bot.bot_name for bot in store.bots()] == ["elena", "juno"]
    (page,) = store.scan(collection_of(store, "elena"))
    assert sorted(point.payload["content"] for point in page) == ["message 1", "message 2"]
    for point in store.by_ids(collection_of(store, "elena"), [point.id for point in page], vectors=VECTOR_NAMES):
        assert set(point.vectors) == set(VECTOR_NAMES)
        assert parse_point("elena", point, now=NOW, first_day=date(2020, 1, 1)).disposition is Disposition.CONVERSATION


def test_a_second_load_writes_nothing(store, tmp_path):
    loaded = read_file(file_of(tmp_path, *map(message, range(5))))
    load(store, loaded)
    again = load(store, loaded)
    assert (again.new, again.already_there) == (0, 5)
    assert store.count(collection_of(store, "elena")) == 5


def test_marks_outlive_a_second_load_and_only_new_messages_are_pending(store, tmp_path):
    load(store, read_file(file_of(tmp_path, *map(message, range(3)))))
    collection = collection_of(store, "elena")
    points = next(store.scan(collection))
    store.mark(
        collection,
        [Mark(p.id, "completed", content_hash(p.payload), "v1", "ledger-1", NOW) for p in points],
    )
    result = load(store, read_file(file_of(tmp_path, *map(message, range(4)))))
    assert result.bots == {"elena": BotLoad(1, 3)}
    statuses = [point.payload.get(MARK_STATUS) for point in next(store.scan(collection))]
    assert sorted(statuses, key=str) == [None, "completed", "completed", "completed"]
    assert store.count(collection, unmarked_for="ledger-1") == 1


def test_a_broken_line_leaves_the_store_as_it_was(store, tmp_path):
    path = file_of(tmp_path, message(1), message(2, speaker="nobody"))
    with pytest.raises(InputError, match="line 2"):
        load(store, read_file(path))
    assert store.bots() == []


def test_an_interrupted_load_is_completed_by_the_next(store, tmp_path):
    loaded = read_file(file_of(tmp_path, *map(message, range(6)), message(1, bot="juno")))

    class Stop(Exception):
        pass

    def stop(_):
        raise Stop

    with pytest.raises(Stop):
        load(store, loaded, stop)
    result = load(store, loaded)
    assert result.already_there > 0
    assert result.new + result.already_there == loaded.total
    assert sum(store.count(bot.collection) for bot in store.bots()) == loaded.total


def test_a_store_that_refuses_is_an_error_and_not_an_empty_result(store, tmp_path):
    loaded = read_file(file_of(tmp_path, message(1)))

    class Refusing(EdgeStore):
        def by_ids(self, *arguments, **more):
            raise StoreError("The store refused. Look into its log.")

    with pytest.raises(StoreError, match="refused"):
        load(Refusing(tmp_path / "qdrant", ("whisperengine_memory_",)), loaded)
    assert sum(store.count(bot.collection) for bot in store.bots()) == 0
