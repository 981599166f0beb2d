"""What held on a day, what was known at a time, and what each version says of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.fold import Folded, fold, held_on, known_by
from whisper_enrich.facts.merge import OPPOSITES
from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.facts.slots import HAPPENED, UNCHANGING
from whisper_enrich.messages.model import Scope
from whisper_enrich_tests.facts.fold_builders import now, said

LIFE = said(
    "2025-01-05 lives_in=leeds from 2019-04-01",
    "2025-01-06 past lives_in=paris from 2010-01-01 to 2010-12-31",
    "2025-02-05 plan lives_in=york from 2025-05-01",
    "2025-05-10 lives_in=york from 2025-05-02",
    "2025-08-01 not lives_in=york",
)


@pytest.mark.parametrize(
    ("day", "home"),
    [
        ("2009-12-31", []),
        ("2010-01-01", ["paris"]),
        ("2010-12-31", ["paris"]),
        ("2011-01-01", []),
        ("2019-04-01", ["leeds"]),
        ("2025-05-01", ["leeds"]),
        ("2025-05-02", ["york"]),
        ("2025-07-31", ["york"]),
        ("2025-08-01", []),
    ],
)
def test_the_home_on_a_day(day, home):
    assert [v.value for v in held_on(fold(LIFE).versions, date.fromisoformat(day))] == home


def test_what_has_no_known_time_held_on_no_day():
    versions = fold(said("2025-01-05 past event=broke a leg", "2025-01-05 plan lives_in=york")).versions
    assert held_on(versions, date(2025, 6, 1)) == ()


def test_what_was_corrected_held_on_no_day():
    versions = fold(said("2025-01-05 10:00 lives_in=leeds", "2025-01-05 10:02 lives_in=york")).versions
    assert [v.value for v in held_on(versions, date(2025, 1, 5))] == ["york"]


@pytest.mark.parametrize(
    ("at", "known"),
    [
        ("2025-01-01", []),
        ("2025-01-05", ["lives_in=leeds"]),
        ("2025-03-01", ["lives_in=leeds", "plan lives_in=york"]),
        ("2025-05-09", ["lives_in=leeds", "plan lives_in=york"]),
        ("2025-05-10", ["lives_in=york"]),
        ("2025-08-01", []),
    ],
)
def test_the_home_known_at_noon(at, known):
    assert now(known_by(LIFE, datetime.fromisoformat(f"{at}T12:00+00:00"))) == known


def test_known_by_keeps_the_scope():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert known_by(said("2025-01-05 dm likes=tea"), at, scope=Scope.SHARED) == Folded()


def test_versions_say_when_they_became_known_and_when_their_end_did():
    told = {
        (v.value, v.tense.value): (v.known_from.date(), v.known_to and v.known_to.date(), v.reason.value)
        for v in fold(LIFE).versions
    }
    assert told == {
        ("leeds", "present"): (date(2025, 1, 5), date(2025, 5, 10), "superseded"),
        ("paris", "past"): (date(2025, 1, 6), date(2025, 1, 6), "past"),
        ("york", "future"): (date(2025, 2, 5), date(2025, 5, 10), "superseded"),
        ("york", "present"): (date(2025, 5, 10), date(2025, 8, 1), "retracted"),
    }


def test_a_former_home_names_its_successor():
    folded = fold(said("2025-01-05 lives_in=leeds", "2025-05-01 lives_in=york"))
    (home,) = folded.facts
    (former,) = [v for v in folded.versions if v.key != home.key]
    assert former.superseded_by == home.key
    assert [piece.quote for piece in former.ended_by] == ["2025-05-01 lives_in=york"]


def test_biography_ended_before_it_was_told():
    folded = fold(said("2025-05-01 lives_in=leeds", "2025-05-10 lives_in=paris from 2015-01-01"))
    (former,) = [v for v in folded.versions if v.value == "paris"]
    assert former.known_from == former.known_to


def test_the_end_is_known_from_the_first_message_that_tells_it():
    lines = ["2025-01-05 lives_in=leeds", "2025-03-01 lives_in=york", "2025-06-01 lives_in=york from 2025-02-10"]
    (former,) = [v for v in fold(said(*lines)).versions if v.value == "leeds"]
    assert former.valid_to == date(2025, 2, 10)
    assert former.known_to == datetime(2025, 3, 1, 12, tzinfo=UTC)


def test_versions_of_a_fact_are_numbered_from_one():
    lines = ["2025-01-05 partner=sam", "2025-02-05 not partner=", "2025-03-05 partner=sam", "2025-04-05 not partner="]
    assert [(v.number, v.valid_from.month) for v in fold(said(*lines)).versions] == [(1, 1), (2, 3)]


def test_a_fact_counts_messages_and_remembers_the_first_and_the_last():
    lines = ["2025-03-05 likes=tea", "2025-01-05 likes=tea", "2025-02-05 likes=teas"]
    (fact,) = fold(said(*lines)).facts
    assert (fact.first_said_at.month, fact.last_said_at.month, fact.mentions) == (1, 3, 3)
    assert [piece.said_at.month for piece in fact.evidence] == [1, 2, 3]


def test_a_stated_last_day_ends_the_day_after_it():
    (fact,) = fold(said("2025-05-05 ill_with=flu to 2025-05-09")).facts
    assert (fact.valid_from, fact.valid_to) == (date(2025, 5, 5), date(2025, 5, 10))


def test_going_on_after_the_stated_last_day_opens_the_end_again():
    (fact,) = fold(said("2025-05-05 ill_with=flu to 2025-05-09", "2025-05-12 ill_with=flu")).facts
    assert fact.valid_to is None


def test_a_last_day_before_the_message_dates_the_start_of_what_is_present():
    (fact,) = fold(said("2025-05-20 lives_in=leeds from 2025-04-01 to 2025-04-30")).facts
    assert (fact.valid_from, fact.valid_to) == (date(2025, 4, 1), None)


def test_an_event_in_the_past_is_a_fact_whatever_its_attribute():
    (trip,) = said("2025-05-05 past sailed=baltic from 2024-07-01")
    assert fold([trip]).facts == ()
    (fact,) = fold([replace(trip, category=Category.EVENT)]).facts
    assert (fact.tense, fact.valid_from) == (Tense.PAST, date(2024, 7, 1))


def test_a_corrected_version_is_empty_even_if_its_date_was_told_later():
    lines = [
        "2025-01-05 past birthday=05-03",
        "2025-02-05 past birthday=05-03 from 1990-05-03",
        "2025-03-05 birthday=05-04",
    ]
    (wrong,) = [v for v in fold(said(*lines)).versions if v.reason == "corrected"]
    assert wrong.valid_from == wrong.valid_to


def test_the_last_day_of_the_calendar_leaves_the_end_open():
    (fact,) = fold(said("2025-05-05 lives_in=leeds to 9999-12-31")).facts
    assert fact.valid_to is None


def test_a_plan_carries_the_days_planned():
    lines = ["2025-02-05 plan visited=rome", "2025-02-07 plan visited=rome from 2025-04-02 to 2025-04-09"]
    (plan,) = fold(said(*lines)).facts
    assert (plan.valid_from, plan.valid_to) == (date(2025, 4, 2), date(2025, 4, 10))


def test_days_are_utc_days_whatever_zone_the_time_is_given_in():
    (late,) = said("2025-01-06 00:30 lives_in=leeds")
    here = late.evidence.said_at.astimezone(timezone(timedelta(hours=-8)))
    (fact,) = fold([replace(late, evidence=replace(late.evidence, said_at=here))]).facts
    assert fact.valid_from == date(2025, 1, 6)


def test_a_time_without_a_zone_is_refused():
    (assertion,) = said("2025-01-05 likes=tea")
    naive = assertion.evidence.said_at.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        fold([replace(assertion, evidence=replace(assertion.evidence, said_at=naive))])


def test_a_retraction_that_ends_nothing_is_reported():
    lines = ["2025-01-05 not lives_in=leeds", '2025-01-06 not : "{user} collects stamps"', "2025-01-07 not partner="]
    assert fold(said(*lines)).unmatched_retractions == tuple(said(*lines))


def test_a_retraction_that_agrees_with_what_is_known_is_not_reported():
    lines = ["2025-01-05 lives_in=leeds", "2025-05-01 lives_in=york", "2025-06-01 not lives_in=leeds"]
    assert fold(said(*lines)).unmatched_retractions == ()


def test_the_rules_about_attributes_name_attributes_that_exist():
    assert HAPPENED | UNCHANGING | OPPOSITES.keys() <= ATTRIBUTES.keys()
    assert all(ATTRIBUTES[name].single_valued for name in UNCHANGING)
    assert not any(ATTRIBUTES[name].single_valued for name in HAPPENED | OPPOSITES.keys())
    assert all(OPPOSITES[OPPOSITES[name]] == name for name in OPPOSITES)
