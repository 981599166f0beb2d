"""When to write first and about what: true, kind, and private where it must be."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import History, KnownFact, Mention
from whisper_enrich.strategic.open_items import open_items_of_day, terms_of_day
from whisper_enrich.strategic.outreach import OutreachLimits
from whisper_enrich.strategic.proactive_engagement import compute
from whisper_enrich_tests.strategic.engagement_turns import turns_of

# A Monday evening.
START = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def history(said, *, as_of=None, zone=BERLIN, moods=(), **more):
    """From (days after the start, speaker, text[, scope]) in order; the turns of a day a minute apart."""
    turns, seen = [], {}
    for after, speaker, text, *scope in said:
        number = seen[after] = seen.get(after, -1) + 1
        at = START + timedelta(days=after, minutes=number)
        turns.append((text, speaker == "u", at, scope[0] if scope else Scope.SHARED))
    items, terms = [], []
    for day in sorted({turn[2].date() for turn in turns}):
        own = [(n, turn) for n, turn in enumerate(turns) if turn[2].date() == day]
        items += [replace(i, turn=own[i.turn][0]) for i in open_items_of_day([turn for _, turn in own])]
        terms.append(terms_of_day([turn for _, turn in own]))
    values = {
        "open_items": items, "day_terms": terms, "zone": zone,
        "zone_source": "unknown" if zone is UTC else "profile", **more,
    }  # fmt: skip
    last = turns[-1][2] if turns else START
    return History("ines", "u1", "Ana", as_of or last + timedelta(hours=6), turns_of(turns, moods), **values)


def visits(days, text="the allotment again"):
    """A visit on each of the days."""
    return [line for day in days for line in ((day, "u", text), (day, "b", "How nice."), (day, "u", "yes it was"))]


def facts(*values):
    return [
        KnownFact(
            f"f{n}", statement, category, attribute, value, Scope.SHARED, tense, 0.9,
            (START.timestamp(),), (f"m{n}",), valid_from=day,
        )
        for n, (statement, category, attribute, value, tense, day) in enumerate(values)
    ]  # fmt: skip


def texts(result):
    return [recommendation["text"] for recommendation in result.recommendations]


def test_nobody_wrote_so_nothing_is_known():
    result = compute(history([]))
    assert result.optimal_timing_hours is None
    assert set(result.reasons.values()) == {"no_messages"}
    assert texts(result) == ["Not enough data: Ana has not written yet."]


def test_one_message_is_not_enough_and_says_so():
    result = compute(history([(0, "u", "hello")]))
    assert result.lull is None and result.optimal_engagement_hour is None
    assert result.reasons["lull"] == result.reasons["optimal_timing_hours"] == "too_few_sessions"
    assert result.reasons["optimal_engagement_hour"] == "too_few_messages"
    assert result.receptivity_score is None
    assert result.last_engagement_gap_hours == pytest.approx(6.0)
    assert texts(result)[-1].startswith("Not enough data")


def test_every_unknown_field_has_a_reason_and_everything_is_json():
    for said in ([], [(0, "u", "hello")], visits(range(12))):
        result = asdict(compute(history(said)))
        json.dumps(result, allow_nan=False)
        unknown = {name for name, value in result.items() if value is None}
        assert unknown == set(result["reasons"])


def test_a_promise_of_the_bot_is_kept_at_an_hour_when_the_user_is_there():
    said = [*visits(range(10)), (10, "u", "Remind me to order the seed potatoes"), (10, "b", "Gladly.")]
    result = compute(history(said))
    assert result.suggested_topics[0]["kind"] == "request"
    assert result.suggested_topics[0]["message_ids"] == ["m30"]
    reach_out = datetime.fromisoformat(result.reach_out_at)
    # 19:00 UTC is 20:00 in Berlin, outside quiet hours.
    assert reach_out.astimezone(BERLIN).hour in (19, 20, 21)
    assert result.optimal_engagement_hour == 20
    assert result.optimal_timing_hours >= 24.0
    assert result.optimal_timing_hours == pytest.approx(
        (reach_out - datetime.fromisoformat(result.last_message_at)).total_seconds() / 3600, abs=0.01
    )


def test_with_nothing_to_say_the_bot_keeps_silent():
    result = compute(history(visits(range(10))))
    assert result.optimal_timing_hours is None
    assert result.reasons["optimal_timing_hours"] == "nothing_to_say"
    assert texts(result)[0].startswith("Do not reach out")


OPEN = [*visits(range(10)), (10, "u", "Remind me to order the seed potatoes"), (10, "b", "Gladly.")]


def test_after_two_unanswered_messages_the_user_is_left_in_peace():
    said = [*OPEN, (13, "b", "The seed potatoes!"), (16, "b", "Still there, the potatoes.")]
    result = compute(history(said, as_of=START + timedelta(days=20)))
    assert result.reasons["optimal_timing_hours"] == "unanswered_before"
    assert "last 2 unasked messages" in texts(result)[0]
    assert result.proactive_success_rate == 0.0
    assert result.receptivity_score == pytest.approx(1 / 4)


def test_receptivity_is_the_mean_of_a_beta_posterior():
    said = [
        *OPEN,
        (13, "b", "The seed potatoes!"),
        (13, "u", "oh yes"),
        (17, "b", "How is the plot?"),
        (17, "u", "wet"),
    ]
    result = compute(history(said))
    assert result.proactive_sent == 2
    assert result.proactive_success_rate == 1.0
    assert result.receptivity_score == pytest.approx(3 / 4)


def test_a_message_that_may_still_be_answered_counts_for_nothing():
    said = [*OPEN, (13, "b", "The seed potatoes!")]
    result = compute(history(said, as_of=START + timedelta(days=13, hours=5)))
    assert result.proactive_sent == 1
    assert result.proactive_success_rate is None
    assert result.reasons["receptivity_score"] == "no_proactive_messages_known"


def test_the_caps_hold_the_next_message_back():
    said = [*OPEN, (13, "b", "How is the plot?"), (13, "u", "wet")]
    free = compute(history(said), limits=OutreachLimits(least_hours_between=0.0))
    held = compute(history(said), limits=OutreachLimits(least_hours_between=150.0))
    assert held.optimal_timing_hours >= 149.9 > free.optimal_timing_hours


def test_who_has_been_away_for_months_is_not_chased():
    result = compute(history(OPEN, as_of=START + timedelta(days=110), open_items=[]))
    assert result.reasons["optimal_timing_hours"] == "gone_too_long"
    assert texts(result)[0] == "Do not reach out: Ana has been away for 100 days; let Ana come back."


def test_nobody_is_written_to_at_night_unless_that_is_when_they_write():
    strict = compute(history(OPEN), limits=OutreachLimits(quiet_from=18, quiet_to=12))
    # 20:00 is the user's own hour on more than three days.
    assert datetime.fromisoformat(strict.reach_out_at).astimezone(BERLIN).hour == 20
    never = compute(history(OPEN), limits=OutreachLimits(quiet_from=18, quiet_to=12, own_hour_days=99))
    assert 12 <= datetime.fromisoformat(never.reach_out_at).astimezone(BERLIN).hour < 18


def test_without_a_zone_the_hours_are_utc_and_that_is_said():
    result = compute(history(OPEN, zone=UTC))
    assert result.presence["zone_source"] == "unknown"
    assert result.optimal_engagement_hour == 19
    assert texts(result)[-1].endswith("UTC.")


def test_the_lulls_parameters_give_what_the_docstring_says():
    for days in (0.5, 3, 8, 40):
        result = compute(history(OPEN, as_of=START + timedelta(days=10 + days)))
        lull, hours = result.lull, result.last_engagement_gap_hours
        ratio = max(hours - lull["offset_hours"], 0) / lull["scale_hours"]
        assert (1 + ratio ** lull["shape"]) ** -lull["tail"] == pytest.approx(result.survival_now, abs=1e-3)
        assert lull["mild_after_hours"] <= lull["moderate_after_hours"] <= lull["severe_after_hours"]


def test_an_event_is_wished_well_before_and_asked_about_after():
    said = [*visits(range(8)), (9, "u", "my exam is on Friday"), (9, "b", "Good luck!")]
    before = compute(history(said))
    assert texts(before)[0] == 'Ana has this ahead for 13 March: "my exam is on Friday" A word before it would be kind.'
    after = compute(history(said, as_of=START + timedelta(days=14)))
    assert texts(after)[0] == (
        'Ask Ana how it went, if that has not been told: "my exam is on Friday" (said on 11 March, for 13 March).'
    )
    assert after.suggested_topics[0]["due"] == "2026-03-13"
    assert after.unresolved_topic_count == 1 and after.open_items[0]["message_id"] == "m24"


def test_what_was_said_in_a_heavy_mood_is_asked_about_gently():
    said = [*visits(range(4)), (9, "u", "my surgery is on Friday")]
    moods = [None] * 12 + ["fear"]
    result = compute(history(said, moods=moods, as_of=START + timedelta(days=14)))
    assert texts(result)[0].startswith("Ask Ana gently how it went")


def test_a_request_waits_for_its_day():
    said = [
        *visits(range(8)),
        (9, "u", "Remind me of the potatoes, I mean: remind me to buy potatoes next month"),
        (9, "b", "Yes."),
    ]
    early = compute(history(said))
    assert early.unresolved_topic_count == 1
    assert early.suggested_topics == []
    due = compute(history(said, as_of=datetime(2026, 4, 30, 20, tzinfo=UTC)))
    assert [t["kind"] for t in due.suggested_topics] == ["request"]


def test_plans_whose_day_has_come_are_spoken_of_once():
    plan = ("{user} plans to open the greenhouse", "plan", "", "", "future", date(2026, 3, 12))
    done = ("{user} visited Porto", "event", "", "", "past", date(2026, 3, 12))
    known = history(visits(range(8)), as_of=START + timedelta(days=11), facts=facts(plan, done))
    result = compute(known)
    assert [t["topic"] for t in result.suggested_topics] == ["Ana plans to open the greenhouse"]
    assert "Ana plans to open the greenhouse (said on 2 March)" in texts(result)[0]
    assert compute(replace(known, as_of=START + timedelta(days=8))).suggested_topics == []
    assert compute(replace(known, as_of=START + timedelta(days=60))).suggested_topics == []


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        ("{user} plans to open the greenhouse", [(11, "u", "the greenhouse is open at last")]),
        ("{user} plans to open the greenhouse", visits([11, 12])),
        ("{user} is not opening the greenhouse", []),
    ],
)
def test_plans_that_were_told_of_passed_over_or_denied_are_not_asked_about(statement, more):
    plan = facts((statement, "plan", "", "", "future", date(2026, 3, 12)))
    known = history([*visits(range(8)), *more], as_of=START + timedelta(days=13), facts=plan)
    assert compute(known).suggested_topics == []


def test_private_evidence_makes_private_sentences():
    said = [*visits(range(8)), (9, "u", "Remind me to call the clinic", Scope.DM), (9, "b", "Yes.", Scope.DM)]
    result = compute(history(said))
    private = [r["text"] for r in result.recommendations if r["scope"] == "dm"]
    assert len(private) == 1 and "clinic" in private[0]
    assert not any("clinic" in r["text"] for r in result.recommendations if r["scope"] == "shared")
    assert [t["scope"] for t in result.suggested_topics] == ["dm"]


def mentions(turns, key="allotment", kind="entity"):
    return [Mention(key, key.title(), kind, turn) for turn in turns]


def allotment(statement="{user} has an allotment", category="possession", scope=Scope.SHARED):
    return [replace(facts((statement, category, "", "allotment", "present", None))[0], scope=scope)]


def test_subjects_recur_over_days_and_not_within_one():
    said = visits(range(8))
    recurring = compute(history(said, mentions=mentions([0, 3, 6, 9]), facts=allotment()))
    assert recurring.suggested_topics[0]["topic"] == "Allotment"
    assert recurring.suggested_topics[0]["why"] == "Ana spoke of it on 4 days of the last month"
    assert texts(recurring)[0].startswith(
        "A word about Allotment may be welcome. Ana has an allotment. (Spoken of on 4 days"
    )
    assert compute(history(said, mentions=mentions([0, 2, 2]), facts=allotment())).suggested_topics == []
    # What the bot says does not count.
    assert compute(history(said, mentions=mentions([1, 4, 7, 10]), facts=allotment())).suggested_topics == []


def test_a_word_that_recurs_is_no_subject_unless_something_is_known_of_it():
    said = visits(range(8))
    assert compute(history(said, mentions=mentions([0, 3, 6, 9]))).suggested_topics == []
    word = mentions([0, 3, 6, 9], kind="topic")
    assert compute(history(said, mentions=word, facts=allotment())).suggested_topics == []
    taken_up = [*word, *mentions([1], kind="topic")]
    assert compute(history(said, mentions=taken_up, facts=allotment())).suggested_topics != []


@pytest.mark.parametrize(
    "statement", ["{user}'s allotment was lost", "{user} does not want an allotment", "{user}'s ex has the allotment"]
)
def test_losses_and_refusals_are_not_brought_up(statement):
    result = compute(history(visits(range(8)), mentions=mentions([0, 3, 6]), facts=allotment(statement)))
    assert result.suggested_topics == []


def test_what_was_called_off_is_not_brought_up():
    said = [*visits(range(8)), (9, "u", "the allotment is off, they sold the land")]
    assert compute(history(said, mentions=mentions([0, 3, 6]), facts=allotment())).suggested_topics == []


def test_a_subject_is_shared_only_if_what_was_said_openly_would_do():
    said = [(day, "u", "the allotment", Scope.DM if day < 5 else Scope.SHARED) for day in range(8)]
    both = compute(history(said, mentions=mentions(range(8)), facts=allotment()))
    assert both.suggested_topics[0]["scope"] == "shared"
    assert set(both.suggested_topics[0]["message_ids"]) == {"m5", "m6", "m7"}
    mostly = compute(history(said, mentions=mentions(range(6)), facts=allotment()))
    assert mostly.suggested_topics[0]["scope"] == "dm"
    private = compute(history(said, mentions=mentions(range(8)), facts=allotment(scope=Scope.DM)))
    assert private.suggested_topics[0]["scope"] == "dm"


def test_a_subject_that_saddens_the_user_is_not_brought_up():
    said = visits(range(8))
    sad = ["sadness" if n in (0, 3, 6) else None for n in range(24)]
    known = {"mentions": mentions([0, 3, 6]), "facts": allotment()}
    assert compute(history(said, moods=sad, **known)).suggested_topics == []
    last_sad = ["joy" if n in (0, 3) else "sadness" if n == 6 else None for n in range(24)]
    assert compute(history(said, moods=last_sad, **known)).suggested_topics == []
    glad = ["joy" if n in (0, 3, 6) else None for n in range(24)]
    assert compute(history(said, moods=glad, **known)).suggested_topics != []


def test_milestones_are_true():
    hundred = history([(0, "u", "hi")] * 100)
    assert [(m["kind"], m["number"]) for m in compute(hundred).milestones] == [("messages", 100)]
    assert compute(history([(0, "u", "hi")] * 99)).milestones == []
    assert compute(replace(hundred, as_of=START + timedelta(days=10))).milestones == []
    month = compute(history(visits([0, 9]), as_of=datetime(2026, 4, 2, 10, tzinfo=UTC)))
    assert texts(month)[0] == "The first conversation with Ana was 1 month ago today."
    year = compute(history(visits([0, 9]), as_of=datetime(2028, 3, 2, 10, tzinfo=UTC)))
    assert year.milestones[0]["number"] == 2
    week = compute(history(visits(range(7))))
    assert [(m["kind"], m["number"]) for m in week.milestones] == [("streak", 7)]
    assert compute(history(visits([0, 1, 2, 4, 5, 6, 7]))).milestones == []


def test_a_birthday_is_the_users_own_day_of_it():
    fact = facts(("{user} was born on 3 March 1990", "personal", "birthday", "1990-03-03", "present", None))
    # 23:30 UTC on the second is the third in Berlin.
    night = START.replace(hour=23, minute=30)
    result = compute(history([(0, "u", "hi")], as_of=night, facts=fact))
    assert texts(result)[0] == "It is Ana's birthday today (Ana turns 36)."
    assert result.milestones[0]["message_ids"] == ["m0"]
    assert compute(history([(0, "u", "hi")], as_of=night, facts=fact, zone=UTC)).milestones == []


def test_the_result_does_not_depend_on_the_order_of_items_facts_and_mentions():
    said = [*OPEN, (11, "u", "my exam is on Friday"), (11, "b", "Which books do you still have to read?")]
    known = facts(
        ("{user} plans a trip", "plan", "", "", "future", date(2026, 3, 12)),
        ("{user} plans a swim", "plan", "", "", "future", date(2026, 3, 12)),
    )
    one = history(
        said, as_of=START + timedelta(days=13), facts=known, mentions=mentions([0, 3, 6]) + mentions([2, 5, 8], "barge")
    )
    other = replace(
        one,
        open_items=one.open_items[::-1],
        facts=known[::-1],
        mentions=one.mentions[::-1],
        day_terms=one.day_terms[::-1],
    )
    assert compute(one) == compute(other)


def test_five_thousand_turns_are_put_together_soundly():
    rng = np.random.default_rng(1)
    days = np.sort(rng.integers(0, 400, 2500))
    said = [line for day in days.tolist() for line in ((day, "u", "the allotment"), (day, "b", "Nice."))]
    known = history(said, mentions=mentions(range(0, 5000, 7)))
    result = compute(known)
    assert result.presence["messages"] == 2500
    assert result.optimal_engagement_hour in (20, 21)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=25), st.floats(0, 200))
def test_any_history_gives_a_sound_answer(said, waited):
    ordered = sorted(said)
    lines = [(day, "u" if user else "b", "Which boat is it that you have?") for day, user in ordered]
    result = compute(history(lines, as_of=START + timedelta(days=ordered[-1][0] + waited, hours=1)))
    json.dumps(asdict(result), allow_nan=False)
    assert (result.optimal_timing_hours is None) == ("optimal_timing_hours" in result.reasons)
    if result.optimal_timing_hours is not None:
        assert result.optimal_timing_hours >= max(24.0, result.last_engagement_gap_hours - 0.01)
    assert result.recommendations
    for share in (result.receptivity_score, result.proactive_success_rate, result.survival_now):
        assert share is None or 0.0 <= share <= 1.0
