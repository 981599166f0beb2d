"""The gold list and the expectations, rendered for the same days as the points."""

import re
from datetime import UTC, date, datetime

from whisper_enrich.messages.model import Speaker
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.sample.conversations import sample_expectations, sample_gold, sample_names, sample_points
from whisper_enrich.sample.people import BOTS, PEOPLE

ANCHOR = datetime(2026, 11, 21, 8, 20, tzinfo=UTC)
PLACEHOLDER = re.compile(r"\{(weekday|date|month)")


def parsed():
    return {
        point.id: parse_point(bot, point, now=ANCHOR, first_day=date(2023, 1, 1))
        for bot, points in sample_points(ANCHOR).items()
        for point in points
    }


def test_each_gold_fact_quotes_the_users_words_in_the_point_it_names():
    points = parsed()
    gold = sample_gold(ANCHOR)
    assert len(gold) >= 300
    for fact in gold:
        message = points[fact.point_id].messages[0]
        assert message.speaker is Speaker.USER
        assert (message.bot_name, message.user_id) == (fact.bot, fact.user_id)
        assert fact.quote in message.text
        assert fact.day == points[fact.point_id].day


def test_gold_dates_are_told_in_the_days_of_the_shifted_messages():
    flat = [fact.statement for fact in sample_gold(ANCHOR)]
    assert not any(map(PLACEHOLDER.search, flat))
    # Ruth says this on the second of the 21 days, 2 November, and corrects herself: 22 days on, not 29.
    assert "{user}'s grandchild is due on 24 November" in flat


def test_there_is_an_expectation_for_each_bot_and_user_that_talk():
    expectations = sample_expectations(ANCHOR)
    assert len(expectations) == 9
    assert {expectation.bot for expectation in expectations} == set(BOTS)
    assert {expectation.user_id for expectation in expectations} == sample_names().keys()
    for expectation in expectations:
        assert len(expectation.current) >= 15
        assert len(expectation.must_not) >= 8
        assert expectation.replaced


def test_what_was_replaced_is_a_gold_fact_and_holds_no_longer():
    gold = {(fact.bot, fact.user_id, fact.statement) for fact in sample_gold(ANCHOR)}
    for expectation in sample_expectations(ANCHOR):
        for item in expectation.replaced:
            assert (expectation.bot, expectation.user_id, item.was) in gold
            assert item.was not in expectation.current


def test_expectations_name_points_of_the_same_bot_and_user():
    points = parsed()
    for expectation in sample_expectations(ANCHOR):
        for item in (*expectation.replaced, *expectation.must_not):
            point = points[item.point_id]
            assert point.user_id == expectation.user_id
            assert all(message.bot_name == expectation.bot for message in point.messages)


def test_what_is_not_to_be_stored_is_not_gold():
    gold = {(fact.bot, fact.user_id, fact.statement) for fact in sample_gold(ANCHOR)}
    for expectation in sample_expectations(ANCHOR):
        forbidden = {(expectation.bot, expectation.user_id, item.statement) for item in expectation.must_not}
        assert not forbidden & gold


def test_statements_stand_for_the_person_by_a_placeholder_only():
    for expectation in sample_expectations(ANCHOR):
        key = next(key for key, person in PEOPLE.items() if person.user_id == expectation.user_id)
        told = [*expectation.current, *(item.statement for item in expectation.must_not)]
        told += [text for item in expectation.replaced for text in (item.was, item.now)]
        for statement in told:
            assert "{user}" in statement
            assert not PLACEHOLDER.search(statement)
            assert not statement.lower().startswith(key)
