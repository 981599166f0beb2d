"""How a user comes back to things, and when to bring them up again."""

import json
import time
from dataclasses import asdict

import numpy as np
import pytest

from whisper_enrich.strategic import human_like_memory, remention
from whisper_enrich.strategic.forgetting_priors import shipped
from whisper_enrich.strategic.history import AccessCounts
from whisper_enrich_tests.strategic.talkative import fact, history_of_mentions, talkative_history


def behavior(said=(), **more):
    return human_like_memory.compute(history_of_mentions(said, **more))


def topics(items):
    return [item["topic"] for item in items]


def habits(regulars=8, days=60, seed=2):
    """Some names come up every few days, and each day names one that never comes back."""
    generator = np.random.default_rng(seed)
    return [
        (
            days - day,
            "user",
            ",".join([f"Stray{day}", *(f"Reg{i}" for i in range(regulars) if generator.random() < 0.4)]),
        )
        for day in range(days)
    ]


def test_nothing_to_remember_says_why_and_keeps_the_curve_of_people_in_general():
    result = behavior()
    assert (result.decay_rate, result.retention_baseline, result.optimal_recall_days) == (None, None, None)
    assert result.reasons["decay_rate"] == "no_memories"
    assert result.reasons["recall_simulation_score"] == "too_few_returns"
    assert result.reasons["spaced_repetition"] == "too_few_repeated_terms"
    assert result.confidence == 0.0
    curve = result.forgetting_curve_params
    assert curve["decay"] == pytest.approx(curve["population_decay"])
    assert result.recall_strategy == "Nothing to bring up again yet."


def test_the_curve_has_an_interval_that_narrows_with_talk():
    users = talkative_history(turns=200, mentions=150), talkative_history(turns=4000, mentions=3500)
    few, many = (human_like_memory.compute(user).forgetting_curve_params for user in users)
    for curve in (few, many):
        assert curve["decay_low"] <= curve["decay"] <= curve["decay_high"]
    assert many["decay_high"] - many["decay_low"] < few["decay_high"] - few["decay_low"]
    assert many["own_weight"] > few["own_weight"] + 0.2


def test_who_soon_drops_a_subject_forgets_faster_than_who_returns_after_weeks():
    # The same mentions a session, some days apart: always the latest subject, or one of long ago.
    soon, late = [], []
    for day in range(100):
        soon.append((200 - 2 * day, "user", f"Name{day // 3}"))
        late.append((200 - 2 * day, "user", f"Name{day % 33}"))
    fast, slow = (behavior(said).forgetting_curve_params["decay"] for said in (soon, late))
    assert fast > slow


def test_the_rate_and_the_baseline_are_one_curve():
    result = behavior(habits())
    assert result.retention_baseline == pytest.approx(np.exp(-7 * result.decay_rate))
    curve = result.forgetting_curve_params
    typical = curve["typical_stability_days"]
    assert result.retention_baseline == pytest.approx((1 + curve["factor"] * 7 / typical) ** -curve["decay"])
    due = result.optimal_recall_days
    assert (1 + curve["factor"] * due / typical) ** -curve["decay"] == pytest.approx(human_like_memory.TARGET_RETENTION)


def test_high_retention_is_what_holds_and_low_what_faded_after_it_came_back_once():
    said = [
        (90, "user", "Old"),
        (89, "user", "Old"),
        *((d, "user", "Dear") for d in (60, 40, 20, 3, 1)),
        (80, "user", "Once"),
    ]
    result = behavior(said)
    assert topics(result.high_retention_memories) == ["Dear"]
    assert topics(result.low_retention_memories) == ["Old"]
    assert result.low_retention_memories[0]["retrievability"] < human_like_memory.FADED_RETENTION


def test_the_counts_are_of_times_beyond_the_first():
    said = [(30, "user", "Rex"), (20, "user", "Rex"), (10, "user", "Rex,piano"), (4, "user", "piano")]
    result = behavior(said, facts=[fact(1, [9.0, 3.0])])
    assert result.total_retrieval_count == 2 + 1 + 1
    assert result.reinforced_topic_count == 2
    assert result.avg_retrieval_interval_days == pytest.approx((20 + 6 + 6) / 4)
    assert result.retrieval == "unobserved"


def test_where_the_platform_counts_retrievals_these_are_the_count():
    said = [(30, "user", "Rex"), (20, "user", "Rex"), (10, "user", "Bolt")]
    access = {"p0": AccessCounts(5, None), "p1": AccessCounts(2, None), "f": AccessCounts(4, None)}
    result = behavior(said, access=access, facts=[fact(1, [9.0], message_ids=("f",))])
    assert result.retrieval == "observed"
    assert result.total_retrieval_count == 5 + 2 + 4


def test_recall_is_foretold_better_than_chance_where_there_are_habits():
    result = behavior(habits(days=120))
    assert result.recall_simulation_score > 0.85
    assert result.recall_simulation["brier_skill"] > 0.2
    assert result.recall_simulation["returns"] >= human_like_memory.FEWEST_HITS


def test_recall_is_near_chance_where_words_come_at_random():
    generator = np.random.default_rng(8)
    names = [f"Name{i}" for i in range(30)]
    said = [(100, "user", ",".join(names))]
    said += [(99 - d, "user", ",".join(generator.choice(names, 6, replace=False))) for d in range(99)]
    result = behavior(said)
    assert 0.4 < result.recall_simulation_score < 0.6
    assert result.recall_simulation["brier_skill"] < 0.05


def test_the_simulation_is_fitted_on_what_lay_before(monkeypatch):
    fitted_up_to = []
    fit_user = remention.fit_user

    def noted(x, found, population):
        fitted_up_to.append(int(found.session.max()) + 1)
        return fit_user(x, found, population)

    monkeypatch.setattr(remention, "fit_user", noted)
    behavior(habits(days=120))
    assert sorted(fitted_up_to) == [60, 80, 100, 120]


def test_spaced_topics_are_compared_with_massed_ones():
    said = []
    for i in range(20):
        start = 100 - 2 * i
        said += [(start, "user", f"Spaced{i}"), (start - 3, "user", f"Spaced{i}"), (start - 9, "user", f"Spaced{i}")]
        said += [(start, "user", f"Massed{i}"), (start - 0.01, "user", f"Massed{i}")]
    result = behavior(said)
    effect = result.spaced_repetition
    assert effect["n"] == {"spaced": 20, "massed": 20}
    assert (effect["came_back_spaced"], effect["came_back_massed"]) == (1.0, 0.0)
    assert 0 < effect["low"] <= effect["difference"] == 1.0
    assert "last longer than those talked through at once" in result.recall_strategy


def test_topics_whose_time_to_come_back_is_not_over_are_not_compared():
    said = [(10, "user", f"Name{i}") for i in range(20)] + [(5, "user", f"Name{i}") for i in range(20)]
    assert behavior(said).spaced_repetition is None


def test_consolidation_tells_what_grew_what_faded_and_what_came_back():
    said = [(200, "user", "Back"), (199, "user", "Back"), (3, "user", "Back")]
    said += [
        (60, "user", "Faded"),
        (40, "user", "Faded"),
        (34, "user", "Kept"),
        (30, "user", "Kept"),
        (5, "user", "Kept"),
    ]
    found = behavior(said).consolidation
    assert "Back" in topics(found["returned"]) and "Kept" not in topics(found["returned"])
    assert "Kept" in topics(found["strengthened"])
    assert "Faded" not in topics(found["strengthened"])
    assert found["known_before"] == 3
    assert found["returned_count"] == 1


def test_what_is_due_comes_first_with_the_day_on_which_it_is():
    said = [
        (90, "user", "Lost"),
        (89, "user", "Lost"),
        *((d, "user", "Dear") for d in (60, 40, 20)),
        (2, "user", "New"),
        (1, "user", "New"),
    ]
    result = behavior(said)
    items = {item["topic"]: item for item in result.reinforcement_opportunities}
    assert topics(result.reinforcement_opportunities)[-1] == "Lost"
    assert items["Lost"]["due_in_days"] < 0
    for item in items.values():
        idle = item["due_in_days"] + item["idle_hours"] / 24
        assert (1 + item["factor"] * idle / item["stability_days"]) ** -item["decay"] == pytest.approx(0.9)


def test_private_memories_carry_their_scope_and_the_strategy_names_none():
    result = behavior([(30, "user", "Rex"), (9, "user", "Rex")], private=(0, 1))
    assert {item["scope"] for item in result.reinforcement_opportunities} == {"dm"}
    assert "Rex" not in result.recall_strategy


def test_everything_is_plain_json_without_nan():
    for said in ([], habits(days=5), habits()):
        result = behavior(said, facts=[fact(1, [3.0])] if said else [])
        json.dumps(asdict(result), allow_nan=False)
        assert all(getattr(result, name) is None for name in result.reasons)


@pytest.mark.parametrize(
    "said", [[(1, "user", "")], [(1, "user", "Rex")], [(1, "bot", "Rex")], [(1.0, "user", "Rex")] * 40]
)
def test_hardly_any_talk_is_no_reason_to_fail(said):
    result = behavior(said)
    assert 0 <= result.confidence <= 1
    assert result.recall_simulation_score is None


def test_priors_can_be_given():
    given = shipped()
    history = history_of_mentions(habits())
    assert human_like_memory.compute(history, given) == human_like_memory.compute(history)


def test_a_talkative_user_costs_some_milliseconds():
    history = talkative_history(turns=10_000, mentions=8000)
    human_like_memory.compute(history)
    started = time.process_time()
    human_like_memory.compute(history)
    assert time.process_time() - started < 0.3
