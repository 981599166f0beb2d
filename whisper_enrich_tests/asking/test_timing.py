"""When the model is asked: at a full batch, a long wait, a pause, a window's close; and not before."""

from datetime import timedelta

import pytest

from whisper_enrich.asking.timing import Patience, facts_due, summary_due
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries.windows import window_of
from whisper_enrich_tests.builders import at

PATIENCE = Patience(batch=3, max_wait=timedelta(minutes=15), pause=timedelta(minutes=30))
NOON = at("2026-03-18 12:00")


def said(minutes_ago: float) -> Message:
    return Message(
        "elena", f"p{minutes_ago}", Speaker.USER, "ana", NOON - timedelta(minutes=minutes_ago), "I saw a stork.",
        Scope.SHARED, "h",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "last", "look_again"),
    [
        ([1, 2, 3], 1, None),
        ([15], 1, None),
        ([14], 1, NOON + timedelta(minutes=1)),
        ([2, 5], 2, NOON + timedelta(minutes=10)),
        ([31], 30, None),
    ],
    ids=["full", "waited", "almost waited", "two wait", "paused"],
)
def test_facts_are_due_at_a_full_batch_a_long_wait_or_a_pause(ages, last, look_again):
    found = facts_due([said(age) for age in ages], NOON - timedelta(minutes=last), PATIENCE, NOON)
    assert found == look_again


def test_a_pause_makes_facts_due_before_the_longest_wait():
    patience = Patience(batch=50, max_wait=timedelta(hours=2), pause=timedelta(minutes=30))
    assert facts_due([said(10)], NOON - timedelta(minutes=10), patience, NOON) == NOON + timedelta(minutes=20)


def test_a_summary_is_due_at_a_pause_or_the_close_of_its_window():
    window = window_of(NOON, 24)
    assert summary_due(window, NOON - timedelta(minutes=30), PATIENCE, NOON) is None
    assert summary_due(window, NOON - timedelta(minutes=10), PATIENCE, NOON) == NOON + timedelta(minutes=20)
    late = at("2026-03-18 23:50")
    assert summary_due(window, late, PATIENCE, late) == window.end
    assert summary_due(window, late, PATIENCE, window.end) is None
