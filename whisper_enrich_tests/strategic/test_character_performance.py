"""How a bot does: scores, sources, trends, anomalies, sentences; each with a reason where it is not known."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta

import numpy as np
import pytest

from whisper_enrich.strategic.character_performance import compute_bot, compute_from_days, compute_pair
from whisper_enrich.strategic.history import Reaction
from whisper_enrich.strategic.performance_days import DayMeasures, daily_measures
from whisper_enrich.strategic.performance_inputs import (
    DailyMean,
    EmotionalState,
    Feedback,
    Metrics,
    PlatformState,
    Relationship,
)
from whisper_enrich_tests.strategic.performance_builders import (
    AS_OF,
    axis,
    exchanges,
    history,
    on_day,
    turns_of,
    voice_sums,
)


def month(day=lambda back: exchanges(5, valence=0.2, coherence=0.28), days: int = 30, **more):
    """A history with one conversation on each of the last days, today's not."""
    return history(turns_of(*[(on_day(back), day(back)) for back in range(days, 0, -1)]), **more)


def parts(found, score):
    return {part["name"]: part for part in found.parts[score]}


def measured(name, value, days=range(1, 8), count=5):
    return {name: [DailyMean(on_day(back).date(), value, count) for back in days]}


def with_voice(window_axis: int, seed: int = 1):
    """Sixty days of a bot that speaks in one direction, seven of one that may speak in another."""
    rng = np.random.default_rng(seed)

    def turns(direction):
        return 3.0 * direction + 0.1 * rng.standard_normal((6, 384))

    old = [voice_sums(on_day(back).date(), turns(axis(0))) for back in range(60, 6, -1)]
    new = [voice_sums(on_day(back).date(), turns(axis(window_axis))) for back in range(6, 0, -1)]
    return month(vector_sums=[*old, *new])


class TestScores:
    def test_an_ordinary_week_is_scored_by_the_documented_maps(self):
        found = compute_pair(month())
        engagement = parts(found, "engagement")
        assert engagement["reply_rate"]["value"] == pytest.approx(4 / 5)
        assert engagement["return_rate"]["score"] == 1.0
        assert engagement["conversation_length"]["score"] == pytest.approx(5 / 8)
        assert engagement["reply_latency"]["value"] == pytest.approx(119.999, abs=0.01)
        assert engagement["reply_latency"]["score"] == pytest.approx(150 / 270, abs=0.001)
        expected = (0.3 * 0.8 + 0.25 * 1 + 0.25 * 0.625 + 0.1 * 150 / 270) / 0.9
        assert found.engagement_score_avg == pytest.approx(expected, abs=0.001)
        assert found.satisfaction_score_avg == pytest.approx((0.35 * 0.5 + 0.2 * 0.6) / 0.55)
        assert found.coherence_score_avg == pytest.approx(0.5)
        assert found.avg_quality_score == pytest.approx((found.satisfaction_score_avg + 0.5) / 2)
        assert (found.conversation_count, found.users, found.time_window_hours) == (6, 1, 168)

    @pytest.mark.parametrize(
        ("score", "worse", "better"),
        [
            ("engagement_score_avg", lambda _: exchanges(2), lambda _: exchanges(8)),
            ("engagement_score_avg", lambda _: exchanges(5, 600), lambda _: exchanges(5, 30)),
            ("satisfaction_score_avg", lambda _: exchanges(5, valence=-0.5), lambda _: exchanges(5, valence=0.5)),
            ("coherence_score_avg", lambda _: exchanges(5, coherence=0.1), lambda _: exchanges(5, coherence=0.5)),
        ],
        ids=["length", "latency", "mood", "coherence"],
    )
    def test_more_of_what_is_good_scores_higher(self, score, worse, better):
        assert getattr(compute_pair(month(worse)), score) < getattr(compute_pair(month(better)), score)

    def test_reactions_count_for_satisfaction_and_once_seen_for_engagement(self):
        loved = [Reaction(on_day(back).timestamp(), "positive_strong", 1.0, str(back)) for back in range(1, 6)]
        plain, found = compute_pair(month()), compute_pair(month(reactions=loved))
        assert "reactions" not in parts(plain, "engagement")
        assert parts(found, "engagement")["reactions"]["count"] == 30
        assert found.satisfaction_score_avg > plain.satisfaction_score_avg

    def test_feedback_of_the_hot_path_counts_for_satisfaction(self):
        given = [Feedback(on_day(2).timestamp(), -1.0, "answer")] * 3
        found = compute_pair(month(), Metrics(feedback=given))
        assert found.satisfaction_score_avg < compute_pair(month()).satisfaction_score_avg
        assert parts(found, "satisfaction")["feedback"]["source"] == "feedback"

    def test_two_observations_are_too_few_for_a_part(self):
        given = [Feedback(on_day(2).timestamp(), -1.0, "answer")] * 2
        assert "feedback" not in parts(compute_pair(month(), Metrics(feedback=given)), "satisfaction")

    def test_all_scores_lie_between_zero_and_one(self):
        for seed in range(10):
            rng = np.random.default_rng(seed)

            def wild(_, rng=rng):
                return exchanges(int(rng.integers(1, 9)), float(rng.uniform(0, 4000)), valence=rng.uniform(-1, 1),
                                 coherence=rng.uniform(-1, 1))  # fmt: skip

            found = compute_pair(month(wild))
            values = [found.engagement_score_avg, found.satisfaction_score_avg, found.coherence_score_avg]
            assert all(0 <= value <= 1 for value in [*values, found.avg_quality_score] if value is not None)
            assert found.engagement_score_avg is not None


class TestUnknown:
    def test_nobody_who_said_anything_has_a_score(self):
        found = compute_pair(history(turns_of()))
        assert found.engagement_score_avg is found.avg_quality_score is found.personality_consistency_index is None
        assert found.reasons["engagement_score_avg"] == "no_messages_in_window"
        assert found.reasons["engagement_trend"] == "too_few_days"
        assert (found.conversation_count, found.users, found.recent_anomalies, found.recommendations) == (0, 0, [], [])
        assert "no messages in the last 7 days" in found.performance_summary

    def test_one_message_is_not_enough(self):
        found = compute_pair(history(turns_of((on_day(1), [("user", 0)]))))
        assert found.engagement_score_avg is None
        assert found.reasons["engagement_score_avg"] == "too_few_turns"
        assert found.reasons["coherence_score_avg"] == "no_vectors"
        assert found.reasons["satisfaction_score_avg"] == "no_emotions"
        assert found.conversation_count == 1

    def test_who_fell_silent_has_no_score_for_this_week(self):
        found = compute_pair(replace(month(), as_of=AS_OF + timedelta(days=20)))
        assert found.reasons["engagement_score_avg"] == "no_messages_in_window"
        assert found.series["engagement"]

    def test_the_stamp_of_the_platform_is_no_response_time(self):
        found = compute_pair(month())
        assert found.avg_response_time is None
        assert found.reasons["avg_response_time"] == "answer_time_is_stamped"
        assert found.reasons["response_time_trend"] == "answer_time_is_stamped"

    def test_every_value_that_is_missing_has_its_reason(self):
        for made in (history(turns_of()), month(), month(lambda _: [("user", 0)], days=3)):
            found = compute_pair(made)
            missing = {
                name for name, value in asdict(found).items()
                if value is None and name not in ("user_id",)
            }  # fmt: skip
            assert missing == set(found.reasons)

    def test_identical_times_are_no_trouble(self):
        found = compute_pair(month(lambda _: exchanges(5, 0.0)))
        assert 0 <= found.engagement_score_avg <= 1

    def test_the_result_is_plain_json(self):
        for made in (history(turns_of()), with_voice(0)):
            json.dumps(asdict(compute_pair(made)), allow_nan=False)


class TestResponseTime:
    def answered_in(self, seconds):
        return month(lambda back: [("user", 0), ("bot", seconds(back)), ("user", 60), ("bot", 60 + seconds(back))])

    def test_times_of_their_own_are_averaged(self):
        found = compute_pair(self.answered_in(lambda _: 2.0))
        assert found.avg_response_time == pytest.approx(2000, abs=0.01)
        assert found.response_time_trend == "stable"
        assert found.source["response_time"] == "conversation"

    def test_faster_is_improving(self):
        assert compute_pair(self.answered_in(lambda back: 1.0 + back / 10)).response_time_trend == "improving"

    def test_slower_is_declining_and_said_so(self):
        found = compute_pair(self.answered_in(lambda back: 5.0 - back / 10))
        assert found.response_time_trend == "declining"
        assert any(sentence.startswith("The response time rose by 2.8 s") for sentence in found.recommendations)


class TestSources:
    def test_influxdb_wins_where_it_has_measurements_in_the_window(self):
        found = compute_pair(month(), Metrics(measured=measured("engagement", 0.9) | measured("response_time", 1500.0)))
        assert (found.engagement_score_avg, found.avg_response_time) == (pytest.approx(0.9), pytest.approx(1500.0))
        assert found.source["engagement"] == found.source["response_time"] == "influxdb"
        assert found.source["satisfaction"] == "conversation"
        assert "response_time_trend" in found.reasons or found.response_time_trend == "stable"

    @pytest.mark.parametrize("days", [range(8, 20), range(-3, 0)], ids=["before the window", "in the future"])
    def test_measurements_outside_of_the_window_leave_it_to_the_conversation(self, days):
        found = compute_pair(month(), Metrics(measured=measured("engagement", 0.9, days)))
        assert found.source["engagement"] == "conversation"
        assert found.engagement_score_avg == compute_pair(month()).engagement_score_avg

    def test_why_influxdb_said_nothing_stands_in_the_row(self):
        found = compute_pair(month(), Metrics(unmeasured="influxdb_unreachable"))
        assert found.reasons["influxdb"] == "influxdb_unreachable"
        assert found.source["engagement"] == "conversation"

    def test_the_platforms_relationship_is_a_part_of_satisfaction(self):
        state = PlatformState(relationship=Relationship(0.9, 1.0, None))
        found = compute_pair(month(), Metrics().with_platform([state]))
        assert parts(found, "satisfaction")["relationship"]["value"] == pytest.approx(0.95)
        assert found.satisfaction_score_avg > compute_pair(month()).satisfaction_score_avg
        assert found.relationship == {"trust": 0.9, "affection": 1.0}
        assert found.source["relationship"] == "platform"

    def test_a_relationship_alone_is_no_satisfaction(self):
        found = compute_pair(history(turns_of()), Metrics(relationships=[Relationship(0.9)]))
        assert found.satisfaction_score_avg is None

    def test_the_platforms_quality_is_used_where_it_has_numbers(self):
        quality = [DailyMean(on_day(back).date(), 0.75, 2) for back in range(1, 6)]
        found = compute_pair(month(), Metrics().with_platform([PlatformState(quality=quality)]))
        assert (found.avg_quality_score, found.source["quality"]) == (pytest.approx(0.75), "platform")

    def test_relationships_of_the_platform_win_over_those_of_influxdb(self):
        metrics = Metrics(relationships=[Relationship(trust=0.1)])
        assert metrics.with_platform([PlatformState()]).relationships == metrics.relationships
        state = PlatformState(relationship=Relationship(trust=0.8))
        assert metrics.with_platform([state]).relationships == (Relationship(trust=0.8),)


class TestConsistency:
    def test_a_bot_that_speaks_as_ever_is_consistent(self):
        found = compute_pair(with_voice(0))
        assert found.personality_consistency_index == pytest.approx(1.0, abs=0.01)
        assert found.source["consistency"] == "conversation"

    def test_a_bot_that_speaks_another_way_is_not(self):
        found = compute_pair(with_voice(1))
        assert found.personality_consistency_index < 0.05
        assert found.consistency["spaces"][0]["z"] < -5
        assert any("further from its own voice than usual" in sentence for sentence in found.recommendations)
        (step,) = [one for one in found.recent_anomalies if one["measure"] == "consistency" and one["kind"] == "step"]
        assert step["day"] == on_day(6).date().isoformat()

    def test_the_further_from_its_voice_the_lower(self):
        rng = np.random.default_rng(1)

        def turns(degrees):
            radians = np.radians(degrees)
            return np.cos(radians) * axis(0) + np.sin(radians) * axis(1) + 0.05 * rng.standard_normal((6, 384))

        found = []
        for degrees in (0, 15, 30, 45, 60, 90):
            sums = [voice_sums(on_day(n).date(), turns(degrees if n < 7 else 0)) for n in range(60, 0, -1)]
            found.append(compute_pair(month(vector_sums=sums)).personality_consistency_index)
        assert found == sorted(found, reverse=True)
        assert found[0] > 0.95
        assert found[-1] < 0.1

    def test_a_voice_two_usual_deviations_away_has_one_half(self):
        # Days that alternate between two nearnesses lie one usual deviation to either side of their mean.
        def turns(nearness):
            return np.tile(nearness * axis(0) + np.sqrt(1 - nearness**2) * axis(1 + int(rng.integers(300))), (4, 1))

        rng = np.random.default_rng(1)
        past = [voice_sums(on_day(n).date(), turns(0.9 if n % 2 else 0.7)) for n in range(80, 6, -1)]
        week = [voice_sums(on_day(n).date(), turns(0.6)) for n in range(6, 0, -1)]
        found = compute_pair(month(vector_sums=[*past, *week]))
        assert found.consistency["spaces"][0]["z"] == pytest.approx(-2.0, abs=0.1)
        assert found.personality_consistency_index == pytest.approx(0.5, abs=0.03)

    def test_a_short_past_says_nothing_of_what_is_usual(self):
        sums = [voice_sums(on_day(back).date(), np.tile(axis(0), (9, 1))) for back in range(10, 0, -1)]
        found = compute_pair(month(vector_sums=sums))
        assert (found.personality_consistency_index, found.reasons["personality_consistency_index"]) == (
            None, "too_short_a_past")  # fmt: skip

    def test_the_users_vectors_and_the_topics_are_not_the_bots_voice(self):
        sums = [voice_sums(on_day(n).date(), np.tile(axis(0), (9, 1)), "semantic", True) for n in range(60, 0, -1)]
        sums += [voice_sums(on_day(n).date(), np.tile(axis(0), (9, 1)), "content") for n in range(60, 0, -1)]
        assert compute_pair(month(vector_sums=sums)).reasons["personality_consistency_index"] == "no_vectors"

    def test_turns_without_a_common_direction_have_no_voice(self):
        sums = [voice_sums(on_day(n).date(), np.tile(axis(0) * (-1) ** n, (9, 1))) for n in range(60, 0, -1)]
        assert compute_pair(month(vector_sums=sums)).reasons["personality_consistency_index"] == "no_usual_voice"

    def test_the_emotional_state_of_the_platform_counts_for_a_fifth(self):
        upset = EmotionalState({"joy": 0.1, "stress": 0.9}, {"joy": 0.6, "stress": 0.4})
        found = compute_pair(with_voice(0), Metrics(emotions=[upset]))
        assert found.consistency["emotional_stability"] == pytest.approx(0.5)
        calm = compute_pair(with_voice(0)).personality_consistency_index
        assert found.personality_consistency_index == pytest.approx(0.8 * calm + 0.2 * 0.5)


class TestTrendsAndAnomalies:
    def test_an_even_month_is_stable_and_gives_no_cause_for_advice(self):
        found = compute_pair(month())
        assert found.quality_trend == found.engagement_trend == "stable"
        assert found.recent_anomalies == found.recommendations == []
        assert "engagement 0.78 (stable)" in found.performance_summary

    def test_a_month_of_shorter_and_shorter_conversations_declines(self):
        found = compute_pair(month(lambda back: exchanges(2 + back // 3)))
        assert found.engagement_trend == "declining"
        assert any("engagement fell by" in sentence for sentence in found.recommendations)
        assert found.trends["engagement"]["p"] < 0.05

    def test_a_day_that_is_unlike_the_others_is_named_with_what_was_expected(self):
        found = compute_pair(month(lambda back: exchanges(5, valence=-0.9 if back == 3 else 0.2 + back % 5 / 50)))
        (one,) = [one for one in found.recent_anomalies if one["kind"] == "outlier"]
        assert (one["measure"], one["day"]) == ("satisfaction", on_day(3).date().isoformat())
        assert one["value"] < one["expected"] - 0.1
        assert one["z"] < -3.5

    def test_a_day_before_the_window_is_no_recent_anomaly(self):
        found = compute_pair(month(lambda back: exchanges(5, valence=-0.9 if back == 12 else 0.2 + back % 5 / 50)))
        assert found.recent_anomalies == []

    def test_a_change_at_once_is_located(self):
        found = compute_pair(month(lambda back: exchanges(5, coherence=(0.5 if back > 10 else 0.1) + back % 4 / 50)))
        (step,) = [one for one in found.recent_anomalies if one["kind"] == "step"]
        assert (step["measure"], step["day"]) == ("coherence", on_day(10).date().isoformat())
        assert any("changed at once" in sentence for sentence in found.recommendations)

    def test_a_lower_reply_rate_than_in_the_months_before_is_named_with_both(self):
        found = compute_pair(month(lambda back: exchanges(5) if back > 7 else exchanges(1), days=60))
        assert any("0% of the bot's turns are answered, 80%" in sentence for sentence in found.recommendations)

    def test_a_mood_that_falls_by_chance_gives_no_advice(self):
        def said(fall):
            return lambda back: [
                ("user", 0, {"valence": 0.3}), ("bot", 1), ("user", 60, {"valence": 0.3 + fall(back)}), ("bot", 61),
            ]  # fmt: skip

        falls = compute_pair(month(said(lambda back: -0.4)))
        by_chance = compute_pair(month(said(lambda back: -0.8 if back % 3 else 0.9)))
        assert any("mood falls by 0.40" in sentence for sentence in falls.recommendations)
        assert not any("mood falls" in sentence for sentence in by_chance.recommendations)


class TestBot:
    def users(self, count):
        return [month(lambda back, n=n: exchanges(2 + (back * n) % 5), user=f"u{n}") for n in range(1, count + 1)]

    def test_the_row_of_a_bot_with_one_user_has_that_users_values(self):
        pair, bot = compute_pair(month()), compute_bot([month()])
        assert (pair.user_id, bot.user_id) == ("u1", None)
        for name in ("engagement_score_avg", "satisfaction_score_avg", "series", "trends", "conversation_count"):
            assert getattr(pair, name) == getattr(bot, name)

    def test_the_order_of_users_changes_nothing(self):
        users = self.users(4)
        assert compute_bot(users) == compute_bot(users[::-1])

    def test_stored_days_give_the_same_row_as_the_turns(self):
        users = self.users(3)
        stored = {
            one.user_id: [DayMeasures.from_json(json.loads(json.dumps(row.to_json()))) for row in daily_measures(one)]
            for one in users
        }
        assert compute_from_days("ines", stored, AS_OF) == compute_bot(users)
        assert compute_bot(users).users == 3

    def test_histories_must_be_of_one_bot(self):
        with pytest.raises(ValueError, match="0 bots"):
            compute_bot([])
        with pytest.raises(ValueError, match="2 bots"):
            compute_bot([month(), replace(month(), bot_name="juno")])

    def test_another_window_is_given_in_whole_days(self):
        day = compute_from_days("ines", {"u": daily_measures(month())}, AS_OF, window_hours=24)
        assert (day.time_window_hours, day.conversation_count) == (24, 0)
        with pytest.raises(ValueError, match="30 hours"):
            compute_from_days("ines", {}, AS_OF, window_hours=30)

    def test_it_stays_within_its_budgets(self):
        pair = history(turns_of(*[(on_day(back), exchanges(28)) for back in range(89, 0, -1)]))
        compute_pair(pair)
        started = time.perf_counter()
        compute_pair(pair)
        # 20 ms are the aim; a busy machine must not fail the test.
        assert time.perf_counter() - started < 0.1
        rows = daily_measures(history(turns_of(*[(on_day(back), exchanges(5)) for back in range(50, 0, -1)])))
        many = {f"u{n}": rows for n in range(200)}
        started = time.perf_counter()
        compute_from_days("ines", many, AS_OF)
        assert time.perf_counter() - started < 2.0
