"""Batches: what waits is asked for once, in order, with what is needed to understand it."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.asking.batches import CONTEXT_MESSAGES, Batch, batches, parts, smaller_part, with_context
from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich_tests.builders import at

START = at("2026-03-18 09:00")


def message(index: int, speaker: Speaker = Speaker.USER, words: str = "I saw a stork.") -> Message:
    return Message(
        "elena", f"p{index}", speaker, "ana", START + timedelta(minutes=index), words, Scope.SHARED, f"h{index}"
    )  # fmt: skip


def talk(speakers: str) -> list[Message]:
    """``u`` is a message of the user, ``b`` one of the bot."""
    return [message(i, Speaker.USER if s == "u" else Speaker.BOT) for i, s in enumerate(speakers)]


def ids(batch: Batch) -> list[str]:
    return [m.point_id for m in batch.messages]


def test_what_waits_comes_with_the_answers_in_between_and_what_went_before():
    timeline = talk("ububu")
    (batch,) = batches(timeline, {"p2", "p4"}, 50, 6000)
    assert ids(batch) == ["p2", "p3", "p4"]
    assert [m.point_id for m in batch.context] == ["p0", "p1"]


def test_a_batch_ends_when_it_is_full():
    found = batches(talk("ububububub"), {"p0", "p2", "p4", "p6", "p8"}, 2, 6000)
    assert [ids(batch) for batch in found] == [["p0", "p1", "p2"], ["p4", "p5", "p6"], ["p8"]]


def test_a_batch_ends_before_it_is_too_long_and_a_longer_message_stands_alone():
    timeline = [message(i, words="word " * 400) for i in range(3)]
    found = batches(timeline, {"p0", "p1", "p2"}, 50, 600)
    assert [ids(batch) for batch in found] == [["p0"], ["p1"], ["p2"]]


def test_messages_that_lie_far_apart_are_asked_about_separately():
    found = batches(talk("ubbbbbbu"), {"p0", "p7"}, 50, 6000)
    assert [ids(batch) for batch in found] == [["p0"], ["p7"]]


def test_what_was_asked_before_together_is_asked_so_again():
    timeline = talk("ubububu")
    asked = (("p0", "h0"), ("p1", "h1"), ("p2", "h2"))
    found = batches(timeline, {"p0", "p2", "p4", "p6"}, 50, 6000, [asked])
    assert [ids(batch) for batch in found] == [["p0", "p1", "p2"], ["p4", "p5", "p6"]]


def test_an_earlier_question_does_not_stand_when_a_message_changed_or_another_came_between():
    timeline = talk("ubu")
    for asked in ((("p0", "other"), ("p1", "h1"), ("p2", "h2")), (("p0", "h0"), ("p2", "h2"))):
        assert [ids(batch) for batch in batches(timeline, {"p0", "p2"}, 50, 6000, [asked])] == [["p0", "p1", "p2"]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text("ub", min_size=1, max_size=30), st.integers(1, 6), st.integers(10, 200), st.data())
def test_every_message_that_waits_is_in_exactly_one_batch(speakers, size, tokens, data):
    timeline = talk(speakers)
    users = [m.point_id for m in timeline if m.speaker is Speaker.USER]
    waiting = set(data.draw(st.lists(st.sampled_from(users), unique=True))) if users else set()
    found = batches(timeline, waiting, size, tokens)
    asked = [p for batch in found for p in ids(batch) if p in waiting]
    assert sorted(asked) == sorted(waiting)
    for batch in found:
        assert sum(p in waiting for p in ids(batch)) <= size
        assert len(batch.context) <= CONTEXT_MESSAGES
        first = timeline.index(batch.messages[0])
        assert list(batch.messages) == timeline[first : first + len(batch.messages)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text("ub", min_size=1, max_size=20), st.data())
def test_parting_ends_at_the_one_message_that_is_to_blame(speakers, data):
    timeline = talk(speakers)
    users = [m.point_id for m in timeline if m.speaker is Speaker.USER]
    if not users:
        return
    guilty = data.draw(st.sampled_from(users))
    open_batches = batches(timeline, set(users), 50, 6000)
    blamed, through = [], []
    while open_batches:
        batch = open_batches.pop()
        mine = [p for p in ids(batch) if p in users]
        if guilty not in mine:
            through += mine
            continue
        smaller = parts(batch, set(users))
        assert all(part.context == () for part in smaller)
        open_batches += smaller
        blamed += mine if not smaller else []
    assert blamed == [guilty]
    assert sorted(through) == sorted(set(users) - {guilty})


def most_questions(count):
    """To find one of so many, none of which has an answer yet, and to answer the others."""
    first = smaller_part(count)
    return max(
        1 + (1 if count - first == 1 else most_questions(count - first)),
        2 + (0 if first == 1 else most_questions(first)),
    )


def test_one_message_of_fifty_is_found_with_nine_more_questions_at_most():
    assert [most_questions(n) for n in (2, 3, 5, 8, 13, 21, 34, 50)] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_what_a_message_may_not_spoil_has_it_for_no_context():
    timeline = talk("ububu")
    assert [m.point_id for m in with_context(timeline, 4, timeline[4:], {"p2"}).context] == ["p3"]


def test_tokens_are_estimated_from_characters_and_for_other_scripts_from_bytes():
    assert estimated_tokens("word " * 8) == 11
    assert estimated_tokens("日本語の文章です") > len("日本語の文章です") // 4
