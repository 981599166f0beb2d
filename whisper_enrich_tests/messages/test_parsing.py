from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Disposition, Message, ParsedPoint, Point, Scope, Speaker
from whisper_enrich.messages.parsing import (
    HASH_FIELDS,
    LEFT_OUT,
    MAX_TEXT,
    QUARANTINED,
    content_hash,
    messages_of,
    parse_point,
)
from whisper_enrich.messages.store import PAYLOAD_FIELDS
from whisper_enrich_tests.messages.builders import FIRST_DAY, NOW, parse, payload, point, uuid_of


def only(parsed: ParsedPoint) -> Message:
    (message,) = parsed.messages
    return message


def texts(parsed: ParsedPoint) -> list[tuple[str, str]]:
    return [(message.speaker.value, message.text) for message in parsed.messages]


# Speakers and generations


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({"role": "user", "source": "user_message"}, Speaker.USER),
        ({"role": "assistant", "source": "bot_response"}, Speaker.BOT),
        ({"role": "bot", "source": "bot_response"}, Speaker.BOT),
        ({"role": "user", "source": "bot_response", "memory_type": "bot_response"}, Speaker.USER),
        ({"role": ..., "source": "bot_response"}, Speaker.BOT),
        ({"role": None, "source": "user_message"}, Speaker.USER),
        ({"role": ..., "source": "bot_response", "memory_type": "user_message"}, Speaker.BOT),
        ({"role": ..., "source": ..., "memory_type": "user_message"}, Speaker.USER),
        ({"role": ..., "source": ..., "memory_type": "bot_response"}, Speaker.BOT),
        ({"role": " Assistant ", "source": "user_message"}, Speaker.BOT),
        ({"role": "wizard", "source": "user_message"}, Speaker.USER),
        ({"role": "user", "source": "system"}, Speaker.USER),
    ],
)
def test_the_speaker_is_said_by_role_then_source_then_memory_type(fields: dict[str, Any], speaker: Speaker) -> None:
    assert only(parse(**fields)).speaker is speaker


def test_a_message_carries_what_the_bots_stored_with_it() -> None:
    assert only(parse(channel_type="dm")) == Message(
        bot_name="elena",
        point_id=uuid_of(1),
        speaker=Speaker.USER,
        user_id="672814231002939413",
        at=datetime(2026, 1, 14, 23, 41, 19, 323069, tzinfo=UTC),
        text="I moved to Leeds last week.",
        scope=Scope.DM,
        content_hash=content_hash(payload(channel_type="dm")),
        channel_id="1100",
        emotion="joy",
        emotion_intensity=0.7,
    )


def test_a_pair_is_the_users_message_and_the_answer_a_millisecond_later() -> None:
    parsed = parse(role="conversation_pair", content="Hi", user_message="Hi", bot_response="Hello")
    assert texts(parsed) == [("user", "Hi"), ("bot", "Hello")]
    user, bot = parsed.messages
    assert bot.at - user.at == timedelta(milliseconds=1)
    assert (user.emotion, bot.emotion, bot.emotion_intensity) == ("joy", None, None)


@pytest.mark.parametrize(("user_text", "bot_text"), [("Hi", ""), ("Hi", None), ("", "Hello"), (..., "Hello")])
def test_a_pair_with_an_empty_half_is_one_message(user_text: Any, bot_text: Any) -> None:
    parsed = parse(role=..., source="conversation_pair", user_message=user_text, bot_response=bot_text)
    assert texts(parsed) == [("user", "Hi") if user_text == "Hi" else ("bot", "Hello")]


def test_a_pair_and_its_answer_belong_to_the_users_day_even_at_midnight() -> None:
    parsed = parse(
        role="conversation_pair", user_message="Hi", bot_response="Hello", timestamp="2026-01-15T00:00:00.000000"
    )
    assert parsed.day == date(2026, 1, 15)
    assert {message.turn_at.date() for message in parsed.messages} == {date(2026, 1, 15)}


def test_an_answer_stamped_at_midnight_belongs_to_the_day_of_its_question() -> None:
    parsed = parse(role="assistant", timestamp="2026-01-15T00:00:00")
    assert parsed.day == only(parsed).turn_at.date() == date(2026, 1, 14)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("User: Hi there\nAI: Hello", [("user", "Hi there"), ("bot", "Hello")]),
        ("User: one\ntwo\n\nthree\nAI: four\nfive", [("user", "one\ntwo\n\nthree"), ("bot", "four\nfive")]),
        ("User: a\nAI: b\nUser: c\nAI: d", [("user", "a\nc"), ("bot", "b\nd")]),
        ("AI: Welcome\nUser: Hi", [("user", "Hi"), ("bot", "Welcome")]),
        ("User: Hi\r\nAI: Hello", [("user", "Hi"), ("bot", "Hello")]),
        ("\n User: Hi", [("user", "Hi")]),
        ("AI: Hello", [("bot", "Hello")]),
        ("User: I told the AI: no\nAI: Fine", [("user", "I told the AI: no"), ("bot", "Fine")]),
    ],
)
def test_an_import_without_a_role_is_split_at_its_labels(content: str, expected: list[tuple[str, str]]) -> None:
    assert texts(parse(role=..., source=..., content=content)) == expected


def test_a_pair_without_halves_is_read_from_its_content() -> None:
    assert texts(parse(role="conversation_pair", content="User: a\nAI: b")) == [("user", "a"), ("bot", "b")]


def test_a_user_who_writes_a_label_is_not_an_import() -> None:
    assert texts(parse(content="User: error 5\nAI: broken")) == [("user", "User: error 5\nAI: broken")]


# What is left out


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"user_id": "bot_self_elena"}, "pseudo_user"),
        ({"user_id": "bot_marcus"}, "pseudo_user"),
        ({"interaction_type": "emoji_reaction", "emotion_type": "positive_mild"}, "emoji_reaction"),
        ({"content": "[EMOJI_REACTION] thumbs up"}, "emoji_reaction"),
        ({"content": "[EMOTIONAL_FEEDBACK] x"}, "emotional_feedback"),
        ({"content": "[KNOWLEDGE_IMPORT] x"}, "knowledge_import"),
        ({"content": "  [SELF_REFLECTION] x"}, "self_reflection"),
        ({"content": "Emotional assessment: calm"}, "emotional_assessment"),
        ({"content": "Intervention: rest"}, "intervention"),
        ({"role": "conversation_pair", "user_message": "[EMOJI_REACTION] x", "bot_response": "y"}, "emoji_reaction"),
        *[
            ({"memory_type": kind}, "not_conversation")
            for kind in ("fact", "preference", "context", "correction", "relationship")
        ],
        ({"role": ..., "source": "explicit_fact"}, "not_conversation"),
        ({"role": "system"}, "not_conversation"),
        ({"content": ""}, "empty_content"),
        ({"content": " \n\t"}, "empty_content"),
        ({"content": None}, "empty_content"),
        ({"content": ...}, "empty_content"),
        ({"content": "\x00\x00"}, "empty_content"),
        ({"role": "conversation_pair", "content": "", "user_message": "", "bot_response": " "}, "empty_content"),
        ({"role": ..., "source": ..., "content": "User: \nAI: "}, "empty_content"),
        ({"timestamp": "2024-12-31T23:59:59.999999"}, "before_first_day"),
    ],
)
def test_what_is_no_conversation_is_left_out_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    parsed = parse(**fields)
    assert (parsed.disposition, parsed.reason, parsed.messages) == (Disposition.LEFT_OUT, reason, ())


@pytest.mark.parametrize("user_id", ["synthetic_user_1", "robot_fan", "bott"])
def test_a_user_whose_name_only_resembles_a_bots_is_an_ordinary_user(user_id: str) -> None:
    assert only(parse(user_id=user_id)).user_id == user_id


def test_a_reaction_is_left_out_even_when_it_is_broken_otherwise() -> None:
    parsed = parse(interaction_type="emoji_reaction", user_id=..., timestamp=..., timestamp_unix=..., content=...)
    assert (parsed.disposition, parsed.reason, parsed.day) == (Disposition.LEFT_OUT, "emoji_reaction", None)


def test_the_first_day_itself_is_in() -> None:
    assert parse(timestamp="2025-01-01T00:00:00").disposition is Disposition.CONVERSATION


# What is quarantined


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"user_id": ...}, "no_user"),
        ({"user_id": None}, "no_user"),
        ({"user_id": "  "}, "no_user"),
        ({"user_id": "\x00"}, "no_user"),
        ({"user_id": 12.5}, "user_not_text"),
        ({"user_id": True}, "user_not_text"),
        ({"user_id": ["5"]}, "user_not_text"),
        ({"user_id": "u" * 256}, "user_too_long"),
        ({"user_id": 10**5000}, "user_too_long"),
        ({"content": 5}, "content_not_text"),
        ({"content": {"text": "hi"}}, "content_not_text"),
        ({"role": "conversation_pair", "user_message": ["hi"], "bot_response": "y"}, "content_not_text"),
        ({"content": "x" * (MAX_TEXT + 1)}, "content_too_long"),
        ({"role": ..., "source": ...}, "unknown_speaker"),
        ({"role": 5, "source": [], "memory_type": {}}, "unknown_speaker"),
        ({"role": "conversation_pair"}, "unknown_speaker"),
        ({"timestamp": ..., "timestamp_unix": ...}, "no_time"),
        ({"timestamp": None, "timestamp_unix": None}, "no_time"),
        ({"timestamp": "", "timestamp_unix": ...}, "no_time"),
        ({"timestamp": "yesterday", "timestamp_unix": ...}, "bad_time"),
        ({"timestamp": 1768434079, "timestamp_unix": ...}, "bad_time"),
        ({"timestamp": "0001-01-01T00:00:00Z", "timestamp_unix": ...}, "bad_time"),
        ({"timestamp": "0001-01-01T00:00:00+23:59", "timestamp_unix": ...}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": math.nan}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": math.inf}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": 10**400}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": 1e300}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": -5}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": 1768434079323}, "bad_time"),
        ({"timestamp": ..., "timestamp_unix": True}, "bad_time"),
        ({"timestamp": (NOW + timedelta(hours=1, seconds=1)).isoformat()}, "time_in_future"),
        ({"timestamp": "9999-12-31T23:59:59.999999"}, "time_in_future"),
    ],
)
def test_what_is_broken_is_quarantined_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    parsed = parse(**fields)
    assert (parsed.disposition, parsed.reason, parsed.messages) == (Disposition.QUARANTINED, reason, ())


def test_a_time_in_the_future_is_kept_as_a_claim_and_gives_no_day() -> None:
    parsed = parse(timestamp="2031-05-01T00:00:00")
    assert parsed.at == datetime(2031, 5, 1, tzinfo=UTC)
    assert parsed.day is None


def test_a_clock_that_runs_an_hour_ahead_is_forgiven() -> None:
    assert parse(timestamp=(NOW + timedelta(hours=1)).isoformat()).disposition is Disposition.CONVERSATION


@pytest.mark.parametrize("broken", [None, [], "text", 5])
def test_a_payload_that_is_no_mapping_is_quarantined(broken: Any) -> None:
    parsed = parse_point("elena", Point(uuid_of(1), broken), now=NOW, first_day=FIRST_DAY)
    assert (parsed.disposition, parsed.reason) == (Disposition.QUARANTINED, "payload_not_mapping")


def test_every_reason_says_itself_to_a_person_in_one_table_only() -> None:
    assert not set(LEFT_OUT) & set(QUARANTINED)


# Times


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-14T23:41:19.323069",
        "2026-01-14T23:41:19.323069Z",
        "2026-01-14t23:41:19.323069z",
        "2026-01-14 23:41:19.323069+00:00",
        "2026-01-15T05:11:19.323069+05:30",
        "2026-01-14T15:41:19.323069-08:00",
        " 2026-01-14T23:41:19.323069 ",
    ],
)
def test_a_timestamp_is_the_same_instant_with_and_without_an_offset(stamp: str) -> None:
    parsed = parse(timestamp=stamp)
    assert parsed.at == datetime(2026, 1, 14, 23, 41, 19, 323069, tzinfo=UTC)
    assert parsed.at.utcoffset() == timedelta(0)
    assert parsed.day == date(2026, 1, 14)


@pytest.mark.parametrize("stamp", [..., None, "", "not a time", 12])
def test_without_a_usable_timestamp_the_unix_time_counts(stamp: Any) -> None:
    parsed = parse(timestamp=stamp, timestamp_unix=1768434079.5)
    assert parsed.at == datetime(2026, 1, 14, 23, 41, 19, 500000, tzinfo=UTC)
    assert parsed.clock_skew_seconds is None


def test_the_timestamp_wins_over_a_skewed_unix_time_and_the_skew_is_told() -> None:
    parsed = parse(timestamp="2026-01-14T23:41:19", timestamp_unix=1768434079.0 + 25_200)
    assert parsed.at == datetime(2026, 1, 14, 23, 41, 19, tzinfo=UTC)
    assert parsed.clock_skew_seconds == pytest.approx(25_200)


@pytest.mark.parametrize("unix", [math.nan, math.inf, 10**400, "1768434079", None])
def test_an_unusable_unix_time_beside_a_timestamp_is_no_skew(unix: Any) -> None:
    assert parse(timestamp_unix=unix).clock_skew_seconds is None


# Scope, emotion, ids, text


@pytest.mark.parametrize(
    ("channel_type", "scope"),
    [
        ("dm", Scope.DM),
        ("DM", Scope.DM),
        (" dm ", Scope.DM),
        ("private", Scope.DM),
        ("guild", Scope.SHARED),
        (None, Scope.SHARED),
        (..., Scope.SHARED),
        (["dm"], Scope.SHARED),
    ],
)
def test_what_was_said_in_a_dm_has_the_scope_dm(channel_type: Any, scope: Scope) -> None:
    assert only(parse(channel_type=channel_type)).scope is scope


@pytest.mark.parametrize(
    ("label", "intensity", "expected"),
    [
        ("Joy", 0.5, ("joy", 0.5)),
        (" mixed feelings ", 1, ("mixed feelings", 1.0)),
        ("joy\x00", True, ("joy", None)),
        ("", 1.5, (None, None)),
        (7, math.nan, (None, None)),
        ("x" * 5000, "0.5", (None, None)),
        (None, None, (None, None)),
    ],
)
def test_an_emotion_is_a_short_lower_case_label_and_an_intensity_between_0_and_1(
    label: Any, intensity: Any, expected: tuple[str | None, float | None]
) -> None:
    message = only(parse(emotional_context=label, emotional_intensity=intensity))
    assert (message.emotion, message.emotion_intensity) == expected


def test_whole_numbers_as_ids_are_read_as_text() -> None:
    message = only(parse(user_id=672814231002939413, channel_id=1100))
    assert (message.user_id, message.channel_id) == ("672814231002939413", "1100")


def test_text_is_verbatim_but_for_what_a_database_cannot_hold() -> None:
    assert only(parse(content="  é\x00 \ud83d end\n")).text == "  é \ufffd end\n"
    assert only(parse(content="\ud83d\ude00 joined")).text == "\U0001f600 joined"


def test_the_stored_vector_goes_to_each_message_of_the_point() -> None:
    vectors = {"content": [0.6, 0.8], "emotion": [1.0, 0.0]}
    pair = point(vectors=vectors, role="conversation_pair", user_message="a", bot_response="b")
    parsed = parse_point("elena", pair, now=NOW, first_day=FIRST_DAY)
    assert [message.vector for message in parsed.messages] == [[0.6, 0.8], [0.6, 0.8]]


@pytest.mark.parametrize("vector", [[], [math.nan, 1.0], [math.inf, 1.0]])
def test_a_broken_vector_is_no_vector(vector: list[float]) -> None:
    parsed = parse_point("elena", point(vectors={"content": vector}), now=NOW, first_day=FIRST_DAY)
    assert only(parsed).vector is None


def test_messages_of_points_come_in_the_order_of_the_talk() -> None:
    later, answer, question = (
        parse_point("elena", point(number, timestamp=stamp, role=role), now=NOW, first_day=FIRST_DAY)
        for number, stamp, role in [
            (1, "2026-01-14T10:00:05", "user"),
            (2, "2026-01-14T10:00:00", "assistant"),
            (3, "2026-01-14T10:00:00", "user"),
        ]
    )
    assert messages_of([later, answer, question]) == [only(question), only(answer), only(later)]


# The content hash


def test_the_hash_is_what_it_always_was() -> None:
    """Pinned: another value would make every ledger process everything anew."""
    assert content_hash(payload()) == "517028c9ac7dcc33"
    assert content_hash(payload(content="émoji \U0001fae8 \u0300")) == "97b77331302d8f58"
    assert content_hash({}) == "bb029da2e8b4b2dd"


def test_the_hash_reads_only_fields_that_intake_selects() -> None:
    assert set(HASH_FIELDS) <= set(PAYLOAD_FIELDS)
    selected = {name: value for name, value in payload().items() if name in PAYLOAD_FIELDS}
    assert content_hash(selected) == content_hash(payload())


@pytest.mark.parametrize("name", HASH_FIELDS)
def test_a_change_of_what_was_said_changes_the_hash(name: str) -> None:
    assert content_hash(payload(**{name: "something else"})) != content_hash(payload())


def test_absent_and_null_fields_hash_alike() -> None:
    assert content_hash(payload(channel_id=None)) == content_hash(payload(channel_id=...))


def test_texts_do_not_run_into_each_other() -> None:
    assert content_hash({"user_message": "ab", "bot_response": "c"}) != content_hash(
        {"user_message": "a", "bot_response": "bc"}
    )


def test_the_hash_does_not_depend_on_the_order_of_nested_fields() -> None:
    one = {"content": {"a": 1, "b": [{"x": 1, "y": 2}]}}
    other = {"content": {"b": [{"y": 2, "x": 1}], "a": 1}}
    assert content_hash(one) == content_hash(other) != content_hash({"content": {"a": 1, "b": [{"x": 1, "y": 3}]}})


def test_numbers_and_depths_beyond_reason_are_hashed_too() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for absurd in (10**5000, deep, {"a": deep}, math.nan, b"bytes", object()):
        assert content_hash({"content": absurd}) == content_hash({"content": absurd})
    assert content_hash({"content": 10**5000}) != content_hash({"content": 10**5000 + 1})


def test_a_read_only_mapping_hashes_like_a_dict() -> None:
    assert content_hash(MappingProxyType(payload())) == content_hash(payload())


# Properties

NASTY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, math.nan, math.inf, -math.inf, -0.0, 1e308]),
    st.floats(allow_nan=True),
    st.text(st.characters(codec=None), max_size=40),
    st.sampled_from(["", "\x00", "\ud800", "user", "assistant", "conversation_pair", "fact", "dm", "User: a\nAI: b"]),
    st.sampled_from(
        ["2026-01-14T10:00:00", "2026-01-14T10:00:00Z", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"]
    ),
    st.sampled_from(["bot_self_x", "[EMOJI_REACTION]", "Intervention: x", "emoji_reaction", "bot_response", "system"]),
)
JSON = st.recursive(
    NASTY, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
PAYLOADS = st.dictionaries(st.sampled_from([*HASH_FIELDS, "access_count", "bot_emotion"]), JSON, max_size=17)
MOSTLY_GOOD = st.dictionaries(st.sampled_from([*HASH_FIELDS]), NASTY, max_size=3).map(lambda some: payload() | some)


@given(PAYLOADS | MOSTLY_GOOD | JSON)
@settings(max_examples=600, derandomize=True, deadline=None)
def test_any_payload_lands_in_exactly_one_disposition_and_parses_alike_twice(anything: Any) -> None:
    parsed = parse_point("elena", Point(uuid_of(1), anything), now=NOW, first_day=FIRST_DAY)
    assert parsed == parse_point("elena", Point(uuid_of(1), anything), now=NOW, first_day=FIRST_DAY)
    assert len(parsed.content_hash) == 16
    assert set(parsed.content_hash) <= set("0123456789abcdef")
    if parsed.disposition is Disposition.CONVERSATION:
        assert parsed.reason is None
        assert len(parsed.messages) in (1, 2)
    else:
        assert parsed.messages == ()
        assert parsed.reason in (LEFT_OUT if parsed.disposition is Disposition.LEFT_OUT else QUARANTINED)
    for message in parsed.messages:
        assert_storable(message)
        assert message.content_hash == parsed.content_hash
        assert FIRST_DAY <= message.turn_at.date() == parsed.day
        assert message.at <= NOW + timedelta(hours=1, milliseconds=1)


def assert_storable(message: Message) -> None:
    for written in (message.user_id, message.text, message.channel_id, message.emotion):
        assert written is None or "\x00" not in written
        assert written is None or written.encode("utf-8")
    assert len(message.user_id) <= 255
    assert message.at.utcoffset() == timedelta(0)
    assert message.emotion_intensity is None or 0 <= message.emotion_intensity <= 1


@given(
    MOSTLY_GOOD | PAYLOADS, st.dictionaries(st.sampled_from(["enrichment_status", "enriched_at", "access_count"]), JSON)
)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_the_hash_is_blind_to_marks_and_access_counts(anything: Mapping[str, Any], marks: Mapping[str, Any]) -> None:
    marked = {**anything, **marks, "enrichment_ledger": "x", "enrichment_content_hash": "y", "enrichment_version": "z"}
    assert content_hash(marked) == content_hash(anything)
