"""What a day contributes to a bot's performance, and how days of many users add up."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.history import Reaction
from whisper_enrich.strategic.performance_days import DayMeasures, daily_measures
from whisper_enrich.strategic.performance_grid import LONG_RUN_DAYS, grid
from whisper_enrich.strategic.performance_inputs import DailyMean, Feedback, Metrics
from whisper_enrich_tests.strategic.performance_builders import (
    AS_OF,
    axis,
    exchanges,
    history,
    on_day,
    turns_of,
    voice_sums,
)


def day_of(*said, start=None) -> DayMeasures:
    (row,) = daily_measures(history(turns_of((start or on_day(1), said))))
    return row


class TestAnswers:
    def test_a_bot_turn_that_the_user_takes_up_within_half_an_hour_is_answered(self):
        row = day_of(("user", 0), ("bot", 1), ("user", 61), ("bot", 62), ("user", 62 + 1801))
        assert (row.moves, row.answered, row.sessions) == (2, 1, 2)
        assert row.log_latency == pytest.approx(math.log(60))

    def test_several_bot_turns_in_a_row_are_one_move(self):
        row = day_of(("user", 0), ("bot", 1), ("bot", 2), ("bot", 3), ("user", 13))
        assert (row.moves, row.answered, row.bot_turns) == (1, 1, 3)
        assert row.log_latency == pytest.approx(math.log(10))

    def test_a_bot_that_writes_again_after_silence_was_not_answered_before(self):
        row = day_of(("bot", 0), ("bot", 7200), ("user", 7210))
        assert (row.moves, row.answered, row.sessions) == (2, 1, 1)

    def test_an_answer_at_the_same_instant_counts_as_one_second(self):
        row = day_of(("bot", 0), ("user", 0))
        assert (row.answered, row.log_latency) == (1, 0.0)

    def test_the_days_last_turn_stays_open_if_it_is_the_bots(self):
        assert day_of(("user", 0), ("bot", 1)).open_since == on_day(1).timestamp() + 1
        assert day_of(("bot", 0), ("user", 1)).open_since is None

    def test_a_conversation_that_only_the_bot_led_is_none(self):
        assert day_of(("bot", 0), ("bot", 9000)).sessions == 0


class TestDays:
    def test_an_answer_over_midnight_belongs_to_the_day_of_its_question(self):
        midnight = datetime(2026, 3, 12, tzinfo=UTC)
        rows = daily_measures(history(turns_of((midnight - timedelta(microseconds=500), exchanges(1)))))
        assert [row.day for row in rows] == [date(2026, 3, 11)]

    def test_a_conversation_is_cut_at_the_end_of_the_day(self):
        rows = daily_measures(history(turns_of((datetime(2026, 3, 11, 23, 58, tzinfo=UTC), exchanges(4, 60)))))
        assert [(row.day.day, row.user_turns, row.sessions, row.answered) for row in rows] == [
            (11, 2, 1, 1), (12, 2, 1, 1)]  # fmt: skip

    def test_a_day_of_reactions_alone_is_a_day(self):
        rows = daily_measures(history(turns_of(), reactions=[Reaction(on_day(2).timestamp(), "x", 0.5, "p")]))
        assert [(row.day, row.reactions, row.reaction, row.user_turns) for row in rows] == [
            (on_day(2).date(), 1, 0.5, 0)]  # fmt: skip

    def test_nothing_said_is_no_day(self):
        assert daily_measures(history(turns_of())) == []

    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.sampled_from(["user", "bot"]), st.integers(0, 4 * 86_400)), max_size=40))
    def test_days_read_one_by_one_or_together_are_the_same(self, said):
        said = sorted((seconds, who != "user", who) for who, seconds in said)
        turns = turns_of((on_day(6, 0), [(who, seconds) for seconds, _, who in said]))
        together = daily_measures(history(turns))
        apart = []
        for row in together:
            low = datetime.combine(row.day, datetime.min.time(), UTC).timestamp()
            own = [
                (w, s)
                for s, _, w in said
                if 0 <= s + on_day(6, 0).timestamp() - (0 if w == "user" else 0.001) - low < 86_400
            ]
            apart += daily_measures(history(turns_of((on_day(6, 0), own))))
        assert apart == together
        assert sum(row.user_turns + row.bot_turns for row in together) == len(said)
        assert all(row.answered <= row.moves <= row.bot_turns for row in together)


class TestMood:
    def test_the_lift_is_the_mood_after_the_bot_spoke_less_that_before(self):
        row = day_of(
            ("user", 0, {"valence": -0.5}), ("user", 1, {"valence": 0.1}), ("bot", 2, {"valence": 1.0}),
            ("user", 3, {"valence": 0.4}), ("bot", 4), ("user", 5, {"valence": 0.8}),
        )  # fmt: skip
        assert (row.lifts, row.moods) == (1, 2)
        assert row.lift == pytest.approx(0.6 + 0.2)
        assert row.lift_squares == pytest.approx(0.8**2)
        assert row.mood == pytest.approx(1.2)

    def test_a_conversation_that_the_bot_began_has_no_before(self):
        row = day_of(("bot", 0), ("user", 1, {"valence": 0.4}))
        assert (row.lifts, row.moods) == (0, 1)

    def test_each_conversation_begins_anew(self):
        said = [("user", 0, {"valence": 0.0}), ("bot", 1), ("user", 2, {"valence": 0.5})]
        later = [("user", 9000, {"valence": 0.2}), ("bot", 9001), ("user", 9002, {"valence": 0.1})]
        row = day_of(*said, *later)
        assert (row.lifts, row.lift) == (2, pytest.approx(0.5 - 0.1))

    def test_turns_without_a_valence_say_nothing(self):
        assert day_of(*exchanges(5)).moods == 0


class TestResponseTime:
    def test_the_platforms_stamp_is_no_time(self):
        row = day_of(*exchanges(3))
        assert (row.timed, row.stamped) == (0, 3)

    def test_a_time_of_its_own_is_measured_in_milliseconds(self):
        row = day_of(("user", 0), ("bot", 2.5), ("user", 60), ("bot", 61.5))
        assert (row.timed, row.stamped) == (2, 0)
        assert row.response_ms == pytest.approx(4000.0, abs=0.01)

    def test_what_comes_after_ten_minutes_is_no_answer(self):
        row = day_of(("user", 0), ("bot", 601))
        assert (row.timed, row.stamped) == (0, 0)


class TestVectors:
    def test_the_bots_turns_are_held_against_the_days_topic_of_the_user(self):
        day = on_day(1).date()
        sums = [
            voice_sums(day, np.array([axis(0), axis(0)]), "content", from_user=True),
            voice_sums(day, np.array([axis(0), axis(1)]), "content"),
            voice_sums(day, np.array([axis(2)]), "semantic"),
        ]
        (row,) = daily_measures(history(turns_of((on_day(1), exchanges(2))), vector_sums=sums))
        assert (row.on_topic, row.topic) == (2, pytest.approx(1.0))
        assert {space: count for space, (_, count) in row.voice.items()} == {"semantic": 1}

    def test_only_the_bots_turns_are_held_against_what_was_said_before(self):
        row = day_of(("user", 0, {"coherence": 0.9}), ("bot", 1, {"coherence": 0.3}), ("bot", 2))
        assert (row.coherent, row.coherence) == (1, pytest.approx(0.3))


def test_a_row_survives_its_json():
    sums = [voice_sums(on_day(1).date(), np.random.default_rng(1).standard_normal((9, 384)))]
    (row,) = daily_measures(history(turns_of((on_day(1), exchanges(9, valence=0.3))), vector_sums=sums))
    back = DayMeasures.from_json(json.loads(json.dumps(row.to_json(), allow_nan=False)))
    assert back == row
    assert back.voice["semantic"][0] == pytest.approx(row.voice["semantic"][0], rel=1e-3, abs=1e-3)
    assert back.voice["semantic"][1] == 9


class TestGrid:
    def test_users_add_up_and_their_order_changes_nothing(self):
        rows = {f"u{n}": daily_measures(history(turns_of((on_day(n), exchanges(n + 1))))) for n in range(5)}
        made = grid(rows, AS_OF, Metrics())
        turned = grid(dict(reversed(rows.items())), AS_OF, Metrics())
        assert made.sums["user_turns"][-5:].tolist() == [5, 4, 3, 2, 1]
        assert all(np.array_equal(made.sums[name], turned.sums[name]) for name in made.sums)

    def test_what_lies_before_the_long_run_or_after_today_is_not_read(self):
        rows = [DayMeasures(AS_OF.date() - timedelta(days=back), user_turns=1) for back in (-1, 0, 89, 90, 4000)]
        assert grid({"u": rows}, AS_OF, Metrics()).total("user_turns", LONG_RUN_DAYS) == 2

    def test_a_day_is_returned_from_where_the_next_has_turns(self):
        rows = [DayMeasures(on_day(back).date(), user_turns=1) for back in (9, 8, 5)]
        made = grid({"u": rows}, AS_OF, Metrics())
        assert (made.total("returnable", 30), made.total("returned", 30)) == (3, 1)

    def test_yesterday_is_not_judged_until_today_is_over(self):
        yesterday, today = (DayMeasures(on_day(back).date(), user_turns=1) for back in (1, 0))
        assert grid({"u": [yesterday]}, AS_OF, Metrics()).total("returnable", 30) == 0
        made = grid({"u": [yesterday, today]}, AS_OF, Metrics())
        assert (made.total("returnable", 30), made.total("returned", 30)) == (1, 1)

    def test_another_users_day_is_no_return(self):
        rows = {"a": [DayMeasures(on_day(9).date(), user_turns=1)], "b": [DayMeasures(on_day(8).date(), user_turns=1)]}
        assert grid(rows, AS_OF, Metrics()).total("returned", 30) == 0

    @pytest.mark.parametrize(
        ("back", "hour", "moves"),
        [(0, 11.9, 0), (0, 11.0, 1), (3, 23.9, 0), (3, 23.0, 1)],
        ids=["just now", "an hour ago", "just before midnight", "an hour before midnight"],
    )
    def test_a_turn_counts_as_unanswered_once_the_session_is_over(self, back, hour, moves):
        rows = daily_measures(history(turns_of((on_day(back, hour), exchanges(1)))))
        assert grid({"u": rows}, AS_OF, Metrics()).total("moves", 30) == moves

    def test_feedback_is_put_on_its_day(self):
        given = [Feedback(on_day(3).timestamp(), 0.5, "answer"), Feedback(on_day(200).timestamp(), -1, "answer")]
        made = grid({}, AS_OF, Metrics(feedback=given))
        assert (made.total("feedbacks", 7), made.total("feedback", 7)) == (1, 0.5)

    def test_measured_reactions_are_taken_only_where_the_messages_have_none(self):
        measured = Metrics(measured={"reactions": [DailyMean(on_day(2).date(), 0.5, 4)]})
        assert grid({}, AS_OF, measured).total("reaction", 7) == 2.0
        own = {"u": [DayMeasures(on_day(2).date(), reactions=1, reaction=1.0)]}
        assert grid(own, AS_OF, measured).total("reaction", 7) == 1.0
