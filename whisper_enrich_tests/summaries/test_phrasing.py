from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.candidates import candidates
from whisper_enrich.summaries.phrasing import nothing_said, opening, tell
from whisper_enrich_tests.summaries.builders import message

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def told(said: str, *, by: Speaker = Speaker.USER) -> str:
    (candidate,) = candidates([message(said, by=by)], ("Ana", "Marlow"))
    return tell(candidate, *(("Ana", "Marlow") if by is Speaker.USER else ("Marlow", "Ana")))


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        ("I moved to Leeds last week!!", "Ana moved to Leeds last week."),
        ("i've been to the dentist", "Ana has been to the dentist."),
        ("Lost my keys in the harbour.", "Ana lost their keys in the harbour."),
        ("Been looking for a flat since June", "Ana has been looking for a flat since June."),
        ("can't sleep since the move", "Ana cannot sleep since the move."),
        ("My brother sold the boat.", "Ana's brother sold the boat."),
        ("The harbour is frozen in January.", "Ana mentioned that the harbour is frozen in January."),
        ("Moments like these remind me of home.", "Moments like these remind Ana of home."),
    ],
)
def test_statements_are_told_in_the_third_person_with_the_name(said: str, summary: str) -> None:
    assert told(said) == summary


def test_the_one_who_is_addressed_is_named_too() -> None:
    said = told("You should turn the pots every week.", by=Speaker.BOT)
    assert said == "Marlow mentioned that Ana should turn the pots every week."


@pytest.mark.parametrize(
    "said",
    [
        "Ask me again in a month.",
        "Keep the receipts in a blue folder.",
        "Let's paint the kitchen.",
        "Reminds me of the old kitchen.",
        "school nurse, day hours, a short way to work",
        "Pottery can be mended with gold.",
        "WHO LEFT THE KITCHEN LIKE THIS",
    ],
)
def test_what_has_no_plain_subject_is_quoted_as_it_was_said(said: str) -> None:
    assert told(said) == f'Ana said: "{said if said.endswith(".") else said + "."}"'


def test_questions_are_quoted_as_asked() -> None:
    assert told("How do tides work?") == 'Ana asked: "How do tides work?"'


@pytest.mark.parametrize(
    "said", ["Ik heb gisteren het oude huis van mijn moeder verkocht.", "昨日は京都でゲームのイベントに行きました。"]
)
def test_other_languages_are_quoted_untouched(said: str) -> None:
    assert told(said) == f'Ana said: "{said}"'


def test_quotation_marks_inside_a_quotation_become_single() -> None:
    assert told('Ask for "the usual" at the bar.') == "Ana said: \"Ask for 'the usual' at the bar.\""


def test_the_opening_says_who_when_and_in_which_zone() -> None:
    both = opening(NOON, NOON + timedelta(hours=9, minutes=5), "Ana", "Marlow", user_spoke=True, bot_spoke=True)
    assert both == "Ana and Marlow had a conversation on 4 March 2026 between 12:00 pm and 9:05 pm UTC."


def test_a_conversation_within_one_minute_has_one_time() -> None:
    one = opening(NOON, NOON + timedelta(seconds=59), "Ana", "Marlow", user_spoke=True, bot_spoke=True)
    assert one == "Ana and Marlow had a conversation on 4 March 2026 at 12:00 pm UTC."


@pytest.mark.parametrize(
    ("user_spoke", "bot_spoke", "start"), [(True, False, "Ana wrote to Marlow"), (False, True, "Marlow wrote to Ana")]
)
def test_a_one_sided_talk_is_not_called_a_conversation(user_spoke: bool, bot_spoke: bool, start: str) -> None:
    assert opening(NOON, NOON, "Ana", "Marlow", user_spoke=user_spoke, bot_spoke=bot_spoke).startswith(start)


def test_times_are_told_in_utc_whatever_zone_they_come_in() -> None:
    pacific = timezone(timedelta(hours=-8))
    late = datetime(2026, 3, 4, 23, 30, tzinfo=pacific)
    assert "on 5 March 2026 at 7:30 am UTC" in opening(late, late, "Ana", "Marlow", user_spoke=True, bot_spoke=True)
    assert "on 5 March 2026 at 7:30 am UTC" in nothing_said(late, late, "Ana", "Marlow", 2)


def test_midnight_and_noon_read_as_twelve() -> None:
    midnight = datetime(2026, 3, 4, 0, 5, tzinfo=UTC)
    assert "between 12:05 am and 12:00 pm" in opening(midnight, NOON, "A", "B", user_spoke=True, bot_spoke=True)
