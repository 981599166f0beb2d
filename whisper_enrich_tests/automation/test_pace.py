"""How often a bot is looked at, and the cursor that remembers it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.automation.pace import Bounds, Cursor, Seen, after_looks, is_due, next_look
from whisper_enrich_tests.builders import at

NOW = at("2026-03-20 12:00")
BOUNDS = Bounds.of(30, 300)


def silent_for(seconds: float, looked_ago: float = 0) -> Seen:
    looked_at = NOW - timedelta(seconds=looked_ago)
    return Seen(looked_at, looked_at - timedelta(seconds=seconds))


def test_the_pause_is_a_tenth_of_the_silence_within_the_bounds():
    pauses = {
        silence: (next_look(silent_for(silence), BOUNDS) - NOW).total_seconds() for silence in (0, 600, 1800, 1e6)
    }
    assert pauses == {0: 30, 600: 60, 1800: 180, 1e6: 300}


def test_a_bot_that_was_never_seen_is_due():
    assert is_due(None, NOW, BOUNDS)


def test_a_tick_that_comes_a_moment_too_early_counts():
    assert is_due(silent_for(0, looked_ago=29), NOW, BOUNDS)
    assert not is_due(silent_for(600, looked_ago=40), NOW, BOUNDS)


def test_a_clock_that_was_set_back_keeps_no_bot_waiting():
    assert is_due(silent_for(0, looked_ago=-3600), NOW, BOUNDS)


def test_bounds_that_are_the_wrong_way_round_mean_the_shortest():
    assert next_look(silent_for(1e6), Bounds.of(60, 30)) == NOW + timedelta(seconds=60)


def test_what_is_new_counts_as_just_heard_and_what_was_found_starts_anew():
    before = {"quiet": silent_for(1000, looked_ago=100), "busy": silent_for(1000, looked_ago=100)}
    after = after_looks(before, ["new", "quiet", "busy"], ["busy"], NOW)
    assert after == {"new": Seen(NOW, NOW), "quiet": Seen(NOW, before["quiet"].found_at), "busy": Seen(NOW, NOW)}


def test_a_bot_that_was_not_looked_at_stays_as_it_was():
    before = {"resting": silent_for(1000, looked_ago=10)}
    assert after_looks(before, [], [], NOW) == before


def test_the_cursor_comes_back_as_it_went_without_bots_that_are_gone():
    cursor = Cursor("marlow", {"ada": silent_for(500), "gone": silent_for(5)})
    assert Cursor.of(cursor.text({"ada", "bea"})) == Cursor("marlow", {"ada": silent_for(500)})


def test_a_cursor_of_another_version_or_none_makes_every_bot_due():
    assert Cursor.of(None) == Cursor.of('{"version": 1, "after": "ada"}') == Cursor()


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 86_400), min_size=1, max_size=20))
def test_no_message_waits_longer_than_a_tenth_of_the_silence_before_it_or_the_shortest_pause(gaps):
    """Ticks of 30 s over a day; messages after the given silences."""
    due_at = sorted(NOW + timedelta(seconds=sum(gaps[: i + 1])) for i in range(len(gaps)))
    seen, now, waiting, latest = after_looks({}, ["bot"], [], NOW), NOW, due_at, NOW
    while waiting:
        now += timedelta(seconds=30)
        if not is_due(seen["bot"], now, BOUNDS):
            continue
        heard = [one for one in waiting if one <= now]
        for message in heard:
            allowed = max(30.0, 0.1 * (message - latest).total_seconds()) + 2 * 30.0
            assert (now - message).total_seconds() <= allowed
        latest = now if heard else latest
        waiting = waiting[len(heard) :]
        seen = after_looks(seen, ["bot"], ["bot"] if heard else [], now)
