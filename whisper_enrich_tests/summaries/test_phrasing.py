from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.candidates import candidates
from whisper_enrich.summaries.phrasing import narrate, nothing_said, opening
from whisper_enrich_tests.summaries.builders import message

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def told(said: str, *, by: Speaker = Speaker.USER) -> str:
    (line,) = all_told(said, by=by)
    return line


def all_told(*said: str, by: Speaker = Speaker.USER, keep: slice = slice(None)) -> list[str]:
    messages = [message(text, by=by, number=number) for number, text in enumerate(said)]
    return narrate(candidates(messages, ("Ana", "Marlow"))[keep], "Ana", "Marlow")


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
        "SOMEBODY LEFT THE KITCHEN LIKE THIS",
    ],
)
def test_what_has_no_plain_subject_is_quoted_as_it_was_said(said: str) -> None:
    assert told(said) == f'Ana said: "{said if said.endswith(".") else said + "."}"'


@pytest.mark.parametrize(
    "said",
    [
        "With a roof that leaks over the third row.",
        "New boots, old stomach.",
        "Both promises in one evening.",
        "A keeper who never learned to swim.",
        "The cat's opinion of me.",
        "That I would have liked to see.",
        "'Nine days is nine days.'",
        "Unlimited contract, trial time until November.",
        "Sealed jar, tape around the lid.",
        "Retired teacher in Clovis is selling a telescope.",
        "Like a man eating a sandwich.",
        "Turned out the hose was kinked.",
    ],
)
def test_a_piece_of_a_clause_is_quoted(said: str) -> None:
    assert told(said) == f'Ana said: "{said}"'


@pytest.mark.parametrize(
    "said",
    [
        "He told me to 'smile with my plating' so I quit.",
        "They put us on a list of places to eat before you die.",
        "I read paper maps, thank you.",
        "I like it already, don't tell anyone.",
        "I was in a club until 19, can you imagine.",
        "I had not, and it explains the glue.",
        "I'm Ana by the way, short for Anastasia.",
        "My name is Ana and I live in Leeds.",
        "Being good to ourselves is a start.",
        "If I had a cart id sell only soup.",
        "Please keep this to yourself, I told nobody.",
    ],
)
def test_what_sounds_wrong_with_names_for_pronouns_is_quoted(said: str) -> None:
    assert told(said) == f'Ana said: "{said}"'


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        ("Scared and happy, like in a lift.", "Ana is scared and happy, like in a lift."),
        ("Tired of the rain.", "Ana is tired of the rain."),
        ("Guess I'll stay at home.", "Ana guesses Ana will stay at home."),
        ("Bought kombu.", "Ana bought kombu."),
        ("Walked home in the rain.", "Ana walked home in the rain."),
        ("The ones who leave politely are the worst.", "Ana mentioned that the ones who leave politely are the worst."),
        ("The harbour's frozen in January.", "Ana mentioned that the harbour's frozen in January."),
        ("If they take me I will be tired.", "If they take Ana, Ana will be tired."),
        ('He ate it standing up and told me "more garlic."', 'He ate it standing up and told Ana "more garlic."'),
    ],
)
def test_a_whole_clause_is_told(said: str, summary: str) -> None:
    assert told(said) == summary


def test_quotations_of_one_message_share_their_marks() -> None:
    (line,) = all_told("Gold whiskers. Four square centimetres today. Neck like a question mark.")
    assert line == 'Ana said: "Gold whiskers. Four square centimetres today. Neck like a question mark."'


def test_what_was_left_out_of_a_quotation_is_marked() -> None:
    (line,) = all_told("Gold whiskers. Four square centimetres today. Neck like a question mark.", keep=slice(0, 3, 2))
    assert line == 'Ana said: "Gold whiskers. … Neck like a question mark."'


def test_quotations_of_two_messages_stay_apart() -> None:
    assert all_told("Gold whiskers.", "Neck like a question mark.") == [
        'Ana said: "Gold whiskers."',
        'Ana said: "Neck like a question mark."',
    ]


def test_quotations_without_spaces_between_their_sentences_keep_it_so() -> None:
    assert all_told("昨日は京都に行きました。楽しかったです。") == [
        'Ana said: "昨日は京都に行きました。楽しかったです。"'
    ]


def test_a_name_reads_the_same_wherever_it_stands() -> None:
    messages = [message("I mended the lamp.", by=Speaker.BOT), message("My lamp is old.", by=Speaker.BOT, number=1)]
    lines = narrate(candidates(messages, ("ana", "marlow")), "ana", "marlow")
    assert lines == ["marlow mended the lamp.", "marlow's lamp is old."]


def test_questions_are_quoted_as_asked() -> None:
    assert told("How do tides work?") == 'Ana asked: "How do tides work?"'
    assert told("who asked him to decide for two") == 'Ana asked: "who asked him to decide for two?"'


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
