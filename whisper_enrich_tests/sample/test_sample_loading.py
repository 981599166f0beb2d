"""The sample in a store: placed once, and not again."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from whisper_enrich.errors import InputError
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.store import VECTOR_NAMES
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.sample.loading import anchor_at, load_sample, sample_loaded

NOW = datetime(2026, 11, 21, 8, 20, 30, 123456, tzinfo=UTC)


def test_the_first_call_decides_the_anchor_for_good(tmp_path):
    path = tmp_path / "state" / "sample.json"
    assert anchor_at(path, NOW) == NOW
    assert anchor_at(path, NOW + timedelta(days=40)) == NOW
    assert [file.name for file in path.parent.iterdir()] == ["sample.json"]


def test_callers_that_come_together_get_the_same_anchor(tmp_path):
    path = tmp_path / "sample.json"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda second: anchor_at(path, NOW + timedelta(seconds=second)), range(24)))
    assert len(set(found)) == 1
    assert anchor_at(path, NOW + timedelta(days=1)) == found[0]


@pytest.mark.parametrize("held", ["", "{}", "[1]", '{"sample_anchor": 5}', '{"sample_anchor": "2026-11-21T08:20:30"}'])
def test_a_file_that_holds_no_anchor_is_named(tmp_path, held):
    path = tmp_path / "sample.json"
    path.write_text(held)
    with pytest.raises(InputError, match=r"sample\.json .*Remove the file"):
        anchor_at(path, NOW)


def test_an_anchor_with_an_offset_is_the_same_instant_in_utc(tmp_path):
    path = tmp_path / "sample.json"
    path.write_text(json.dumps({"sample_anchor": "2026-11-21T00:20:30-08:00"}))
    assert anchor_at(path, NOW) == datetime(2026, 11, 21, 8, 20, 30, tzinfo=UTC)


def test_the_sample_carries_the_names_of_its_people():
    loaded = sample_loaded(NOW)
    assert loaded.names == sample_names()
    assert loaded.total == sum(map(len, sample_points(NOW).values()))


def test_loading_the_sample_twice_writes_it_once(tmp_path):
    store = EdgeStore(tmp_path, ("whisperengine_memory_",))
    steps = []
    first = load_sample(store, NOW, steps.append)
    again = load_sample(store, NOW + timedelta(days=3))
    points = sample_points(NOW)
    assert {bot: load.new for bot, load in first.bots.items()} == {bot: len(own) for bot, own in points.items()}
    assert sum(steps) == first.new
    assert (again.new, again.already_there) == (0, first.new)
    for bot in store.bots():
        own = points[bot.bot_name]
        kept = store.by_ids(
            bot.collection, [point.id for point in own], fields=("timestamp", "content"), vectors=VECTOR_NAMES
        )
        assert [point.id for point in kept] == [point.id for point in own]
        assert [point.payload.get("timestamp") for point in kept] == [point.payload.get("timestamp") for point in own]
        assert [sorted(point.vectors) for point in kept] == [sorted(point.vectors) for point in own]
