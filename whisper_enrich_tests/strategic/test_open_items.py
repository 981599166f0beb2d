"""What a day leaves open, and what settles it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.open_items import LONGEST_TEXT, open_items_of_day, still_open, terms_of_day
from whisper_enrich_tests.strategic.engagement_turns import turns_of

# A Wednesday.
AT = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)


def day(*lines, at=AT, scope=Scope.SHARED):
    """Turns a minute apart: "u: …" and "b: …"; "+90" waits so many minutes."""
    found, minutes = [], 0.0
    for line in lines:
        if line.startswith("+"):
            minutes += float(line[1:])
            continue
        found.append((line[3:], line.startswith("u"), at + timedelta(minutes=minutes), scope))
        minutes += 1
    return found


def opened(*lines, **more):
    return [(item.kind, item.text) for item in open_items_of_day(day(*lines, **more))]


def test_a_question_of_the_bot_after_which_the_user_left_is_open():
    assert opened("u: I planted the tomatoes.", "b: Lovely. Which variety did you plant?") == [
        ("question_to_user", "Which variety did you plant?")
    ]


@pytest.mark.parametrize("reply", ["u: Roma", "u: no idea, why", "u: let's talk of something else"])
def test_any_direct_reply_settles_a_question(reply):
    assert opened("b: Which variety of tomato did you plant?", reply) == []


def test_a_reply_hours_later_settles_only_what_it_speaks_of():
    asked = "b: Which variety of tomato did you plant?"
    assert opened(asked, "+300", "u: The tomato is a Roma by the way") == []
    assert opened(asked, "+300", "u: my train is late") == [("question_to_user", asked[3:])]


@pytest.mark.parametrize(
    "phatic",
    [
        "How are you?", "Hey, how are you doing today?", "What's up?", "You went to Leeds, right?", "It was fun, you know?",
        "And you?", "Really?", "How was your day?", "Isn't that a wonderful little garden?", "Who knows what comes next?",
        "Can I ask you something personal?", "Why would anybody do that to a tomato?", "Can you believe the weather there?",
        "Walked home?", "Wie geht es dir heute so?", "¿Qué tal estás hoy amigo?", "Comment vas-tu mon ami ?",
        'She said "are you coming with us?"', "So nice of you, isn't it?", "How can I help you today?",
    ],
)  # fmt: skip
def test_phatic_and_rhetorical_questions_are_never_open(phatic):
    assert opened("u: hi", f"b: {phatic}") == []
    assert opened("b: hi", f"u: {phatic}") == []


def test_a_question_of_the_user_that_nobody_answered_is_open():
    assert opened("u: hello", "b: Hello!", "u: Which bus goes to the harbour?") == [
        ("question_to_bot", "Which bus goes to the harbour?")
    ]
    assert opened("u: Which bus goes to the harbour?", "b: The nine.") == []


def test_a_day_without_the_bots_turns_tells_nothing_of_its_answers():
    assert opened("u: Which bus goes to the harbour?") == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("u: I'll send you the photos of the boat tomorrow.", "promise_of_user"),
        ("u: ill let you know how the boat turns out", None),
        ("u: I'll let you know how the boat turns out", "promise_of_user"),
        ("u: Remind me to call the plumber tomorrow", "promise_of_bot"),
        ("u: could you remind me about the boat licence on Friday?", "promise_of_bot"),
        ("u: That reminds me of my grandmother's boat", None),
        ("u: you remind me of my grandmother", None),
        ("u: don't remind me of the boat", None),
        ("u: Remind me what the boat was called", None),
        ("u: I'll start running in the morning. hold me to it", "promise_of_user"),
        ("u: The boat will float, I promise.", None),
        ("u: I would send you the photos if I had them", None),
        ("u: I'll tell you what, boats are expensive", None),
        ("u: I'll never show you the boat", None),
        ("b: I'll look into that boat licence for you.", "promise_of_bot"),
        ("b: I will remind you about the plumber.", "promise_of_bot"),
        ("b: I'll be here by the harbour light.", None),
        ("u: Ich schicke dir morgen das Foto vom Boot", "promise_of_user"),
        ("u: recuérdame llamar al fontanero mañana", "promise_of_bot"),
        ("u: je te tiens au courant pour le bateau", "promise_of_user"),
    ],
)
def test_promises_are_told_from_what_only_sounds_like_one(line, kind):
    found = [k for k, _ in opened("b: Good morning.", line)]
    assert found == ([kind] if kind else [])


def test_a_promise_kept_on_the_same_day_is_settled():
    assert opened("u: I'll send you the boat photos.", "b: Please do.", "u: here, the boat photos") == []


def test_a_confirmation_is_no_second_promise():
    found = opened("u: Remind me to call the plumber tomorrow", "b: I'll remind you about the plumber tomorrow.")
    assert found == [("promise_of_bot", "Remind me to call the plumber tomorrow")]


def test_a_reminder_without_a_subject_is_told_with_what_was_asked():
    [item] = open_items_of_day(day("u: we talked", "b: Will you ring your father again?", "u: ask me in a week"))
    assert item.text == "Will you ring your father again? — ask me in a week"
    assert item.due == date(2026, 3, 15)


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("my interview is tomorrow", date(2026, 3, 5)),
        ("I have a job interview next Tuesday at the port", date(2026, 3, 10)),
        ("exam on Friday, wish me luck", date(2026, 3, 6)),
        ("We're flying to Porto on 20 March", date(2026, 3, 20)),
        ("my interview was yesterday", None),
        ("my interview is not tomorrow", None),
        ("if the exam is tomorrow I am lost", None),
        ("is the exam tomorrow?", None),
        ("your interview is tomorrow", None),
        ("I won the tournament on Friday", None),
        ("my interview is in three years", None),
        ("the weather is nice tomorrow", None),
    ],
)
def test_events_are_announced_with_their_day(line, due):
    found = open_items_of_day(day("b: Good morning.", f"u: {line}", "b: Good luck!"))
    assert [(i.kind, i.due) for i in found] == ([("follow_up", due)] if due else [])


def test_an_event_called_off_in_the_same_breath_or_later_that_day_is_none():
    assert opened("b: hi", "u: My flight is tomorrow. Well, the airline has moved me.") == []
    assert opened("b: hi", "u: My flight is tomorrow.", "b: Safe travels!", "u: the flight was cancelled") == []


def test_scope_follows_the_turn_and_long_sentences_are_cut():
    [item] = open_items_of_day(day("u: hi", "b: Which " + "very " * 100 + "long boat was it?", scope=Scope.DM))
    assert item.scope is Scope.DM
    assert len(item.text) == LONGEST_TEXT


def test_empty_and_trivial_days_leave_nothing():
    assert open_items_of_day([]) == []
    assert opened("u: ok") == []
    assert opened("u: ", "b: ", "u: ???") == []
    with pytest.raises(ValueError, match="without turns"):
        terms_of_day([])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.booleans()), max_size=6))
def test_any_text_is_read_without_error(said):
    turns = [(text, user, AT, Scope.SHARED) for text, user in said]
    for item in open_items_of_day(turns):
        assert 0 <= item.turn < len(turns)
        assert item.terms


def later(first, *more, as_of_days=None):
    """The items of the first day that are still open after further ones; each a (days after, lines)."""
    days = [(0, first), *more]
    said = [day(*lines, at=AT + timedelta(days=after)) for after, lines in days]
    items = open_items_of_day(said[0])
    last = as_of_days if as_of_days is not None else days[-1][0]
    flat = [turn for one in said for turn in one]
    return still_open(items, turns_of(flat), [terms_of_day(one) for one in said], AT + timedelta(days=last, hours=1))


QUESTION = ("u: I planted the tomatoes.", "b: Which variety of tomato did you plant?")
INTERVIEW = ("b: hi", "u: my interview is on Friday", "b: Good luck!")


def test_a_later_day_that_speaks_of_it_settles_a_question():
    assert len(later(QUESTION)) == 1
    assert later(QUESTION, (1, ("u: the tomato variety is Roma",))) == []
    assert len(later(QUESTION, (1, ("u: my train is late", "b: Which variety of tomato was it?")))) == 1


def test_what_the_user_passed_over_for_days_is_dropped():
    trains = [(n, ("u: my train is late",)) for n in (1, 2, 3)]
    assert len(later(QUESTION, *trains[:2])) == 1
    assert later(QUESTION, *trains) == []


def test_questions_lapse():
    assert len(later(QUESTION, as_of_days=14)) == 1
    assert later(QUESTION, as_of_days=15) == []


def test_an_answer_just_after_midnight_settles_a_question():
    said = [
        day("b: Which variety of tomato did you plant?", at=datetime(2026, 3, 4, 23, 58, tzinfo=UTC)),
        day("u: Roma", at=datetime(2026, 3, 5, 0, 3, tzinfo=UTC)),
    ]
    items = open_items_of_day(said[0])
    assert items
    assert still_open(items, turns_of(said[0] + said[1]), [terms_of_day(s) for s in said], AT + timedelta(days=1)) == []


def test_an_announced_event_waits_for_its_day():
    assert len(later(INTERVIEW, (1, ("u: nervous about the interview",)))) == 1
    assert later(INTERVIEW, (2, ("u: the interview went well",))) == []
    assert later(INTERVIEW, (1, ("u: the interview is cancelled",))) == []


def test_a_user_who_was_here_twice_since_the_day_is_not_asked_any_more():
    assert len(later(INTERVIEW, (3, ("u: my train is late",)))) == 1
    assert later(INTERVIEW, (3, ("u: my train is late",)), (4, ("u: late again",))) == []


def test_an_event_announced_anew_stands_once_with_the_new_day():
    said = [
        day("b: hi", "u: my interview is on Friday"),
        day("b: hi", "u: my interview is on Monday", at=AT + timedelta(days=1)),
    ]
    turns = turns_of(said[0] + said[1])
    items = [open_items_of_day(said[0])[0], replace(open_items_of_day(said[1])[0], turn=3)]
    found = still_open(items, turns, [terms_of_day(s) for s in said], AT + timedelta(days=1))
    assert [(i.turn, i.due) for i in found] == [(3, date(2026, 3, 9))]


def test_the_bots_promise_is_settled_by_the_bot_alone():
    asked = ("u: Remind me to call the plumber tomorrow", "b: I will.")
    assert len(later(asked, (1, ("u: the plumber was here",)))) == 1
    assert later(asked, (1, ("b: The plumber: you wanted to call the plumber.",))) == []


def test_terms_hold_no_text_and_do_not_depend_on_order():
    lines = day("u: the interview went well", "b: Congratulations on the interview")
    found = terms_of_day(lines)
    assert found == terms_of_day([lines[1], lines[0]])
    assert all(isinstance(term, int) and 0 <= term < 2**32 for term in found.user + found.bot)
    assert list(found.user) == sorted(set(found.user))


def test_still_open_without_items_or_days():
    assert still_open([], turns_of([]), [], AT) == []
    items = open_items_of_day(day(*QUESTION))
    assert len(still_open(items, turns_of(day(*QUESTION)), [], AT)) == 1
    assert np.isfinite(turns_of(day(*QUESTION)).at).all()
