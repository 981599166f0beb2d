from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.errors import InputError
from whisper_enrich.messages.bots import bot_of_collection, collection_of_bot, discover, normalise_bot_name
from whisper_enrich.messages.store import BotCollection

PREFIXES = ("whisperengine_memory_", "chat_memories_")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Elena", "elena"),
        ("  Marcus Thompson ", "marcus_thompson"),
        ("bot_elena", "elena"),
        ("ELENA_BOT", "elena"),
        ("Sophia-Blake", "sophia_blake"),
        ("aetheris__-__x", "aetheris_x"),
        ("Dr. Gabriel!", "dr_gabriel"),
        ("Élise", "lise"),
        ("bot_elena_bot", "elena_bot"),
        ("!?", ""),
    ],
)
def test_a_configured_name_is_normalised_as_the_platform_does_it(raw: str, name: str) -> None:
    assert normalise_bot_name(raw) == name


@given(st.text(max_size=30))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_a_normalised_name_holds_only_letters_digits_and_single_underscores(raw: str) -> None:
    name = normalise_bot_name(raw)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert "__" not in name


@pytest.mark.parametrize(
    ("collection", "bot"),
    [
        ("whisperengine_memory_elena", "elena"),
        ("whisperengine_memory_elena_7d", "elena"),
        ("chat_memories_elena", "elena"),
        ("whisperengine_memory_marcus_thompson_7d", "marcus_thompson"),
        ("whisperengine_memory", None),
        ("whisperengine_memory_", None),
        ("whisperengine_memory_7d", None),
        ("whisperengine_memory__7d", None),
        ("whisperengine_memories_elena", None),
        ("products", None),
        ("whisperengine_memory_Elena", None),
        ("whisperengine_memory_a/b", None),
        ("whisperengine_memory_" + "a" * 101, None),
    ],
)
def test_a_collection_belongs_to_a_bot_only_by_prefix_and_slug(collection: str, bot: str | None) -> None:
    assert bot_of_collection(collection, PREFIXES) == bot


def test_a_prefix_may_be_written_without_its_separator_and_the_longest_one_wins() -> None:
    assert bot_of_collection("chat_memories_elena", ["chat", "chat_memories"]) == "elena"


def test_a_new_collection_takes_the_first_prefix() -> None:
    assert collection_of_bot("elena", PREFIXES) == "whisperengine_memory_elena"


@pytest.mark.parametrize("name", ["", "Elena", "a b", "../x", "elena_7d", "7d"])
def test_a_bot_name_that_could_not_be_found_again_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="bot's name"):
        collection_of_bot(name, PREFIXES)


def test_an_alias_and_its_old_collection_are_one_bot() -> None:
    bots, unread = discover(
        ["whisperengine_memory_elena_7d"], {"whisperengine_memory_elena": "whisperengine_memory_elena_7d"}, PREFIXES
    )
    assert bots == [BotCollection("elena", "whisperengine_memory_elena_7d")]
    assert unread == []


def test_of_two_collections_the_one_behind_the_alias_is_read_and_the_other_reported() -> None:
    bots, unread = discover(
        ["whisperengine_memory_elena_7d", "chat_memories_elena"],
        {"whisperengine_memory_elena": "whisperengine_memory_elena_7d"},
        PREFIXES,
    )
    assert bots == [BotCollection("elena", "whisperengine_memory_elena_7d")]
    assert [item.collection for item in unread] == ["chat_memories_elena"]
    assert "whisperengine_memory_elena_7d" in unread[0].reason


def test_without_an_alias_the_collection_without_the_old_suffix_is_read() -> None:
    bots, unread = discover(
        ["whisperengine_memory_elena_7d", "whisperengine_memory_elena", "chat_memories_elena"], {}, PREFIXES
    )
    assert bots == [BotCollection("elena", "whisperengine_memory_elena")]
    assert [item.collection for item in unread] == ["chat_memories_elena", "whisperengine_memory_elena_7d"]


def test_an_alias_gives_a_bot_to_a_collection_of_any_name() -> None:
    bots, unread = discover(["restored_2025"], {"whisperengine_memory_elena": "restored_2025"}, PREFIXES)
    assert bots == [BotCollection("elena", "restored_2025")]
    assert unread == []


def test_one_collection_is_never_two_bots() -> None:
    bots, unread = discover(
        ["whisperengine_memory_elena"], {"whisperengine_memory_aria": "whisperengine_memory_elena"}, PREFIXES
    )
    assert bots == [BotCollection("elena", "whisperengine_memory_elena")]
    assert [item.collection for item in unread] == ["whisperengine_memory_aria"]


def test_what_lies_under_a_prefix_but_is_no_bot_name_is_reported_and_foreign_collections_are_not() -> None:
    bots, unread = discover(
        ["whisperengine_memory_Elena", "whisperengine_memory", "whisperengine_memory_7d", "products"],
        {"whisperengine_memory_lost": "gone"},
        PREFIXES,
    )
    assert bots == []
    assert [item.collection for item in unread] == ["whisperengine_memory_Elena", "whisperengine_memory_lost"]


NAMES = st.sampled_from(
    [f"{prefix}{bot}{suffix}" for prefix in PREFIXES for bot in ("a", "b", "") for suffix in ("", "_7d")] + ["foreign"]
)


@given(st.sets(NAMES), st.dictionaries(NAMES, NAMES), st.randoms(use_true_random=False))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_discovery_is_deterministic_and_gives_each_bot_and_each_collection_once(
    collections: set[str], aliases: dict[str, str], order: random.Random
) -> None:
    shuffled = list(collections)
    order.shuffle(shuffled)
    found = discover(shuffled, dict(reversed(aliases.items())), PREFIXES)
    assert found == discover(sorted(collections), aliases, PREFIXES)
    bots, _ = found
    assert len({bot.bot_name for bot in bots}) == len(bots) == len({bot.collection for bot in bots})
    assert {bot.collection for bot in bots} <= collections
    expected = {bot_of_collection(name, PREFIXES) for name in collections} - {None}
    assert expected <= {bot.bot_name for bot in bots}
