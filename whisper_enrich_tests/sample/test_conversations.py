"""The sample as points: each line in the form of its generation, all of them just before the anchor."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Disposition, Message, ParsedPoint, Scope, Speaker
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.messages.points import batches_to_write
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.sample.lines import Line, broken_records, lines, nominal_lines, shift_days
from whisper_enrich.sample.payloads import point_id
from whisper_enrich.sample.people import BOTS, PEOPLE

ANCHOR = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
POINTS = sample_points(ANCHOR)
FIRST_DAY = date(2023, 1, 1)


@cache
def parsed(bot: str) -> dict[str, ParsedPoint]:
    return {point.id: parse_point(bot, point, now=ANCHOR, first_day=FIRST_DAY) for point in POINTS[bot]}


def conversation(bot: str) -> list[Message]:
    """The messages of a bot, without the pair points that repeat what stands in two points already."""
    repeats = {point_id(f"{line.id}/pair") for line in nominal_lines(bot)}
    return messages_of(point for point in parsed(bot).values() if point.point_id not in repeats)


def said(bot: str) -> list[Line]:
    return [line for line in lines(bot, shift_days(ANCHOR)) if line.speaker != "reaction"]


def of_generation(bot: str, generation: str) -> list[Line]:
    return [line for line in said(bot) if line.generation == generation]


@settings(max_examples=20, derandomize=True, deadline=None)
@given(
    st.integers(0, 12 * 365 * 86_400).map(lambda seconds: datetime(2023, 3, 1, tzinfo=UTC) + timedelta(seconds=seconds))
)
def test_the_last_message_is_the_latest_possible_that_is_not_later_than_the_anchor(anchor):
    days = shift_days(anchor)
    times = [line.at for bot in BOTS for line in lines(bot, days)]
    assert timedelta(0) <= anchor - max(times) < timedelta(days=1)


def test_all_times_move_by_the_same_whole_days_and_keep_their_hour():
    days = timedelta(days=shift_days(ANCHOR))
    for bot in BOTS:
        for nominal, shifted in zip(nominal_lines(bot), lines(bot, days.days), strict=True):
            assert shifted.at - nominal.at == days
            assert shifted.at.timetz() == nominal.at.timetz()


def test_ids_do_not_depend_on_the_anchor_and_are_all_different():
    later = sample_points(ANCHOR + timedelta(days=100))
    ids = [point.id for bot in BOTS for point in POINTS[bot]]
    assert ids == [point.id for bot in BOTS for point in later[bot]]
    assert len(set(ids)) == len(ids)


def test_the_sample_is_as_large_as_promised():
    messages = [message for bot in BOTS for message in conversation(bot)]
    assert len(messages) >= 600
    assert len({message.user_id for message in messages}) == len(PEOPLE) == 8
    assert len({message.at.date() for message in messages}) == 21


@pytest.mark.parametrize("bot", BOTS)
def test_every_line_is_read_back_once_with_its_words_speaker_user_scope_and_order(bot):
    names = sample_names()
    for key, person in PEOPLE.items():
        read = [m for m in conversation(bot) if m.user_id == person.user_id]
        written = [line for line in said(bot) if line.user == key]
        assert [(m.text, m.speaker.value) for m in read] == [(line.text, line.speaker) for line in written]
        assert [m.scope for m in read] == [Scope.DM if line.channel == "dm" else Scope.SHARED for line in written]
        assert [m.at for m in read] == [line.at for line in written]
        assert names[person.user_id] == person.name


@pytest.mark.parametrize("bot", BOTS)
def test_an_answer_comes_a_millisecond_after_what_it_answers(bot):
    for user_id in {m.user_id for m in conversation(bot)}:
        own = [m for m in conversation(bot) if m.user_id == user_id]
        for before, message in pairwise(own):
            if message.speaker is Speaker.BOT:
                assert before.speaker is Speaker.USER
                assert message.at - before.at == timedelta(milliseconds=1)
                assert message.turn_at == before.turn_at


@pytest.mark.parametrize("bot", BOTS)
def test_the_emotion_of_a_point_of_its_own_is_that_of_its_line(bot):
    by_id = {point_id(line.id): line for line in said(bot) if line.generation in ("assistant", "bot_role", "design")}
    read = [m for m in conversation(bot) if m.point_id in by_id]
    assert len(read) == len(by_id)
    for message in read:
        line = by_id[message.point_id]
        assert (message.emotion, message.emotion_intensity) == (line.emotion, line.intensity)


@pytest.mark.parametrize("bot", BOTS)
def test_only_reactions_and_broken_points_are_no_conversation(bot):
    reactions = {point_id(line.id): "emoji_reaction" for line in nominal_lines(bot) if line.speaker == "reaction"}
    broken = {point_id(record["id"]) for record in broken_records()}
    others = {
        point.point_id: point.reason
        for point in parsed(bot).values()
        if point.disposition is not Disposition.CONVERSATION and point.point_id not in broken
    }
    assert len(reactions) == 6
    assert others == reactions


def test_broken_points_end_as_their_file_says():
    found = {point_id: point for bot in BOTS for point_id, point in parsed(bot).items()}
    records = broken_records()
    assert len(records) == 10
    for record in records:
        point = found[point_id(record["id"])]
        assert (point.disposition.value, point.reason) == (record["disposition"], record["reason"])


def test_broken_points_with_a_usable_time_move_along_and_the_far_future_stays_where_it_is():
    found = {point.id: point.payload for bot in BOTS for point in POINTS[bot]}
    days = timedelta(days=shift_days(ANCHOR))
    moved = found[point_id("broken-1")]["timestamp"]
    assert datetime.fromisoformat(moved + "Z") == datetime(2026, 1, 12, 8, 14, 30, 120000, tzinfo=UTC) + days
    assert found[point_id("broken-4")]["timestamp"].startswith("2099-")


def test_broken_points_carry_the_ids_of_the_people_they_are_about():
    payload = next(p.payload for p in POINTS["juno"] if p.id == point_id("broken-2"))
    assert payload["user_id"] == PEOPLE["theo"].user_id


def test_theo_is_one_user_of_two_bots():
    bots = {bot for bot in BOTS for m in conversation(bot) if m.user_id == PEOPLE["theo"].user_id}
    assert bots == {"juno", "marlow"}


@pytest.mark.parametrize(
    ("generation", "user", "bot_side"),
    [
        ("assistant", ("conversation", "user", "user_message"), ("conversation", "assistant", "bot_response")),
        ("bot_role", ("conversation", "user", "user_message"), ("conversation", "bot", "bot_response")),
        ("design", ("user_message", None, None), ("bot_response", None, None)),
    ],
)
def test_generations_of_two_points_name_the_speaker_in_their_own_way(generation, user, bot_side):
    for bot in BOTS:
        found = {point.id: point.payload for point in POINTS[bot]}
        own = of_generation(bot, generation)
        assert own
        for line in own:
            payload = found[point_id(line.id)]
            kind = (payload["memory_type"], payload.get("role"), payload.get("source"))
            assert kind == (user if line.speaker == "user" else bot_side)
            assert payload["content"] == line.text


@pytest.mark.parametrize("generation", ["pair", "import"])
def test_generations_of_one_point_hold_both_texts(generation):
    for bot in BOTS:
        own = of_generation(bot, generation)
        found = parsed(bot)
        points = [found[point_id(line.id)] for line in own if line.speaker == "user"]
        assert len(points) * 2 == len(own) > 0
        assert all(len(point.messages) == 2 for point in points)


def test_imports_name_no_speaker_and_pairs_do():
    for bot in BOTS:
        found = {point.id: point.payload for point in POINTS[bot]}
        for line in of_generation(bot, "import"):
            if line.speaker == "user":
                payload = found[point_id(line.id)]
                assert payload["content"].startswith(f"User: {line.text}\nAI: ")
                assert not {"role", "source", "user_message", "bot_response"} & payload.keys()
        for line in of_generation(bot, "pair"):
            if line.speaker == "user":
                payload = found[point_id(line.id)]
                assert payload["role"] == payload["source"] == "conversation_pair"
                assert payload["user_message"] == line.text


def test_a_duplicate_pair_repeats_the_words_speakers_and_times_of_two_points():
    for bot in BOTS:
        found = parsed(bot)
        questions = [line for line in of_generation(bot, "duplicate_pair") if line.speaker == "user"]
        assert questions
        for line in questions:
            halves = found[point_id(f"{line.id}/pair")].messages
            said_so = [(half.speaker, half.user_id, half.at, half.text, half.scope) for half in halves]
            apart = [(m.speaker, m.user_id, m.at, m.text, m.scope) for m in conversation(bot)]
            at = apart.index(said_so[0])
            assert apart[at : at + 2] == said_so


def test_no_placeholder_is_left_anywhere():
    everything = json.dumps([point.payload for bot in BOTS for point in POINTS[bot]], ensure_ascii=False)
    assert not re.search(r"\{(weekday|date|month)", everything)


def test_clocks_agree_and_times_are_naive_except_on_imports():
    zones = Counter()
    for bot in BOTS:
        for point in POINTS[bot]:
            skew = parsed(bot)[point.id].clock_skew_seconds
            assert skew is None or abs(skew) < 1e-3
            if "timestamp_unix" in point.payload:
                stamp = point.payload["timestamp"]
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z?", stamp)
                zones[stamp.endswith("Z")] += 1
    assert zones[True] == sum(len(of_generation(bot, "import")) for bot in BOTS) / 2


def test_a_private_channel_belongs_to_one_bot_and_user_and_the_guild_to_the_bot():
    users = {}
    for bot in BOTS:
        for message in conversation(bot):
            if message.channel_id is not None:
                users.setdefault((message.channel_id, message.scope), set()).add((bot, message.user_id))
    for (_, scope), whom in users.items():
        assert len({bot for bot, _ in whom}) == 1
        assert scope is Scope.SHARED or len(whom) == 1


def test_every_point_can_be_written_to_a_store():
    for bot in BOTS:
        assert sum(map(len, batches_to_write(POINTS[bot]))) == len(POINTS[bot])


def test_points_have_three_vectors_but_broken_ones_have_none():
    broken = {point_id(record["id"]) for record in broken_records()}
    for bot in BOTS:
        for point in POINTS[bot]:
            assert sorted(point.vectors) == ([] if point.id in broken else ["content", "emotion", "semantic"])
