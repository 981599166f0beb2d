"""Values for the moment of reading are those that the engines' own formulas give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.hot_path import drift
from whisper_enrich.strategic import forgetting, gaps

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
positive = st.floats(0.05, 2000)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(hours=st.floats(0, 5000), scale=positive, shape=st.floats(0.3, 5), tail=st.floats(0.2, 5))
def test_the_survival_of_a_pause_is_that_of_the_gap_model(hours, scale, shape, tail):
    lull = {"scale_hours": scale, "shape": shape, "tail": tail, "offset_hours": gaps.OFFSET_HOURS}
    assert drift.pause_survival(hours, lull) == pytest.approx(gaps.survival(hours, scale, shape, tail))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(days=st.floats(0, 4000), stability=positive, decay=st.floats(0.05, 1.5), factor=st.floats(0.1, 20))
def test_retrievability_is_that_of_the_forgetting_curve(days, stability, decay, factor):
    assert drift.retrievability(days, factor, stability, decay) == pytest.approx(
        float(forgetting.retrievability(days, stability, decay, factor))
    )


@pytest.mark.parametrize(
    ("hours", "severity"),
    [(0, "none"), (9.9, "none"), (10, "mild"), (20, "moderate"), (39, "moderate"), (40, "severe")],
)
def test_a_silence_is_as_severe_as_its_bounds_say(hours, severity):
    lull = {"mild_after_hours": 10, "moderate_after_hours": 20, "severe_after_hours": 40}
    assert drift.lull_severity(hours, lull) == severity


def test_the_next_turn_is_judged_by_the_session_until_its_pause_is_over():
    parameters = {"within_session": 0.1, "after_pause": 0.6, "last_at": AT.isoformat(), "pause_seconds": 1800.0}
    said = [drift.switch_likelihood(parameters, AT + timedelta(seconds=s)) for s in (-5, 0, 1800, 1801)]
    assert said == [0.1, 0.1, 0.1, 0.6]


def test_the_mean_age_of_memories_grows_with_the_hours():
    parameters = {"count": 2.0, "sum_last_at": 2 * AT.timestamp() - 7200}
    assert drift.mean_age_hours(parameters, AT) == pytest.approx(1.0)
    assert drift.mean_age_hours(parameters, AT + timedelta(hours=5)) == pytest.approx(6.0)
