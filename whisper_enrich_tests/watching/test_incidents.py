"""When somebody is told: once an incident, and once when it is over."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.watching.incidents import Change, Event, Streak, Turn, follow
from whisper_enrich.watching.notices import DeliveryFailed, Notice, notice_of
from whisper_enrich.watching.outbox import KEPT, MOST, Waiting, deliver

START = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def events(outcomes, subject="enrich_bot_day for elena"):
    """One event a minute; F for a failure."""
    return [
        Event(subject, letter == "F", START + timedelta(minutes=i), f"run-{i}", f"http://ui/runs/run-{i}")
        for i, letter in enumerate(outcomes)
    ]


def turns(outcomes, threshold=3):
    return [(change.turn.value, change.streak.failures) for change in follow([], events(outcomes), threshold)[1]]


def test_failures_below_the_threshold_are_told_to_nobody():
    assert turns("FFSFFS") == []


def test_an_incident_is_told_once_however_often_it_goes_on_failing():
    assert turns("FFFFFFF") == [("opened", 3)]


def test_the_first_success_after_an_incident_is_told_and_the_next_incident_is_a_new_one():
    assert turns("FFFFSSFFF") == [("opened", 3), ("recovered", 4), ("opened", 3)]


def test_subjects_do_not_count_for_one_another():
    mixed = [e for pair in zip(events("FF"), events("FF", "the check x on y"), strict=True) for e in pair]
    assert follow([], mixed, 3)[1] == []


@settings(max_examples=60, derandomize=True, deadline=None)
@given(outcomes=st.text("FS", max_size=30), cut=st.integers(0, 30), threshold=st.integers(1, 4))
def test_it_makes_no_difference_when_one_looks_nor_whether_the_state_was_stored_in_between(outcomes, cut, threshold):
    whole = events(outcomes)
    streaks, first = follow([], whole[:cut], threshold)
    stored = [Streak.from_json(streak.to_json()) for streak in streaks]
    assert [*first, *follow(stored, whole[cut:], threshold)[1]] == follow([], whole, threshold)[1]


def test_a_message_says_what_fails_since_when_why_and_where_to_look():
    (change,) = follow([], events("FFF"), 3)[1]
    notice = notice_of([change], {"run-2": "user_facts: PostgreSQL cannot be reached."})
    assert notice.subject == "whisper_enrich: enrich_bot_day for elena fails"
    assert notice.text.splitlines() == [
        "FAILING: enrich_bot_day for elena has failed 3 times one after the other, since 2026-03-20 12:00 UTC.",
        "  user_facts: PostgreSQL cannot be reached.",
        "  http://ui/runs/run-2",
    ]


def test_what_changes_at_once_is_one_message_and_a_long_one_is_cut():
    streak = Streak("x", 3, START, "run-1", "")
    changes = [Change(Turn.OPENED, streak)] * 30 + [Change(Turn.RECOVERED, streak)]
    notice = notice_of(changes, {})
    assert notice.subject == "whisper_enrich: 30 fail, 1 recovered"
    assert notice.text.splitlines()[-1] == "... and 11 more."


class Target:
    def __init__(self, name, *, works=True):
        self.name, self.works, self.sent = name, works, []

    def send(self, notice):
        if not self.works:
            raise DeliveryFailed("The webhook answered 500.")
        self.sent.append(notice.subject)


def waiting(*subjects, target="webhook", at=START):
    return [Waiting(target, Notice(subject, "text"), at) for subject in subjects]


def test_a_target_that_fails_is_tried_again_later_and_later_in_order_while_others_get_theirs():
    mail, hook, said = Target("email"), Target("webhook", works=False), []
    left = deliver([*waiting("a", target="email"), *waiting("a", "b")], [mail, hook], START, said.append)
    assert mail.sent == ["a"]
    assert [(w.notice.subject, w.attempts) for w in left] == [("a", 1), ("b", 0)]
    assert "tried again in 1 min" in said[0]
    assert deliver(left, [hook], START + timedelta(seconds=30), said.append) == left
    left = deliver(left, [hook], START + timedelta(minutes=1), said.append)
    assert "tried again in 2 min" in said[1]
    hook.works = True
    stored = [Waiting.from_json(message.to_json()) for message in left]
    assert deliver(stored, [hook], START + timedelta(minutes=5), said.append) == []
    assert hook.sent == ["a", "b"]


def test_what_nobody_takes_is_given_up_in_the_end_and_never_more_than_so_many_are_kept():
    said, broken = [], Target("webhook", works=False)
    assert deliver(waiting("old"), [broken], START + KEPT + timedelta(minutes=1), said.append) == []
    assert deliver(waiting("gone", target="email"), [broken], START, said.append) == []
    assert len(said) == 2
    many = waiting(*(str(i) for i in range(MOST + 10)))
    assert [w.notice.subject for w in deliver(many, [broken], START, said.append)][-1] == str(MOST + 9)
    assert len(deliver(many, [broken], START, said.append)) == MOST
