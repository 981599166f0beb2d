"""How long rows hold: not all to the same moment, and never longer for a message that they have not read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.validity import RENEWAL_MARGIN, lifetime, pulled_in

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
DAY = 86_400
minutes = st.integers(-3000, 3000).map(lambda m: NOW + timedelta(minutes=m))


def test_a_row_lives_for_three_quarters_of_the_longest_life_up_to_all_of_it():
    lives = [lifetime("ines", f"user-{i}", DAY).total_seconds() for i in range(2000)]
    assert 0.75 * DAY <= min(lives) < 0.76 * DAY
    assert 0.99 * DAY < max(lives) <= DAY


def test_rows_that_were_made_together_end_evenly_spread():
    lives = [lifetime("ines", f"user-{i}", DAY).total_seconds() for i in range(2000)]
    shares = np.histogram(lives, bins=6, range=(0.75 * DAY, DAY))[0] / len(lives)
    assert np.abs(shares - 1 / 6).max() < 0.03


def test_a_user_always_has_the_same_life_and_another_one_with_another_bot():
    assert lifetime("ines", "ana", DAY) == lifetime("ines", "ana", DAY)
    assert lifetime("ines", "ana", DAY) != lifetime("juno", "ana", DAY)
    assert lifetime("ines", "ana", DAY) != lifetime("ines", "ben", DAY)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(minutes, minutes, st.integers(1, 3600))
def test_a_message_never_makes_a_row_hold_longer_and_ends_it_a_ttl_later_at_most(end, said, ttl):
    pulled = pulled_in(end, [said], ttl, 20)
    assert pulled <= end
    assert pulled <= said + timedelta(seconds=ttl)
    assert pulled in (end, said + timedelta(seconds=ttl))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(minutes, st.lists(minutes, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_of_several_messages_the_first_unread_one_decides_in_whatever_order_they_are_seen(end, said, random):
    mixed = random.sample(said, len(said))
    found = end
    for at in mixed:
        found = pulled_in(found, [at], 300, 20)
    assert found == pulled_in(end, sorted(said), 300, 20)


def test_a_row_ends_with_the_message_by_which_too_many_are_unread():
    said = [NOW + timedelta(seconds=number) for number in range(5)]
    assert pulled_in(NOW + timedelta(hours=1), said, 300, 4) == said[4]
    assert pulled_in(NOW + timedelta(hours=1), said, 300, 5) == said[0] + timedelta(seconds=300)
    assert pulled_in(NOW, said, 300, 4) == NOW
    assert pulled_in(NOW, [], 300, 1) == NOW


def test_there_is_time_for_three_renewals_before_a_row_ends():
    assert 3 * timedelta(seconds=300) <= RENEWAL_MARGIN
