"""How old memories are, and which are about to fade."""

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic import memory_aging
from whisper_enrich.strategic.history import AccessCounts, VectorSums
from whisper_enrich_tests.strategic.builders import history_of
from whisper_enrich_tests.strategic.talkative import AS_OF, fact, history_of_mentions, talkative_history


def health(said=(), **more):
    return memory_aging.compute(history_of_mentions(said, **more))


def listed(result):
    return {m["topic"]: m for part in ("freshest", "stalest") for m in result.memory_snapshot[part]}


def at_risk(result):
    return {m["topic"]: m for m in result.forgetting_risk_memories}


def test_nobody_and_nothing_have_no_age_and_say_why():
    result = health()
    assert (result.avg_memory_age_hours, result.retrieval_frequency_trend, result.topic_drift) == (None, None, None)
    assert result.memory_count == 0 and result.forgetting_risk_memories == []
    assert result.reasons["avg_memory_age_hours"] == "no_memories"
    assert result.reasons["retrieval_frequency_trend"] == "history_too_short"
    assert result.reasons["topic_drift"] == "too_few_mentions"


def test_the_age_is_that_of_the_latest_evidence():
    result = health([(20, "user", "Rex"), (2, "user", "Rex")], facts=[fact(1, [4.0])])
    assert result.avg_memory_age_hours == pytest.approx(24 * (2 + 4) / 2)
    assert listed(result)["Rex"]["age_hours"] == pytest.approx(24 * 20)
    assert listed(result)["Rex"]["times"] == 2


def test_the_parameters_give_the_age_at_any_later_time():
    history = history_of_mentions([(20, "user", "Rex"), (3, "user", "Rex,Ana")], facts=[fact(1, [4.0])])
    now, later = (memory_aging.compute(replace(history, as_of=AS_OF + timedelta(days=d))) for d in (0, 9))
    p = now.age_parameters
    evaluated = ((AS_OF + timedelta(days=9)).timestamp() - p["sum_last_at"] / p["count"]) / 3600
    assert evaluated == pytest.approx(later.avg_memory_age_hours)


def test_the_parameters_of_a_memory_give_its_retrievability():
    result = health([(40, "user", "Rex"), (30, "user", "Rex"), (6, "user", "Rex")])
    m = listed(result)["Rex"]
    assert m["retrievability"] == pytest.approx((1 + m["factor"] * 6 / m["stability_days"]) ** -m["decay"])
    assert m["retrievability_7d"] == pytest.approx((1 + m["factor"] * 13 / m["stability_days"]) ** -m["decay"])
    assert m["last_at"] == "2026-03-24T20:00:00Z"


def test_what_was_named_often_lasts_longer_than_what_was_named_once():
    said = [(40, "user", "Rex"), (30, "user", "Rex"), (20, "user", "Rex,Bolt")]
    memories = listed(health(said))
    assert memories["Rex"]["retrievability"] > memories["Bolt"]["retrievability"]


def test_a_topic_is_a_memory_when_it_comes_back_and_a_name_at_once():
    said = [(9, "user", "guitar"), (8, "user", "piano"), (2, "user", "piano"), (1, "user", "Rex"), (1, "bot", "Bolt")]
    assert set(listed(health(said))) == {"piano", "Rex"}


def test_a_name_and_a_topic_of_one_stem_are_one_memory():
    result = health([(9, "user", "toyota"), (2, "user", "Toyota")])
    assert result.memory_count == 1
    assert listed(result)["Toyota"]["kind"] == "entity"


def test_the_freshest_and_the_stalest_are_different_ones():
    said = [(days, "user", f"Name{days}") for days in range(1, 31)]
    snapshot = health(said).memory_snapshot
    fresh, stale = ([m["topic"] for m in snapshot[part]] for part in ("freshest", "stalest"))
    assert fresh == [f"Name{d}" for d in range(1, 6)]
    assert stale == [f"Name{d}" for d in range(30, 25, -1)]
    assert [m["topic"] for m in health(said[:1]).memory_snapshot["freshest"]] == ["Name1"]


def test_at_risk_is_what_was_meant_to_be_kept_and_is_fading():
    said = [(60, "user", "Rex"), (50, "user", "Rex"), (30, "user", "Once"), (2, "user", "Bolt"), (1, "user", "Bolt")]
    result = health(said, facts=[fact(7, [45.0], "is allergic to nuts")])
    assert {"Rex", "is allergic to nuts"} <= set(at_risk(result))
    assert "Once" not in at_risk(result)
    entry = at_risk(result)["is allergic to nuts"]
    assert entry["id"] == "fact:7" and entry["kind"] == "fact"
    assert entry["why"].startswith("said once, last 45 days ago; retrievability 0.")
    assert all(m["retrievability_7d"] < memory_aging.RISK_RETENTION for m in result.forgetting_risk_memories)


def test_what_was_said_in_a_dm_alone_is_of_the_dm_and_what_was_said_openly_too_is_not():
    said = [(9, "user", "Rex"), (8, "user", "Bolt"), (2, "user", "Rex"), (1, "user", "Bolt")]
    memories = listed(health(said, private=(0, 2, 3), facts=[fact(1, [1.0], scope=Scope.DM)]))
    assert memories["Rex"]["scope"] == "dm"
    assert memories["Bolt"]["scope"] == "shared"
    assert memories["keeps bees"]["scope"] == "dm"


def test_retrieval_is_unobserved_unless_the_platform_counts_it():
    said = [(2, "user", "Rex")]
    assert health(said).retrieval == "unobserved"
    assert health(said, access={"p0": AccessCounts(3, None)}).memory_snapshot["retrieval"] == "observed"


def test_a_retrieval_after_the_last_mention_refreshes_a_memory():
    said = [(40, "user", "Rex"), (30, "user", "Rex,Bolt"), (20, "user", "Bolt")]
    plain = listed(health(said))
    seen = AccessCounts(3, (AS_OF - timedelta(days=2)).timestamp())
    result = health(said, access={"p0": seen})
    refreshed = listed(result)
    assert (refreshed["Rex"]["retrieved"], refreshed["Bolt"]["retrieved"]) == (3, 0)
    assert refreshed["Rex"]["retrievability"] > plain["Rex"]["retrievability"]
    assert refreshed["Rex"]["stability_days"] > plain["Rex"]["stability_days"]
    assert refreshed["Rex"]["times"] == plain["Rex"]["times"] == 2
    assert refreshed["Bolt"]["stability_days"] == plain["Bolt"]["stability_days"]


def test_a_retrieval_before_the_last_mention_changes_no_curve():
    said = [(40, "user", "Rex"), (30, "user", "Rex")]
    early = AccessCounts(3, (AS_OF - timedelta(days=35)).timestamp())
    with_it, without = listed(health(said, access={"p0": early}))["Rex"], listed(health(said))["Rex"]
    assert with_it["stability_days"] == without["stability_days"]


def steady(per_day, days):
    """So many known names a day, each day from the first on."""
    names = ",".join(f"Name{i}" for i in range(per_day))
    return [(40.0, "user", ",".join(f"Name{i}" for i in range(40)))] + [(day - 0.5, "user", names) for day in days]


@pytest.mark.parametrize(
    ("recent", "earlier", "verdict"), [(12, 3, "increasing"), (1, 8, "declining"), (12, 12, "stable")]
)
def test_the_trend_compares_the_last_week_with_the_three_before(recent, earlier, verdict):
    said = steady(recent, range(1, 8)) + steady(earlier, range(8, 29))[1:]
    result = health(said)
    assert result.retrieval_frequency_trend == verdict
    assert result.trend_test["later"] == 7 * recent and result.trend_test["earlier"] == 21 * earlier


def test_two_mentions_against_one_are_no_trend():
    result = health([(25, "user", "Rex"), (12, "user", "Rex"), (3, "user", "Rex"), (1, "user", "Rex")])
    assert result.retrieval_frequency_trend is None
    assert result.reasons["retrieval_frequency_trend"] == "inconclusive"
    assert result.trend_test["p"] > 0.05


def test_a_new_user_has_no_trend_yet():
    assert health([(5, "user", "Rex"), (1, "user", "Rex")]).reasons["retrieval_frequency_trend"] == "history_too_short"


def test_other_topics_than_before_drift_and_the_same_do_not():
    old, new = (",".join(f"{w}{i}" for i in range(8)) for w in ("pot", "ski"))
    before = [(day, "user", old) for day in range(8, 28, 4)]
    same, other = (health([*before, *((day, "user", w) for day in (1, 3, 5))]).topic_drift for w in (old, new))
    assert same["jensen_shannon"] == pytest.approx(0.0, abs=1e-9)
    assert other["jensen_shannon"] == pytest.approx(1.0)
    assert other["p"] <= 0.01 < same["p"]
    assert 0 < other["expected_without_change"] < 0.5


def test_vectors_give_a_distance_of_the_weeks_where_they_are_present():
    def sums(days_ago, axis):
        total = np.zeros(384, dtype=np.float32)
        total[axis] = 5
        return VectorSums((AS_OF - timedelta(days=days_ago)).date(), True, "content", total, 5)

    apart = health([(2, "user", "Rex")], vector_sums=[sums(2, 0), sums(12, 1)]).topic_drift
    assert apart["cosine_distance"] == pytest.approx(1.0)
    assert apart["jensen_shannon"] is None
    assert health([(2, "user", "Rex")], vector_sums=[sums(2, 0)]).topic_drift is None


def test_everything_is_plain_json_without_nan():
    result = memory_aging.compute(talkative_history(turns=600, mentions=500))
    json.dumps(asdict(result), allow_nan=False)
    assert all(getattr(result, name) is None for name in result.reasons)


def test_turns_that_were_read_from_texts_make_memories():
    day = 24 * 60
    lines = [
        (0, "user", "my sister Paula plays the cello"),
        (3 * day, "bot", "How is Paula?"),
        (5 * day, "user", "I saw Paula today"),
    ]
    assert "Paula" in listed(memory_aging.compute(history_of(lines)))


@settings(max_examples=20, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 90),
            st.sampled_from(["user", "bot"]),
            st.sampled_from(["", "Rex", "piano", "Rex,piano", "tea"]),
        ),
        max_size=30,
    )
)
def test_any_history_gives_bounded_values(said):
    result = health(said)
    for m in (*listed(result).values(), *result.forgetting_risk_memories):
        assert 0 < m["retrievability_7d"] <= m["retrievability"] <= 1
        assert m["idle_hours"] <= m["age_hours"] and m["times"] >= 1


def test_many_turns_at_one_instant_are_one_session():
    result = health([(3.0, "user", "Rex")] * 50)
    assert listed(result)["Rex"]["times"] == 50
    assert listed(result)["Rex"]["age_hours"] == listed(result)["Rex"]["idle_hours"]


def test_a_talkative_user_costs_some_milliseconds():
    history = talkative_history(turns=10_000, mentions=8000)
    memory_aging.compute(history)
    started = time.process_time()
    memory_aging.compute(history)
    assert time.process_time() - started < 0.2
