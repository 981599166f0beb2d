"""The data files themselves, and how their placeholders are told."""

import json
from datetime import date, datetime, timedelta
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.facts.model import Category
from whisper_enrich.sample.lines import MONTHS, WEEKDAYS, nominal_lines, render, shift_days, turns
from whisper_enrich.sample.people import BOTS, PEOPLE

EMOTIONS = {
    "anger", "anticipation", "disgust", "fear", "joy", "love",
    "optimism", "pessimism", "sadness", "surprise", "trust", "neutral",
}  # fmt: skip
GENERATIONS = {"assistant", "bot_role", "design", "pair", "duplicate_pair", "import"}


def raw_lines(bot):
    text = resources.files("whisper_enrich.sample").joinpath("conversations", f"{bot}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see you {weekday:+3}", "see you Saturday"),
        ("since {weekday:-1}", "since Tuesday"),
        ("{weekday:+0}", "Wednesday"),
        ("due {date:+9}, not {date:+2}", "due 9 January, not 2 January"),
        ("in {month:+1} or {month:-2}", "in January or October"),
        ("{month:+13}", "January"),
        ("nothing {here} to tell {date:9}", "nothing {here} to tell {date:9}"),
    ],
)
def test_placeholders_are_told_from_the_day_of_the_message(text, told):
    assert render(text, date(2025, 12, 31)) == told


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_a_told_date_and_weekday_are_those_of_the_calendar(day, distance):
    then = day + timedelta(days=distance)
    number, month = render(f"{{date:{distance:+d}}}", day).split()
    assert (int(number), MONTHS.index(month) + 1) == (then.day, then.month)
    assert WEEKDAYS.index(render(f"{{weekday:{distance:+d}}}", day)) == then.isoweekday() - 1


def test_a_naive_anchor_is_refused():
    with pytest.raises(ValueError, match="aware"):
        shift_days(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("bot", BOTS)
def test_lines_are_in_order_with_known_words_and_ids_of_their_own(bot):
    raw = raw_lines(bot)
    assert len(raw) >= 220
    assert [line["at"] for line in raw] == sorted(line["at"] for line in raw)
    assert len({line["id"] for line in raw}) == len(raw)
    assert all(line["id"].startswith(f"{bot}-") for line in raw)
    assert {line["emotion"] for line in raw} <= EMOTIONS
    assert {line["generation"] for line in raw} == GENERATIONS
    assert {line["user"] for line in raw} <= PEOPLE.keys()
    assert {line["channel"] for line in raw} == {"dm", "guild", None}
    assert all(0 <= line["intensity"] <= 1 and line["text"].strip() == line["text"] for line in raw)
    assert {line["at"][:10] for line in raw} == {f"2026-01-{day:02d}" for day in range(5, 26)}


@pytest.mark.parametrize("bot", BOTS)
def test_every_line_of_the_bot_answers_its_user_within_two_minutes_in_the_same_generation_and_channel(bot):
    written = {line["id"]: line for line in raw_lines(bot)}
    answered = [turn for turn in turns(nominal_lines(bot)) if turn.answer is not None]
    assert len(answered) == sum(line["speaker"] == "bot" for line in written.values())
    for turn in answered:
        wait = datetime.fromisoformat(written[turn.answer.id]["at"]) - datetime.fromisoformat(
            written[turn.line.id]["at"]
        )
        assert timedelta(0) < wait <= timedelta(minutes=2)
        assert (turn.line.generation, turn.line.channel, turn.line.user) == (
            turn.answer.generation, turn.answer.channel, turn.answer.user
        )  # fmt: skip


@pytest.mark.parametrize("bot", BOTS)
def test_what_is_stored_as_one_point_has_both_halves(bot):
    for turn in turns(nominal_lines(bot)):
        if turn.line.generation in ("pair", "import", "duplicate_pair") and turn.line.speaker == "user":
            assert turn.answer is not None


@pytest.mark.parametrize("bot", BOTS)
def test_gold_is_said_by_the_user_in_the_quoted_words(bot):
    for line in nominal_lines(bot):
        for note in line.notes:
            assert line.speaker == "user"
            assert note.quote in line.text
            assert "{user}" in note.statement
            assert not note.statement.lower().startswith(line.user)
            assert note.category in set(Category)


@pytest.mark.parametrize("bot", BOTS)
def test_reactions_are_to_a_line_of_the_bot_before_them(bot):
    speakers = {}
    reactions = [line for line in raw_lines(bot) if line["speaker"] == "reaction"]
    for line in raw_lines(bot):
        if line["speaker"] == "reaction":
            assert speakers[line["to"]] == "bot"
            assert line["emotion_type"]
        speakers[line["id"]] = line["speaker"]
    assert 4 <= len(reactions) <= 6
